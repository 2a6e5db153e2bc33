import type { ReactNode } from "react";

/** The head of a page: its name, a note, and what can be done. */
export function PageHead({ title, note, actions }: { title: string; note?: string; actions?: ReactNode }) {
  return (
    <header className="flex h-14 shrink-0 items-center gap-3 px-4">
      <h1 className="text-title font-semibold">{title}</h1>
      <p className="min-w-0 truncate pt-1 text-muted">{note}</p>
      <div className="ml-auto flex items-center gap-2">{actions}</div>
    </header>
  );
}
