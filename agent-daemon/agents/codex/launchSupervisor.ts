import { closeSync, openSync } from "node:fs";
import { launch } from "../../run.ts";
import { jobPaths } from "./jobFiles.ts";
import { JOB_WORD } from "./superviseJob.ts";

/** How this program starts itself: the file it was started from, and Node's own arguments before it. */
export type SelfProgram = { selfPath: string; execArgv?: string[] };

/** Whether the process that was launched still runs. */
export type LaunchedSupervisor = () => "running" | "ended";

/** Starts a job's supervisor in a session of its own; it lives on when this process is killed. */
export function launchSupervisor(
  dir: string,
  self: SelfProgram,
  env: NodeJS.ProcessEnv,
  ended: () => void,
): LaunchedSupervisor {
  let state: "running" | "ended" = "running";
  const over = () => {
    state = "ended";
    ended();
  };
  const log = openSync(jobPaths(dir).log, "a", 0o600);
  try {
    const child = launch({
      argv: [process.execPath, ...(self.execArgv ?? []), self.selfPath, JOB_WORD, dir],
      cwd: "/",
      env,
      stdio: ["ignore", log, log],
      detached: true,
    });
    child.on("error", over);
    child.on("exit", over);
    child.unref();
  } finally {
    closeSync(log);
  }
  return () => state;
}
