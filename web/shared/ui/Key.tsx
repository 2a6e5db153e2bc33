import type { ReactNode } from "react";

/** A key of the keyboard. */
export function Key({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded-small border border-line bg-raised px-1 font-sans text-small text-muted">
      {children}
    </kbd>
  );
}
