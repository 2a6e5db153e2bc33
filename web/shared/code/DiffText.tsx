import { useMemo } from "react";
import { DiffRow } from "./DiffRow.tsx";
import { diffLines, hunks } from "./diffLines.ts";

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
            <DiffRow key={index} kind={kind} text={text} />
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
