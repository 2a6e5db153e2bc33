const CONTEXT = 3;
/** Differing lines beyond which the middle is shown as replaced whole: the cost grows with their square. */
const MAX_EDITS = 1_000;
/** Edits × lines looked at, at most. */
const MAX_WORK = 2_000_000;

type Op = { kind: " " | "-" | "+"; line: string };

/** What changed between two texts, as `diff -u` shows it; empty when nothing did. `before` null: there was no file. */
export function unifiedDiff(path: string, before: string | null, after: string): string {
  const ops = compareLines(splitLines(before ?? ""), splitLines(after));
  const hunks = makeHunks(ops);
  if (hunks.length === 0) return "";
  return [`--- ${before === null ? "/dev/null" : `a/${path}`}`, `+++ b/${path}`, ...hunks].join("\n");
}

/** Lines with their ends, so that a last line without one differs from one with it. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function compareLines(a: string[], b: string[]): Op[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end++;
  const keep = (line: string): Op => ({ kind: " ", line });
  const [oldMiddle, newMiddle] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  return [
    ...a.slice(0, start).map(keep),
    ...(shortestEdit(oldMiddle, newMiddle) ?? replaceAll(oldMiddle, newMiddle)),
    ...a.slice(a.length - end).map(keep),
  ];
}

function replaceAll(a: string[], b: string[]): Op[] {
  return [...a.map((line): Op => ({ kind: "-", line })), ...b.map((line): Op => ({ kind: "+", line }))];
}

/** Myers' shortest edit script; null when it would take too long. */
function shortestEdit(a: string[], b: string[]): Op[] | null {
  if (a.length === 0 || b.length === 0) return replaceAll(a, b);
  const most = Math.min(MAX_EDITS, a.length + b.length);
  const offset = most + 1;
  const furthest = new Int32Array(2 * most + 3);
  const trace: Int32Array[] = [];
  let work = 0;
  for (let d = 0; d <= most; d++) {
    // Only the diagonals that this step can read are kept.
    trace.push(furthest.slice(offset - d - 1, offset + d + 2));
    for (let k = -d; k <= d; k += 2) {
      const down = furthest[offset + k + 1] ?? 0;
      const right = (furthest[offset + k - 1] ?? 0) + 1;
      let x = k === -d || (k !== d && right - 1 < down) ? down : right;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
      }
      furthest[offset + k] = x;
      work += 1;
      if (x >= a.length && y >= b.length) return backtrack(a, b, trace);
    }
    if (work > MAX_WORK) return null;
  }
  return null;
}

function backtrack(a: string[], b: string[], trace: Int32Array[]): Op[] {
  const ops: Op[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d--) {
    const row = trace[d] ?? new Int32Array();
    const at = (k: number) => row[k + d + 1] ?? 0;
    const k = x - y;
    const before = k === -d || (k !== d && at(k - 1) < at(k + 1)) ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : at(before);
    const fromY = d === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY) {
      x--;
      y--;
      ops.push({ kind: " ", line: a[x] ?? "" });
    }
    if (d === 0) break;
    if (x === fromX) ops.push({ kind: "+", line: b[--y] ?? "" });
    else ops.push({ kind: "-", line: a[--x] ?? "" });
  }
  return ops.toReversed();
}

function makeHunks(ops: Op[]): string[] {
  const hunks: string[] = [];
  let oldLine = 1;
  let newLine = 1;
  for (let i = 0; i < ops.length;) {
    if (ops[i]?.kind === " ") {
      i++;
      oldLine++;
      newLine++;
      continue;
    }
    const from = Math.max(0, i - CONTEXT);
    let to = i;
    // Changes whose contexts touch are one hunk.
    for (let same = 0; to < ops.length && same <= 2 * CONTEXT; to++)
      same = ops[to]?.kind === " " ? same + 1 : 0;
    while (to > i && ops[to - 1]?.kind === " ") to--;
    const hunk = ops.slice(from, Math.min(ops.length, to + CONTEXT));
    const count = (kind: "-" | "+") => hunk.filter((op) => op.kind !== (kind === "-" ? "+" : "-")).length;
    const range = (line: number, length: number) =>
      `${length === 0 ? line - 1 : line}${length === 1 ? "" : `,${length}`}`;
    const before = i - from;
    hunks.push(
      `@@ -${range(oldLine - before, count("-"))} +${range(newLine - before, count("+"))} @@`,
      ...hunk.map(render),
    );
    for (; i < to; i++) {
      if (ops[i]?.kind !== "+") oldLine++;
      if (ops[i]?.kind !== "-") newLine++;
    }
  }
  return hunks;
}

function render({ kind, line }: Op): string {
  return line.endsWith("\n") ? `${kind}${line.slice(0, -1)}` : `${kind}${line}\n\\ No newline at end of file`;
}
