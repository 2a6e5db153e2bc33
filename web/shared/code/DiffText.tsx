import { useMemo } from "react";
import { classes } from "../lib/classes.ts";
import { diffLines, hunks, type DiffLine } from "./diffLines.ts";

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

/** What would change, line by line. */
export function DiffText({ before, after, label }: { before: string; after: string; label: string }) {
  const shown = useMemo(() => hunks(diffLines(before, after)), [before, after]);
  return (
    <div
      role="region"
      aria-label={label}
      tabIndex={0}
      className="max-h-[480px] overflow-auto bg-term py-1.5 font-mono text-[12px] leading-[18px] outline-offset-[-2px]"
    >
      {shown.hunks.length === 0 && <p className="px-3 text-muted">No difference.</p>}
      {shown.hunks.map((hunk, at) => (
        // Stretches of one difference: the place is what tells them apart.
        // eslint-disable-next-line react/no-array-index-key
        <div key={at} className="min-w-fit">
          <Skipped lines={hunk.skipped} />
          {hunk.lines.map(({ kind, text }, index) => (
            // eslint-disable-next-line react/no-array-index-key
            <div
              key={index}
              className={classes("flex gap-2 px-3 break-words whitespace-pre-wrap", LOOKS[kind].look)}
            >
              <span aria-hidden className="w-2 shrink-0 select-none">
                {LOOKS[kind].sign}
              </span>
              <span className="min-w-0">
                <span className="sr-only">{LOOKS[kind].word}</span>
                {text === "" ? "\u00a0" : text}
              </span>
            </div>
          ))}
        </div>
      ))}
      <Skipped lines={shown.skippedAfter} />
    </div>
  );
}

function Skipped({ lines }: { lines: number }) {
  if (lines === 0) return null;
  return (
    <p className="px-3 text-muted select-none">
      {lines} line{lines === 1 ? "" : "s"} as before
    </p>
  );
}
