import { ChevronDown } from "lucide-react";
import type { ReactNode } from "react";
import { classes } from "../lib/classes.ts";

/** The line that shows and hides what is below it. */
export function Unfold({
  open,
  onChange,
  testId,
  children,
}: {
  open: boolean;
  onChange(open: boolean): void;
  testId: string;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      onClick={() => onChange(!open)}
      aria-expanded={open}
      data-testid={testId}
      className="-mx-1 flex min-h-8 items-center gap-2 rounded-small px-1 text-left text-muted hover:bg-hover touch:min-h-11"
    >
      <ChevronDown
        size={14}
        aria-hidden
        className={classes("shrink-0 transition-transform", !open && "-rotate-90")}
      />
      {children}
    </button>
  );
}
