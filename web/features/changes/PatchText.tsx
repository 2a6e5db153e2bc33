import { useMemo } from "react";
import { DiffRow } from "../../shared/code/DiffRow.tsx";
import { languageOf } from "../../shared/code/highlight.ts";
import { readPatch } from "./readPatch.ts";

/** The lines of one file that differ, stretch by stretch. */
export function PatchText({ patch, path }: { patch: string; path: string }) {
  const hunks = useMemo(() => readPatch(patch), [patch]);
  const language = languageOf(path);
  return (
    <div className="bg-term py-1.5 font-mono text-[12px] leading-[18px]">
      {hunks.map(({ start, place, lines, unended }, at) => (
        // Stretches of one file: the place is what tells them apart.
        // eslint-disable-next-line react/no-array-index-key
        <div key={at}>
          {start > 0 && (
            <p className="truncate px-3 py-1 text-muted select-none" title={place}>
              Line {start}
              {place !== "" && ` · ${place}`}
            </p>
          )}
          {lines.map((line, index) => (
            // eslint-disable-next-line react/no-array-index-key
            <DiffRow key={index} {...line} language={language} />
          ))}
          {unended.after && <p className="px-3 text-muted select-none">No line feed at the end</p>}
          {unended.before && !unended.after && (
            <p className="px-3 text-muted select-none">There was no line feed at the end</p>
          )}
        </div>
      ))}
    </div>
  );
}
