import { ChevronRight } from "lucide-react";
import { memo, useId } from "react";
import type { FileChange } from "../../../protocol/changes.ts";
import { showHidden } from "../../shared/lib/showHidden.ts";
import { classes } from "../../shared/lib/classes.ts";
import { CopyButton } from "../../shared/ui/CopyButton.tsx";
import { Path } from "../../shared/ui/Path.tsx";
import { fileSentences, KINDS, stagedWord } from "./changeWords.ts";
import { Counts } from "./Counts.tsx";
import { PatchText } from "./PatchText.tsx";
import { withPlainEnds } from "./readPatch.ts";

/** One file that changed: what became of it, and its lines when it is unfolded. */
export const FileCard = memo(function FileCard({
  file,
  open,
  onOpen,
}: {
  file: FileChange;
  open: boolean;
  onOpen(path: string, open: boolean): void;
}) {
  const body = useId();
  const { letter, word, tone } = KINDS[file.kind];
  const { added, removed } = file;
  const staged = stagedWord(file);
  const sentences = fileSentences(file);
  return (
    <section
      data-testid="changed-file"
      data-path={file.path}
      data-kind={file.kind}
      className="border-b border-line"
    >
      <div className="sticky top-0 z-10 flex items-center gap-1 bg-surface pr-2">
        <button
          type="button"
          data-file-head
          aria-expanded={open}
          aria-controls={body}
          onClick={() => onOpen(file.path, !open)}
          className="flex min-h-9 min-w-0 grow items-center gap-2 px-3 text-left outline-offset-[-2px] hover:bg-hover touch:min-h-11"
        >
          <ChevronRight
            size={14}
            aria-hidden
            className={classes("shrink-0 text-muted transition-transform duration-100", open && "rotate-90")}
          />
          <span title={word} className={classes("w-3 shrink-0 text-center font-mono", tone)}>
            <span aria-hidden>{letter}</span>
            <span className="sr-only">{word}: </span>
          </span>
          <Path path={shownPath(file.path)} className="grow" />
          {staged !== null && <span className="shrink-0 text-small text-muted">{staged}</span>}
          {(added ?? 0) + (removed ?? 0) > 0 && <Counts added={added ?? 0} removed={removed ?? 0} />}
        </button>
        <CopyButton text={file.path} what="the path" />
      </div>
      {open && (
        <div id={body}>
          {sentences.length > 0 && (
            <p className="px-3 py-2 break-words text-muted">{shownPath(sentences.join(" "))}</p>
          )}
          {file.patch !== null && file.patch !== "" && (
            <PatchText patch={showHidden(withPlainEnds(file.patch))} path={file.path} />
          )}
        </div>
      )}
    </section>
  );
});

/** On one line, whatever is in it. */
function shownPath(path: string): string {
  return showHidden(path).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}
