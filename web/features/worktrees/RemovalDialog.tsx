import { AlertDialog as Radix } from "radix-ui";
import { useState } from "react";
import type { Snapshot } from "../../../protocol/worktrees.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { CopyLine } from "../../shared/ui/CopyLine.tsx";
import { LossList } from "../../shared/ui/LossList.tsx";

/** How a removal ended. */
export type Removal =
  | { ok: true; snapshot: Snapshot | null }
  | { ok: false; code: string; message: string; details: readonly string[] }
  /** It was said elsewhere, or waits for the host. */
  | null;

type RemovalProps = {
  open: boolean;
  onClose(): void;
  worktree: { path: string; branch: string | null; ignored?: readonly string[] };
  remove(snapshot: boolean): Promise<Removal>;
};

/** Removes a worktree. One that holds work is kept, or kept in a snapshot first, and the line that brings it back is shown. */
export function RemovalDialog({ open, onClose, worktree, remove }: RemovalProps) {
  const [ended, setEnded] = useState<Removal>(null);
  const [busy, setBusy] = useState(false);
  const { path, branch, ignored = [] } = worktree;

  function close(): void {
    setEnded(null);
    onClose();
  }

  async function run(snapshot: boolean): Promise<void> {
    setBusy(true);
    const end = await remove(snapshot);
    setBusy(false);
    // Nothing was kept and nothing is to be said: the list shows that it is gone.
    if (end === null || (end.ok && end.snapshot === null)) close();
    else setEnded(end);
  }

  const refused = ended !== null && !ended.ok ? ended : null;
  const kept = ended !== null && ended.ok ? ended.snapshot : null;
  const canKeep = refused?.code === "would_lose_work";
  const title =
    kept !== null
      ? "Removed, and kept in a snapshot"
      : refused !== null
        ? canKeep
          ? "It holds work that is nowhere else"
          : "The worktree was kept"
        : "Remove the worktree?";
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && close()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-appear bg-black/50" />
        <Radix.Content
          data-testid="worktree-dialog"
          className="fixed z-40 flex max-h-[85dvh] flex-col gap-3 overflow-y-auto border border-line bg-surface p-5 outline-none desk:top-[14vh] desk:left-1/2 desk:w-[520px] desk:-translate-x-1/2 desk:animate-appear desk:rounded-base phone:inset-x-0 phone:bottom-0 phone:animate-rise phone:rounded-t-[10px] phone:pb-[calc(20px+env(safe-area-inset-bottom))]"
        >
          <Radix.Title className="text-lead font-medium">{title}</Radix.Title>
          <Radix.Description asChild>
            <div className="flex flex-col gap-2 text-muted">
              <p className="font-mono text-[12px] break-all text-text">{path}</p>
              {ended === null && (
                <>
                  <p>
                    It goes when all of it is committed, and its commits are elsewhere too
                    {branch !== null && (
                      <>
                        ; its branch <b className="font-medium text-text">{branch}</b> goes with it
                      </>
                    )}
                    . If not, you are asked again.
                  </p>
                  {ignored.length > 0 && (
                    <p data-testid="ignored">
                      What git ignores there is deleted in any case:{" "}
                      <span className="font-mono text-[12px] break-all">{ignored.join(", ")}</span>
                    </p>
                  )}
                </>
              )}
              {refused !== null && (
                <>
                  {!canKeep && <p className="text-trouble-text">{refused.message}</p>}
                  <LossList lines={refused.details} />
                  {canKeep && (
                    <p>
                      A snapshot keeps it in a ref of the repository: files as they are, untracked ones too,
                      and every commit. No branch is changed, and it can be brought back at any time.
                    </p>
                  )}
                </>
              )}
              {kept !== null && (
                <>
                  <p>
                    Everything that was in it, but what git ignores, is in{" "}
                    <code data-testid="snapshot-ref" className="font-mono text-[12px] break-all text-text">
                      {kept.ref}
                    </code>
                    . This brings it back:
                  </p>
                  <CopyLine line={kept.restore} what="the line that brings it back" testId="restore" />
                </>
              )}
            </div>
          </Radix.Description>
          <div className="mt-2 flex flex-wrap justify-end gap-2">
            <Radix.Cancel asChild>
              <Button data-testid="close">{ended === null || canKeep ? "Keep it" : "Close"}</Button>
            </Radix.Cancel>
            {ended === null && (
              <Button look="danger" disabled={busy} onClick={() => void run(false)} data-testid="confirm">
                Remove the worktree
              </Button>
            )}
            {canKeep && (
              <Button
                look="primary"
                disabled={busy}
                onClick={() => void run(true)}
                data-testid="take-snapshot"
              >
                Take a snapshot and remove it
              </Button>
            )}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
