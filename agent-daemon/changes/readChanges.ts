import { existsSync } from "node:fs";
import { lstat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Changes, FileChange } from "../../protocol/changes.ts";
import { MAX_CHANGED_FILES } from "../../protocol/changes.ts";
import type { Worktree } from "../../protocol/session.ts";
import { explainRun } from "../run.ts";
import { readGit, type ReadGit } from "../worktrees/readGit.ts";
import { gitOutput } from "../worktrees/runGit.ts";
import { findBase } from "./findBase.ts";
import { fitPatches } from "./fitPatches.ts";
import { GitFailed } from "./GitFailed.ts";
import { parseIndexState } from "./parseIndexState.ts";
import { parseRawDiff, type RawChange } from "./parseRawDiff.ts";
import { readUntracked } from "./readUntracked.ts";
import { splitPatch } from "./splitPatch.ts";

/** Git takes larger files for binary and does not compare them. */
const LARGE_FILE_BYTES = 1024 * 1024;
const MAX_PATCH_BYTES = 8 * 1024 * 1024;
const MAX_LIST_BYTES = 8 * 1024 * 1024;
const LIMIT_MS = 15_000;

export type ReadChanges = {
  directory: string;
  /** Of a session with a worktree of its own. */
  worktree: Worktree | null;
  /** All of the repository that holds the directory, not only what is below it. */
  whole: boolean;
  /** Whether what a file holds is never shown. */
  isSecret: (path: string) => boolean;
};

/** Looks what differs in a directory from its base. Changes nothing, not even the index. Throws {@link GitFailed}. */
export async function readChanges(request: ReadChanges): Promise<Omit<Changes, "version">> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const { root, inside } = await findPlace(request, signal);
  const place = ["--", ...(inside === "" ? [] : [`:(literal)${inside}`])];
  const look = async (args: string[], how: Partial<ReadGit> = {}) => {
    const result = await readGit(root, args, { signal, ...how });
    if (signal.aborted)
      throw new GitFailed(
        "too_slow",
        `git needs more than ${LIMIT_MS / 1000} seconds here. Ask again later.`,
      );
    const output = gitOutput(result);
    if (output === null) throw new GitFailed("git_failed", `${explainRun("git", result)}.`);
    return { output, cut: result.cut > 0 };
  };

  const base = await findBase(root, request.worktree, signal);
  const against =
    base?.commit ?? (await look(["hash-object", "-t", "tree", "--stdin"], { input: "" })).output.trim();
  const diff = (...args: string[]) => [
    "diff",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    "--find-renames",
    "--ignore-submodules=dirty",
    "--submodule=short",
    ...args,
    against,
    ...place,
  ];
  const large = { settings: [`core.bigFileThreshold=${LARGE_FILE_BYTES}`] };
  const status = ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"];
  const [head, state, raw, patch] = await Promise.all([
    readGit(root, ["symbolic-ref", "--quiet", "--short", "HEAD"], { signal }),
    look([...status, "--ignore-submodules=dirty", ...place], { maxOutputBytes: MAX_LIST_BYTES }),
    look(diff("--raw", "--numstat", "--abbrev=40", "-z"), { ...large, maxOutputBytes: MAX_LIST_BYTES }),
    look(diff("--patch", "--unified=3", "--src-prefix=a/", "--dst-prefix=b/"), {
      ...large,
      maxOutputBytes: MAX_PATCH_BYTES,
    }),
  ]);

  const index = parseIndexState(state.output);
  const patches = splitPatch(patch.output);
  const tracked = parseRawDiff(raw.output).filter((each) => isChanged(each, patches));
  const told = await Promise.all(
    tracked
      .slice(0, MAX_CHANGED_FILES)
      .map((each) => describe(root, each, { index, patch: patches.get(each.path), cut: patch.cut })),
  );
  const room = MAX_CHANGED_FILES - told.length;
  for (const path of index.untracked.slice(0, room)) told.push(await readUntracked(root, path));
  const files = fitPatches(
    told
      .map((file) =>
        [file.path, file.from ?? file.path].some((path) => request.isSecret(join(root, path)))
          ? { ...file, patch: null, hidden: "secret" as const }
          : file,
      )
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
  );
  return {
    status: "changes",
    root,
    inside,
    branch: gitOutput(head),
    base,
    files,
    more: state.cut || raw.cut ? null : tracked.length + index.untracked.length - files.length,
  };
}

/** The top of the repository, and what of it is meant. */
async function findPlace({ directory, whole }: ReadChanges, signal: AbortSignal) {
  const found = await readGit(directory, ["rev-parse", "--show-toplevel"], { signal });
  const root = gitOutput(found);
  if (root !== null && root !== "") return { root, inside: whole ? "" : relative(root, directory) };
  if (!existsSync(directory)) throw new GitFailed("no_directory", `${directory} is not there any more.`);
  if (found.status === "exited" && !/dubious ownership/.test(found.stderr.toString("utf8")))
    throw new GitFailed("not_a_repository", `${directory} is not in a git repository.`);
  throw new GitFailed("git_failed", `${explainRun("git", found)}.`);
}

/** Git also names files that were only touched, as long as its index has not been brought up to date. */
function isChanged(
  { letter, path, counts, before, after }: RawChange,
  patches: Map<string, string>,
): boolean {
  const touched = letter === "M" && counts === undefined && before.mode === after.mode;
  return !touched || (patches.get(path) ?? "") !== "";
}

const KINDS: Record<string, FileChange["kind"]> = {
  A: "added",
  C: "copied",
  D: "deleted",
  R: "renamed",
  T: "type",
  U: "conflict",
};
const SUBMODULE = "160000";
const NO_MODE = "000000";

async function describe(
  root: string,
  change: RawChange,
  seen: { index: ReturnType<typeof parseIndexState>; patch: string | undefined; cut: boolean },
): Promise<FileChange> {
  const { letter, path, from, before, after, counts } = change;
  const conflict = seen.index.conflicts.has(path);
  const modes = [before.mode, after.mode];
  const kind = conflict
    ? "conflict"
    : modes.includes(SUBMODULE)
      ? "submodule"
      : (KINDS[letter] ?? "modified");
  const moded = before.mode !== after.mode && !modes.includes(NO_MODE) && letter !== "T";
  const file = {
    path,
    ...(from === null ? {} : { from }),
    kind,
    staged: conflict ? null : (seen.index.staged.get(path) ?? null),
    added: counts?.added ?? null,
    removed: counts?.removed ?? null,
    ...(moded ? { mode: { before: before.mode, after: after.mode } } : {}),
  } satisfies Partial<FileChange>;
  if (counts === null) return { ...file, patch: null, hidden: await whyNotText(join(root, path)) };
  if (seen.patch !== undefined) return { ...file, patch: seen.patch };
  if (letter === "U") return { ...file, patch: "" };
  return { ...file, patch: null, hidden: seen.cut ? "no_room" : "unreadable" };
}

/** Git says the same of what is binary and of what is too large to compare. */
async function whyNotText(path: string): Promise<"binary" | "too_big"> {
  const size = await lstat(path).then(
    (found) => found.size,
    () => 0, // deleted: it is no longer there to be measured
  );
  return size > LARGE_FILE_BYTES ? "too_big" : "binary";
}
