import { makeHome, makeSignInLink, startSupervisor } from "../../edge/startSupervisor.ts";
import { readEdgeManifest } from "../../edge/edgeManifest.ts";
import { openRotatingLog } from "../../edge/openRotatingLog.ts";
import { readSecret } from "../../edge/secretFiles.ts";
import { readRunRecord } from "../../edge/runRecord.ts";
import type { HomeFiles } from "../../edge/homeFiles.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_CONFIG_PATH, readConfig } from "../../config.ts";
import { EXIT } from "../../system/exitCodes.ts";
import { findProgram } from "../../system/hostInfo.ts";
import { isLocked, takeLock } from "../../system/lock.ts";
import { makeLog, readLogLevel } from "../../system/makeLog.ts";
import { Sentence, say } from "../../system/Sentence.ts";
import { choosePort, needCheckout } from "../context.ts";
import type { Context } from "../context.ts";
import type { UpArgs } from "../invocation.ts";
import { startDetached } from "../startDetached.ts";
import { waitForSignal } from "../waitForSignal.ts";
import type { CommandSpec } from "../CommandSpec.ts";
import { PORT_OPTION, readPort } from "../readValues.ts";

/** `signalbox up` on the command line. */
export const upSpec: CommandSpec = {
  usage: "[--detach] [--port PORT]",
  summary: "run Signalbox on this machine: the edge and the daemon",
  details: "Stays in the foreground until Ctrl-C. Nothing listens but 127.0.0.1.",
  options: {
    detach: { type: "boolean", short: "d", help: "run in the background; `signalbox down` ends it" },
    port: PORT_OPTION,
  },
  words: { least: 0, most: 0 },
  read: (values) => ({
    command: "up",
    args: { detach: values["detach"] === true, port: readPort(values) },
  }),
};

/** How long a second `up` waits for a first one that is still starting. */
const STARTING_LIMIT_MS = 30_000;

/** `signalbox up`. */
export async function up({ detach, port }: UpArgs, context: Context): Promise<number> {
  const { files, dist } = needCheckout(context);
  const chosen = choosePort(port, context.env);
  makeHome(files);
  readEdgeManifest(dist); // says at once when nothing was built
  if (isLocked(files.lock)) return await sayAlreadyRuns(files, context);
  const tmux = await whyNoTmux(files);
  if (detach) {
    const { lines } = await startDetached(context, files, chosen);
    for (const line of lines) context.print(line);
    if (tmux !== null) context.note(tmux);
    return EXIT.ok;
  }
  const { lines, ended } = await runForeground({ files, dist, port: chosen, context });
  for (const line of lines) context.print(line);
  if (tmux !== null) context.note(tmux);
  return ended;
}

type ForegroundInput = { files: HomeFiles; dist: string; port: number; context: Context };

/** Runs the supervisor in this process. `lines`: what to tell the person; `ended`: the exit code, after a signal. */
export async function runForeground({
  files,
  dist,
  port,
  context,
}: ForegroundInput): Promise<{ lines: string[]; ended: Promise<number> }> {
  const signal = waitForSignal();
  const lock = takeLock(files.lock);
  if (lock === null) {
    await sayAlreadyRuns(files, context);
    return { lines: [], ended: Promise.resolve(EXIT.ok) };
  }
  const file = openRotatingLog(join(files.logs, "supervisor.log"));
  const toFile = makeLog((line) => file.write(line), readLogLevel(context.env["SIGNALBOX_LOG"]));
  let announced = false;
  const starting = startSupervisor({
    files,
    dist,
    port,
    self: context.self,
    lock,
    env: context.env,
    log(level, message, fields) {
      toFile(level, message, fields);
      if (announced && (level === "warn" || level === "error")) context.note(message);
    },
  });
  const first = await Promise.race([starting, signal]);
  if (typeof first === "string") {
    // Interrupted while starting: what was begun is ended in order.
    await starting.then(
      (supervisor) => supervisor.stop(),
      () => {}, // it failed by itself and has cleaned up
    );
    return { lines: [], ended: Promise.resolve(EXIT.ok) };
  }
  announced = true;
  const end = async () => {
    const why = await signal;
    toFile("info", "Stopping.", { why });
    await first.stop();
    file.close();
    return EXIT.ok;
  };
  return { lines: [`Signalbox runs at ${first.url} — sign in once with ${first.signIn}`], ended: end() };
}

async function sayAlreadyRuns(files: HomeFiles, context: Context): Promise<number> {
  const until = Date.now() + STARTING_LIMIT_MS;
  for (;;) {
    const record = readRunRecord(files.run);
    if (record?.ready === true) {
      const token = readSecret(files.ownerToken);
      const link = token === null ? null : await makeSignInLink(record.url, token).catch(say);
      context.print(
        `Signalbox already runs at ${record.url}${link === null ? "" : ` — sign in once with ${link}`}`,
      );
      return EXIT.ok;
    }
    if (!isLocked(files.lock))
      throw new Sentence("Another start of Signalbox was ending just now. Try again.");
    if (Date.now() > until)
      throw new Sentence(`Another start of Signalbox is under way; ${files.logs} says more.`);
    await sleep(100);
  }
}

/** A sentence when tmux is missing; null when it is there. */
async function whyNoTmux(files: HomeFiles): Promise<string | null> {
  let program = "tmux";
  try {
    program = readConfig(existsSync(files.agentConfig) ? files.agentConfig : DEFAULT_CONFIG_PATH).tmux.path;
  } catch (error) {
    return say(error); // the daemon will say the same and not start; the web app opens
  }
  if ((await findProgram(program)) !== null) return null;
  const how = process.platform === "darwin" ? "brew install tmux" : "for example: apt install tmux";
  return `tmux is not installed, so no terminals can be shown or started until it is (${how}).`;
}
