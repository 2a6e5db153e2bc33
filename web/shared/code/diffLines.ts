/** One line of a difference: in both texts, only in the new one, or only in the old one. */
export type DiffLine = { kind: "same" | "added" | "removed"; text: string };

/** Above this many pairs of lines to compare, what differs is shown as replaced whole. */
const MOST_PAIRS = 4_000_000;

/** What turns one text into another, line by line. */
export function diffLines(before: string, after: string): DiffLine[] {
  const old = lines(before);
  const next = lines(after);
  let head = 0;
  while (head < old.length && head < next.length && old[head] === next[head]) head++;
  let tail = 0;
  while (
    tail < old.length - head &&
    tail < next.length - head &&
    old[old.length - 1 - tail] === next[next.length - 1 - tail]
  )
    tail++;
  return [
    ...as("same", old.slice(0, head)),
    ...middle(old.slice(head, old.length - tail), next.slice(head, next.length - tail)),
    ...as("same", old.slice(old.length - tail)),
  ];
}

function lines(text: string): string[] {
  return text === "" ? [] : text.split("\n");
}

function as(kind: DiffLine["kind"], texts: readonly string[]): DiffLine[] {
  return texts.map((text) => ({ kind, text }));
}

/** The longest common subsequence, by the usual table. */
function middle(old: readonly string[], next: readonly string[]): DiffLine[] {
  if (old.length === 0 || next.length === 0 || old.length * next.length > MOST_PAIRS)
    return [...as("removed", old), ...as("added", next)];
  const width = next.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = next.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        old[i] === next[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const found: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < next.length) {
    const mine = old[i];
    const theirs = next[j];
    if (mine !== undefined && mine === theirs) {
      found.push({ kind: "same", text: mine });
      i++;
      j++;
    } else if (mine !== undefined && (theirs === undefined || at(i + 1, j) >= at(i, j + 1))) {
      found.push({ kind: "removed", text: mine });
      i++;
    } else if (theirs !== undefined) {
      found.push({ kind: "added", text: theirs });
      j++;
    }
  }
  return found;
}

/** The lines that differ with a few around them; `skipped` lines are left out before a stretch. */
export type Hunk = { skipped: number; lines: DiffLine[] };

export function hunks(diff: readonly DiffLine[], around = 3): { hunks: Hunk[]; skippedAfter: number } {
  const keep = diff.map((_, index) =>
    diff.slice(Math.max(0, index - around), index + around + 1).some(({ kind }) => kind !== "same"),
  );
  const found: Hunk[] = [];
  let skipped = 0;
  let open: Hunk | null = null;
  for (const [index, line] of diff.entries()) {
    if (keep[index] !== true) {
      skipped++;
      open = null;
      continue;
    }
    if (open === null) {
      open = { skipped, lines: [] };
      skipped = 0;
      found.push(open);
    }
    open.lines.push(line);
  }
  return { hunks: found, skippedAfter: skipped };
}
