import { Settings } from "lucide-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";

/** The head of a page: its name, a note, and what can be done. On a phone the settings are reached from here. */
export function PageHead({ title, note, actions }: { title: string; note?: string; actions?: ReactNode }) {
  const [path] = useLocation();
  return (
    <header className="flex h-14 shrink-0 items-center gap-3 px-4">
      <h1 className="shrink-0 text-title font-semibold">{title}</h1>
      <p className="min-w-0 truncate pt-1 text-muted">{note}</p>
      <div className="ml-auto flex items-center gap-2">
        {actions}
        {path !== "/settings" && (
          <Link
            href="/settings"
            aria-label="Settings"
            className="thumb inline-flex size-8 items-center justify-center rounded-base text-muted desk:hidden"
          >
            <Settings size={16} />
          </Link>
        )}
      </div>
    </header>
  );
}
