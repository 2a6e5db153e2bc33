import { Link } from "wouter";
import { isEnded } from "../../../protocol/session.ts";
import { classes } from "../../shared/lib/classes.ts";
import type { Fold } from "../../shared/live/foldJobs.ts";
import { Signal } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";

/** The agents of a run or a task, as one row that opens it. */
export function FoldRow({ fold, selected }: { fold: Fold & { at: number }; selected: boolean }) {
  const over = fold.sessions.every(isEnded);
  return (
    <Link
      href={fold.href}
      data-testid="fold-row"
      aria-current={selected ? "true" : undefined}
      className={classes(
        "grid h-full grid-cols-[12px_minmax(0,1fr)_auto] content-center gap-x-3 border-b border-line px-4 outline-offset-[-2px]",
        selected ? "bg-selected" : "hover:bg-hover",
      )}
    >
      <span className="flex h-5 items-center">
        <Signal status={fold.status} />
      </span>
      <span
        className={classes("truncate phone:text-lead", over ? "text-muted" : "font-medium")}
        title={fold.title}
      >
        {fold.title}
      </span>
      <Since at={fold.at} className="text-right text-muted" />
      <span className="col-start-2 col-end-[-1] truncate text-muted">{fold.words}</span>
    </Link>
  );
}
