import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { classes } from "../lib/classes.ts";

/** A menu that opens from a button. */
export function Menu({ trigger, children }: { trigger: ReactNode; children: ReactNode }) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className="z-40 max-h-[70dvh] min-w-52 animate-appear overflow-y-auto rounded-base border border-line bg-surface p-1"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

type ItemProps = {
  icon?: ReactNode;
  onSelect(): void;
  children: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  hint?: string;
};

export function MenuItem({ icon, onSelect, children, danger = false, disabled = false, hint }: ItemProps) {
  return (
    <Radix.Item
      disabled={disabled}
      onSelect={onSelect}
      className={classes(
        "flex min-h-8 cursor-pointer items-center gap-2.5 rounded-small px-2 outline-none data-disabled:cursor-default data-disabled:opacity-45 data-highlighted:bg-hover touch:min-h-11",
        danger && "text-trouble-text",
      )}
    >
      <span className={classes("flex w-4 justify-center", !danger && "text-muted")}>{icon}</span>
      <span className="grow">{children}</span>
      {hint !== undefined && <span className="text-small text-muted">{hint}</span>}
    </Radix.Item>
  );
}

export function MenuLine() {
  return <Radix.Separator className="my-1 h-px bg-line" />;
}
