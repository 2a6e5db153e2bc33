import type { Snapshot } from "../../../protocol/worktrees.ts";
import { CopyLine } from "../../shared/ui/CopyLine.tsx";
import { Since } from "../../shared/ui/Since.tsx";

/** What was kept of worktrees that are gone, each with the line that brings it back. */
export function SnapshotList({ snapshots }: { snapshots: readonly Snapshot[] }) {
  return (
    <section aria-label="Snapshots" className="flex flex-col gap-2 pt-3" data-testid="snapshots">
      <h2 className="flex items-baseline gap-2 font-medium">
        Snapshots <span className="font-normal text-muted">{snapshots.length}</span>
      </h2>
      <p className="text-muted">
        What was in worktrees that were removed. Nothing but their repository holds them, and nothing removes
        them.
      </p>
      <ul className="rounded-base border border-line bg-surface">
        {snapshots.map((snapshot) => (
          <li key={`${snapshot.repo} ${snapshot.ref}`} className="not-first:border-t not-first:border-line">
            <details data-testid="kept">
              <summary className="flex min-h-10 items-center gap-3 px-4 py-1.5 hover:bg-hover">
                <span className="min-w-0 grow truncate font-mono" title={snapshot.ref}>
                  {snapshot.ref.replace("refs/signalbox/snapshots/", "")}
                </span>
                <span className="min-w-0 shrink truncate text-muted phone:hidden">{snapshot.repo}</span>
                <span className="shrink-0 text-muted">
                  {snapshot.at !== null && <Since at={snapshot.at} />}
                </span>
              </summary>
              <div className="flex flex-col gap-2 px-4 pb-3 text-muted">
                <p className="font-mono text-[12px] break-all">
                  {snapshot.ref} · {snapshot.commit.slice(0, 12)}
                </p>
                <CopyLine line={snapshot.restore} what="the line that brings it back" />
              </div>
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}
