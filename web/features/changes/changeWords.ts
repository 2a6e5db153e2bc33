import type { Changes, FileChange } from "../../../protocol/changes.ts";

/** How a file changed: a letter as git has it, and its word. */
export const KINDS: Record<FileChange["kind"], { letter: string; word: string; tone: string }> = {
  added: { letter: "A", word: "New", tone: "text-done-text" },
  untracked: { letter: "A", word: "New", tone: "text-done-text" },
  modified: { letter: "M", word: "Changed", tone: "text-working-text" },
  deleted: { letter: "D", word: "Deleted", tone: "text-trouble-text" },
  renamed: { letter: "R", word: "Renamed", tone: "text-working-text" },
  copied: { letter: "C", word: "Copied", tone: "text-done-text" },
  conflict: { letter: "!", word: "Conflict", tone: "text-waiting-text" },
  submodule: { letter: "S", word: "Another repository", tone: "text-working-text" },
  type: { letter: "T", word: "Of another type", tone: "text-working-text" },
};

const HIDDEN: Record<NonNullable<FileChange["hidden"]>, string> = {
  binary: "It is not text.",
  too_big: "It is too large to show here.",
  no_room: "There is more than fits here; look at it on the host.",
  secret: "It is a place of secrets, which is not shown.",
  unreadable: "The host could not read it, or it changed meanwhile.",
};

const MODES: Record<string, string> = {
  "100755": "can be run",
  "100644": "cannot be run",
  "120000": "is a link",
};

/** What is said of a file in place of its lines; empty when its lines say it all. */
export function fileSentences({ kind, from, path, mode, hidden, patch }: FileChange): string[] {
  const said = [
    ...(from === undefined ? [] : [`It was ${from}.`]),
    ...(mode === undefined ? [] : [`It ${MODES[mode.after] ?? `has mode ${mode.after}`} now.`]),
    ...(hidden === undefined ? [] : [HIDDEN[hidden]]),
    ...(kind === "submodule" && path.endsWith("/")
      ? ["It is a repository of its own, which git does not follow."]
      : []),
  ];
  if (said.length > 0 || (patch ?? "") !== "") return said;
  return [kind === "conflict" ? "It is in conflict, and is not in the directory." : "It is empty."];
}

/** Where a file stands on its way to a commit, in a word; null when that is where most are. */
export function stagedWord({ kind, staged }: FileChange): string | null {
  if (kind === "conflict") return "conflict";
  if (kind === "untracked") return "untracked";
  if (staged === null) return "committed";
  return { all: "staged", some: "staged in part", none: null }[staged];
}

/** What is compared with what. */
export function baseWords({ base, branch }: Pick<Changes, "base" | "branch">): string {
  if (base === null) return "No commit yet: all of it is new";
  const commit = base.commit.slice(0, 8);
  if (base.kind === "fork") return `Since ${branch ?? "this worktree"} began, at ${commit}`;
  return `Since the last commit${branch === null ? "" : ` of ${branch}`}, ${commit}`;
}

/** How many files and lines. */
export function totals({ files, more }: Pick<Changes, "files" | "more">) {
  const sum = (pick: (file: FileChange) => number | null) =>
    files.reduce((n, file) => n + (pick(file) ?? 0), 0);
  const count = files.length + (more ?? 0);
  return {
    files: `${count}${more === null ? " or more" : ""} file${count === 1 ? "" : "s"}`,
    added: sum(({ added }) => added),
    removed: sum(({ removed }) => removed),
  };
}
