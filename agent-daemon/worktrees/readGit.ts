import { run, type RunResult } from "../run.ts";

/** Nothing of the repository or of the person's settings is run, and the index stays as it is. */
const HARMLESS = [
  ["core.fsmonitor", ""],
  ["core.hooksPath", "/dev/null"],
  ["core.quotePath", "false"],
  ["diff.autoRefreshIndex", "false"],
  ["diff.suppressBlankEmpty", "false"],
  ["safe.bareRepository", "explicit"],
].flatMap(([name, value]) => ["-c", `${name}=${value}`]);

export type ReadGit = {
  signal: AbortSignal;
  timeoutMs?: number;
  maxOutputBytes?: number;
  input?: string;
  /** More settings, as `name=value`. */
  settings?: string[];
  /** Variables of git's own that it shall have. */
  env?: Record<string, string>;
};

/** Runs git on a repository, with no variable of git's own in its environment but those that are given. */
export function readGit(directory: string, args: string[], how: ReadGit): Promise<RunResult> {
  const { settings = [], timeoutMs = 15_000, env = {}, ...rest } = how;
  const given = settings.flatMap((setting) => ["-c", setting]);
  return run({
    argv: ["git", "-C", directory, ...HARMLESS, ...given, "--no-optional-locks", "--no-pager", ...args],
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"))),
      GIT_OPTIONAL_LOCKS: "0",
      GIT_TERMINAL_PROMPT: "0",
      LC_ALL: "C",
      ...env,
    },
    timeoutMs,
    ...rest,
  });
}
