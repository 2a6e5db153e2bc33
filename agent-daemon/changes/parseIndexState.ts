/** How the files of a directory stand to the index. */
export type IndexState = {
  staged: ReadonlyMap<string, "all" | "some" | "none">;
  conflicts: ReadonlySet<string>;
  untracked: string[];
};

/** Reads `git status --porcelain -z --no-renames`. */
export function parseIndexState(output: string): IndexState {
  const staged = new Map<string, "all" | "some" | "none">();
  const conflicts = new Set<string>();
  const untracked: string[] = [];
  // What stands behind the last NUL was cut.
  for (const field of output.split("\0").slice(0, -1)) {
    const [x, y, path] = [field.slice(0, 1), field.slice(1, 2), field.slice(3)];
    if (x === "?") untracked.push(path);
    else if (x === "U" || y === "U" || (x === y && (x === "A" || x === "D"))) conflicts.add(path);
    else staged.set(path, x === " " ? "none" : y === " " ? "all" : "some");
  }
  return { staged, conflicts, untracked };
}
