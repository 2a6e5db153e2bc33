/** One file of `git diff --raw --numstat -z`. */
export type RawChange = {
  /** Git's letter: A, C, D, M, R, T, U. */
  letter: string;
  path: string;
  from: string | null;
  before: { mode: string; id: string };
  after: { mode: string };
  /** Lines; null when git does not count them, `undefined` when it has nothing to count. */
  counts?: { added: number; removed: number } | null;
};

/** Reads `git diff --raw --numstat -z`: first every file with its modes, then every file with its counts. */
export function parseRawDiff(output: string): RawChange[] {
  const fields = output.split("\0");
  const found = new Map<string, RawChange>();
  let at = 0;
  const next = (): string => fields[at++] ?? "";
  while (fields[at]?.startsWith(":") === true) {
    const [before = "", after = "", id = "", , letters = ""] = next().slice(1).split(" ");
    const letter = letters.slice(0, 1);
    const first = next();
    const moved = letter === "R" || letter === "C";
    const path = moved ? next() : first;
    const change = {
      letter,
      path,
      from: moved ? first : null,
      before: { mode: before, id },
      after: { mode: after },
    };
    // A conflict has a line of its own, and another for what is in the directory.
    if (letter !== "U" || !found.has(path)) found.set(path, change);
  }
  while (at < fields.length) {
    const counts = /^(\d+|-)\t(\d+|-)\t(.*)$/s.exec(next());
    if (counts === null) continue;
    const [, added = "-", removed = "-", name = ""] = counts;
    let path = name;
    if (name === "") [, path] = [next(), next()];
    const change = found.get(path);
    if (change !== undefined)
      change.counts = added === "-" ? null : { added: Number(added), removed: Number(removed) };
  }
  return [...found.values()];
}
