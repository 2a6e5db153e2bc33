import { closeSync, openSync } from "node:fs";
import type { Log } from "../../parts.ts";
import { launch } from "../../run.ts";
import { jobPaths } from "./jobFiles.ts";
import { JOB_WORD } from "./superviseJob.ts";

/** How this program starts itself: the file it was started from, and Node's own arguments before it. */
export type SelfProgram = { selfPath: string; execArgv?: string[] };

/** Whether the process that was launched still runs. */
export type LaunchedSupervisor = () => "running" | "ended";

/**
 * Starts a job's supervisor in a session of its own; it lives on when this process is killed. It never throws: one that
 * cannot be started has ended.
 */
export function launchSupervisor(
  dir: string,
  self: SelfProgram,
  env: NodeJS.ProcessEnv,
  log: Log,
  ended: () => void,
  { word = JOB_WORD, cwd = "/" }: { word?: string; cwd?: string } = {},
): LaunchedSupervisor {
  let state: "running" | "ended" = "running";
  const over = () => {
    state = "ended";
    ended();
  };
  let file: number | null = null;
  try {
    file = openSync(jobPaths(dir).log, "a", 0o600);
    const child = launch({
      argv: [process.execPath, ...(self.execArgv ?? []), self.selfPath, word, dir],
      cwd,
      env,
      stdio: ["ignore", file, file],
      detached: true,
    });
    child.on("error", over);
    child.on("exit", over);
    child.unref();
  } catch (error) {
    // No more processes or open files: the job ends as never started.
    log("error", "A job's supervisor could not be started.", { dir, error: String(error) });
    over();
  } finally {
    if (file !== null) closeSync(file);
  }
  return () => state;
}
