import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "../../system/processIdentity.ts";
import type { HomeFiles } from "../../edge/homeFiles.ts";
import { readRunRecord } from "../../edge/runRecord.ts";
import { sweep } from "../../edge/sweep.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { isLocked } from "../../system/lock.ts";
import { Sentence } from "../../system/Sentence.ts";
import { needCheckout } from "../context.ts";
import type { Context } from "../context.ts";
import type { CommandSpec } from "../CommandSpec.ts";

/** `signalbox down` on the command line. */
export const downSpec: CommandSpec = {
  usage: "",
  summary: "end what `up` runs; panes and jobs go on",
  options: {},
  words: { least: 0, most: 0 },
  read: () => ({ command: "down", args: {} }),
};

/** Longer than the supervisor gives its children. */
const DOWN_LIMIT_MS = 30_000;
const LOOK_MS = 50;

/** `signalbox down`. */
export async function down(context: Context): Promise<number> {
  const { files } = needCheckout(context);
  const ended = await endSupervisor(files);
  context.print(ended ? "Signalbox stopped. Panes and jobs go on." : "Signalbox is not running here.");
  return EXIT.ok;
}

/** Ends what `up` runs, and what a killed one left behind. False when there was nothing. */
export async function endSupervisor(files: HomeFiles): Promise<boolean> {
  const record = readRunRecord(files.run);
  const running = isLocked(files.lock);
  if (record === null) {
    if (running) throw new Sentence("Signalbox is just starting. Try again in a moment.");
    return false;
  }
  if (running) {
    if (!(await isAlive(record.supervisor)))
      throw new Sentence("Signalbox is just starting. Try again in a moment.");
    process.kill(record.supervisor.pid, "SIGTERM");
    for (const until = Date.now() + DOWN_LIMIT_MS; isLocked(files.lock); await sleep(LOOK_MS)) {
      if (Date.now() < until) continue;
      if (await isAlive(record.supervisor)) process.kill(record.supervisor.pid, "SIGKILL");
      break;
    }
  }
  const swept = await sweep(readRunRecord(files.run) ?? record, () => {});
  return running || swept > 0;
}
