import { AlertDialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { Button } from "./Button.tsx";

type ConfirmProps = {
  open: boolean;
  onClose(): void;
  onConfirm(): void;
  title: string;
  /** What happens, and what stays safe. */
  children: ReactNode;
  /** The verb. */
  confirm: string;
  busy?: boolean;
  testId?: string;
};

/** Asks before something that cannot be taken back. */
export function ConfirmDialog({
  open,
  onClose,
  onConfirm,
  title,
  children,
  confirm,
  busy = false,
  testId,
}: ConfirmProps) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-appear bg-black/50" />
        <Radix.Content
          data-testid={testId}
          className="fixed z-40 flex max-h-[80dvh] flex-col gap-3 overflow-y-auto border border-line bg-surface p-5 outline-none desk:top-[18vh] desk:left-1/2 desk:w-[440px] desk:-translate-x-1/2 desk:animate-appear desk:rounded-base phone:inset-x-0 phone:bottom-0 phone:animate-rise phone:rounded-t-[10px] phone:pb-[calc(20px+env(safe-area-inset-bottom))]"
        >
          <Radix.Title className="text-lead font-medium">{title}</Radix.Title>
          <Radix.Description asChild>
            <div className="flex flex-col gap-2 text-muted">{children}</div>
          </Radix.Description>
          <div className="mt-2 flex justify-end gap-2">
            <Radix.Cancel asChild>
              <Button>Cancel</Button>
            </Radix.Cancel>
            <Button look="danger" disabled={busy} onClick={onConfirm} data-testid="confirm">
              {confirm}
            </Button>
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
