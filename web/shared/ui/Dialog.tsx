import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { classes } from "../lib/classes.ts";
import { Button } from "./Button.tsx";

type DialogProps = {
  open: boolean;
  onClose(): void;
  title: string;
  /** A sentence under the title. */
  description?: string;
  children: ReactNode;
  wide?: boolean;
  testId?: string;
};

const FIELDS = "input:enabled,textarea:enabled,select:enabled";

/** A dialog: in the middle of a desk, from the bottom of a phone. */
export function Dialog({ open, onClose, title, description, children, wide = false, testId }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-appear bg-black/50" />
        <Radix.Content
          data-testid={testId}
          // The first field on a desk, so that one can type. The dialog itself on a phone, where a field brings up the
          // keyboard, and where there is only something to read: its first button would look pressed.
          onOpenAutoFocus={(event) => {
            const content = event.currentTarget;
            if (!(content instanceof HTMLElement)) return;
            event.preventDefault();
            const field = matchMedia("(pointer: coarse)").matches ? null : content.querySelector(FIELDS);
            (field instanceof HTMLElement ? field : content).focus();
          }}
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          className={classes(
            "fixed z-40 flex max-h-[85dvh] flex-col overflow-hidden border border-line bg-surface outline-none",
            "desk:top-[12vh] desk:left-1/2 desk:max-h-[76vh] desk:-translate-x-1/2 desk:animate-appear desk:rounded-base",
            "phone:inset-x-0 phone:bottom-0 phone:animate-rise phone:rounded-t-[10px] phone:pb-[env(safe-area-inset-bottom)]",
            wide ? "desk:w-[640px]" : "desk:w-[480px]",
          )}
        >
          <header className="flex items-start gap-3 border-b border-line py-3 pr-3 pl-5">
            <div className="min-w-0 grow">
              <Radix.Title className="text-lead font-medium">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="text-muted">{description}</Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <Button look="quiet" square aria-label="Close">
                <X size={16} />
              </Button>
            </Radix.Close>
          </header>
          <div className="flex min-h-0 flex-col overflow-y-auto overscroll-contain">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The foot of a dialog: what can be done, the main thing last. */
export function DialogFoot({ children }: { children: ReactNode }) {
  return (
    <footer className="sticky bottom-0 mt-auto flex items-center justify-end gap-2 border-t border-line bg-surface px-5 py-3">
      {children}
    </footer>
  );
}
