import { classes } from "../lib/classes.ts";
import { CodeText } from "./CodeText.tsx";
import type { DiffLine } from "./diffLines.ts";

const LOOKS: Record<DiffLine["kind"], { sign: string; word: string; look: string }> = {
  same: { sign: " ", word: "", look: "text-term-text" },
  added: {
    sign: "+",
    word: "added: ",
    look: "bg-[color-mix(in_srgb,var(--done)_12%,transparent)] text-done-text",
  },
  removed: {
    sign: "−",
    word: "removed: ",
    look: "bg-[color-mix(in_srgb,var(--trouble)_12%,transparent)] text-trouble-text",
  },
};

/** One line of a difference. */
export function DiffRow({
  kind,
  text,
  language,
  number,
}: DiffLine & {
  /** The line's code in its colours; without one it is plain. */
  language?: string;
  /** The line's number, which stands before its sign. */
  number?: number | null;
}) {
  const { sign, word, look } = LOOKS[kind];
  return (
    <div className={classes("flex gap-2 px-3 break-words whitespace-pre-wrap", look)}>
      {number !== undefined && (
        <span aria-hidden className="w-8 shrink-0 text-right text-muted select-none">
          {number}
        </span>
      )}
      <span aria-hidden className="w-2 shrink-0 select-none">
        {sign}
      </span>
      <span className="min-w-0">
        <span className="sr-only">{word}</span>
        {text === "" ? (
          "\u00a0"
        ) : language === undefined ? (
          text
        ) : (
          <CodeText code={text} language={language} />
        )}
      </span>
    </div>
  );
}
