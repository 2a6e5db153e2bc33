import type { SelfProgram } from "../agents/codex/launchSupervisor.ts";
import type { AgentConfig } from "../config.ts";
import { startAgent } from "../startAgent.ts";
import { EXIT } from "../system/exitCodes.ts";
import { makeLog, readLogLevel } from "../system/makeLog.ts";
import { say } from "../system/Sentence.ts";
import { waitForSignal } from "./waitForSignal.ts";

/** Runs the daemon until a signal, the end of its supervisor, or what it cannot go on after; its exit code. */
export async function runDaemon(config: AgentConfig, self: SelfProgram): Promise<number> {
  const log = makeLog((line) => process.stdout.write(line), readLogLevel(process.env["SIGNALBOX_LOG"]));
  // We may run inside a pane; tmux must not take us for a client of that server.
  delete process.env["TMUX"];
  delete process.env["TMUX_PANE"];
  const signal = waitForSignal();
  process.on("uncaughtException", (error) => {
    // Whatever this is, the state is on disk and a fresh process is better than a doubtful one.
    log("error", "The daemon failed and ends.", { error: error.stack ?? say(error) });
    process.exit(EXIT.failed);
  });
  const agent = await startAgent({ config, log, self });
  const code = await Promise.race([agent.ended, signal.then(() => EXIT.ok)]);
  await agent.stop();
  return code;
}
