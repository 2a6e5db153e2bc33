import type { DiffLine } from "../../shared/code/diffLines.ts";

/** One line of a patch; `number` is its place in the new file, or in the old one when it is gone. */
export type PatchLine = DiffLine & { number: number };
export type PatchHunk = {
  /** Where it begins in the new file. */
  start: number;
  /** What git found around it, as a rule the function. */
  place: string;
  lines: PatchLine[];
  /** Which side has no line feed at its end. */
  unended: { before: boolean; after: boolean };
};

const HEAD = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/;

/** Reads the stretches of a patch. */
export function readPatch(patch: string): PatchHunk[] {
  const hunks: PatchHunk[] = [];
  let [old, now] = [0, 0];
  for (const line of patch === "" ? [] : patch.split("\n")) {
    const head = HEAD.exec(line);
    if (head !== null) {
      [old, now] = [Number(head[1]), Number(head[2])];
      hunks.push({ start: now, place: head[3] ?? "", lines: [], unended: { before: false, after: false } });
      continue;
    }
    const hunk = hunks.at(-1);
    if (hunk === undefined) continue;
    const text = line.slice(1);
    switch (line.slice(0, 1)) {
      case "+":
        hunk.lines.push({ kind: "added", text, number: now++ });
        break;
      case "-":
        hunk.lines.push({ kind: "removed", text, number: old++ });
        break;
      case "\\": {
        const kind = hunk.lines.at(-1)?.kind;
        if (kind !== "added") hunk.unended.before = true;
        if (kind !== "removed") hunk.unended.after = true;
        break;
      }
      default:
        hunk.lines.push({ kind: "same", text, number: now++ });
        old++;
    }
  }
  return hunks;
}

/** A patch whose lines all end as on Windows shows nothing of it; where only some do, that is what differs. */
export function withPlainEnds(patch: string): string {
  const lines = patch.split("\n").filter((line) => /^[ +-]/.test(line));
  return lines.length > 0 && lines.every((line) => line.endsWith("\r"))
    ? patch.replaceAll(/\r$/gm, "")
    : patch;
}

/** How many lines a patch shows. */
export function patchSize(patch: string | null): number {
  return patch === null || patch === "" ? 0 : patch.split("\n").length;
}
