import { useCallback, useState, type KeyboardEvent } from "react";
import type { FileChange } from "../../../protocol/changes.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { shortPath } from "../../shared/lib/paths.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { baseWords, totals } from "./changeWords.ts";
import { Counts } from "./Counts.tsx";
import { FileCard } from "./FileCard.tsx";
import { patchSize } from "./readPatch.ts";
import { useChanges } from "./useChanges.ts";

/** A file with more lines is folded at first, and so are all after so many. */
const LARGE_LINES = 400;
const MOST_LINES = 2_000;

/** What a session changed, file by file, against where its branch began or the last commit. */
export default function ChangesPanel({ session, hint }: { session: string; hint: string }) {
  const { changes, problem, retry } = useChanges(session, hint);
  const [folds, setFolds] = useState<ReadonlyMap<string, boolean>>(new Map());
  const onOpen = useCallback(
    (path: string, open: boolean) => setFolds((before) => new Map(before).set(path, open)),
    [],
  );
  const alert = problem !== null && (
    <div role="alert" className="flex shrink-0 items-center gap-3 border-b border-line px-4 py-2">
      <span className="min-w-0 grow text-trouble-text">
        {failureSentence(problem)}
        {changes !== null && " This is what it said last."}
      </span>
      <Button onClick={retry}>Try again</Button>
    </div>
  );
  if (changes === null) return problem === null ? <Waiting /> : <div data-testid="changes">{alert}</div>;

  // As it was when a file was first seen: nothing folds under whoever reads it.
  const unseen = changes.files.filter(({ path }) => !folds.has(path));
  if (unseen.length > 0) setFolds(withUnseen(folds, changes.files));

  const { files, added, removed } = totals(changes);
  const anyOpen = changes.files.some(({ path }) => folds.get(path) === true);
  return (
    <div className="flex min-h-0 grow flex-col" data-testid="changes" data-version={changes.version}>
      {alert}
      <div className="flex min-h-9 shrink-0 items-center gap-3 border-b border-line py-1 pr-2 pl-4">
        <p className="min-w-0 grow text-muted">
          {baseWords(changes)}
          {changes.inside !== "" && `, in ${shortPath(changes.inside)} alone`}
        </p>
        {changes.files.length > 0 && (
          <>
            <span className="shrink-0">
              {files} <Counts added={added} removed={removed} />
            </span>
            <Button
              look="quiet"
              className="phone:hidden"
              onClick={() => setFolds(new Map(changes.files.map(({ path }) => [path, !anyOpen])))}
            >
              {anyOpen ? "Fold all" : "Unfold all"}
            </Button>
          </>
        )}
      </div>
      {changes.files.length === 0 ? (
        <Empty title="Nothing is changed">
          <p>What is written in {shortPath(changes.root)} shows here as it happens.</p>
        </Empty>
      ) : (
        <div className="min-h-0 grow overflow-y-auto" onKeyDown={moveBetweenFiles}>
          {changes.files.map((file) => (
            <FileCard key={file.path} file={file} open={folds.get(file.path) ?? false} onOpen={onOpen} />
          ))}
          {changes.more !== 0 && (
            <p className="px-4 py-3 text-muted">
              {changes.more === null
                ? "There are more files, too many to count here."
                : `${changes.more} more file${changes.more === 1 ? "" : "s"} changed; look at them on the host.`}
            </p>
          )}
        </div>
      )}
    </div>
  );
}

function withUnseen(folds: ReadonlyMap<string, boolean>, files: FileChange[]): Map<string, boolean> {
  const next = new Map(folds);
  let room = MOST_LINES;
  for (const { path, patch } of files) {
    const lines = patchSize(patch);
    const fits = lines <= LARGE_LINES && lines <= room;
    if (!next.has(path)) next.set(path, fits);
    if (next.get(path) === true) room -= lines;
  }
  return next;
}

/** The arrows go from file to file. */
function moveBetweenFiles(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0 || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const heads = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-file-head]")];
  const at = heads.findIndex((head) => head === document.activeElement);
  if (at < 0) return;
  event.preventDefault();
  heads[at + step]?.focus();
}

function Waiting() {
  return (
    <div className="flex flex-col gap-2 p-4">
      {[70, 55, 62, 40].map((width) => (
        <div key={width} style={{ width: `${width}%` }}>
          <Skeleton className="h-5" />
        </div>
      ))}
    </div>
  );
}
