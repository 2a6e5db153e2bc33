import type { ReactNode } from "react";

/** What a page says when there is nothing on it: what is so, and what to do next. */
export function Empty({ title, children, icon }: { title: string; children?: ReactNode; icon?: ReactNode }) {
  return (
    <div className="mx-auto flex max-w-xl flex-col items-center gap-3 px-6 py-16 text-center">
      {icon !== undefined && <div className="text-muted">{icon}</div>}
      <h2 className="text-lead font-medium">{title}</h2>
      <div className="flex w-full flex-col items-center gap-4 text-muted">{children}</div>
    </div>
  );
}
