import type { ReactNode } from "react";
import { classes } from "../../shared/lib/classes.ts";

/** A filter that is on or off. */
export function Chip({ on, onToggle, children }: { on: boolean; onToggle(): void; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={onToggle}
      className={classes(
        "thumb h-7 rounded-full border px-2.5 text-small",
        on ? "border-edge bg-selected" : "border-line text-muted hover:text-text",
      )}
    >
      {children}
    </button>
  );
}
