import { run, type RunResult } from "../run.ts";

/** Git never asks, never waits for a lock it can do without, and speaks English. */
function gitEnv(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  // A daemon started from within a hook must not work on that hook's repository.
  for (const [name, value] of Object.entries(process.env)) {
    if (
      !/^GIT_(?:DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY|NAMESPACE|CEILING_DIRECTORIES)$/.test(
        name,
      )
    ) {
      env[name] = value;
    }
  }
  return { ...env, GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
}

/** Runs git in a directory. A repository's file system monitor is never started. */
export function runGit(directory: string, args: string[], timeoutMs = 10_000): Promise<RunResult> {
  return run({
    argv: ["git", "-C", directory, "-c", "core.fsmonitor=false", "--no-optional-locks", ...args],
    env: gitEnv(),
    timeoutMs,
  });
}

/** What git printed when it ended well, without the last line feed; null otherwise. */
export function gitOutput(result: RunResult): string | null {
  return result.status === "exited" && result.code === 0
    ? result.stdout.toString("utf8").replace(/\n$/, "")
    : null;
}
