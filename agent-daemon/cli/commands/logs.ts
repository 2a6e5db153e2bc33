import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT } from "../../system/exitCodes.ts";
import { hasCode } from "../../system/readFileIfThere.ts";
import { Sentence } from "../../system/Sentence.ts";
import { findHome, type Context } from "../context.ts";
import { type LogsArgs, LOGS } from "../invocation.ts";
import { type CommandSpec, UsageProblem } from "../CommandSpec.ts";
import { readText } from "../readValues.ts";

/** `signalbox logs` on the command line. */
export const logsSpec: CommandSpec = {
  usage: "[edge | agent | supervisor] [--lines N] [--follow]",
  summary: "what Signalbox itself wrote on this machine (words of a run: `signalbox workflows logs`)",
  options: {
    lines: { type: "string", short: "n", value: "N", help: "how many of the last lines (default 100)" },
    follow: { type: "boolean", short: "f", help: "go on with what is written next" },
  },
  words: { least: 0, most: 1 },
  read: (values, [word = "edge"]) => {
    const part = LOGS.find((each) => each === word);
    if (part === undefined) throw new UsageProblem(`It is ${LOGS.join(", ")}; not ${word}.`);
    const lines = readText(values, "lines") ?? "100";
    if (!/^\d{1,6}$/.test(lines)) throw new UsageProblem(`${lines} is not a number of lines.`);
    return { command: "logs", args: { part, lines: Number(lines), follow: values["follow"] === true } };
  },
};

/** More of a file is not looked at: it is put aside when it is so long. */
const MOST_BYTES = 5 * 1024 * 1024;
const LOOK_MS = 500;

/** `signalbox logs`: the last lines that a part of this machine's Signalbox wrote; with `--follow` what it writes next, until Ctrl-C. */
export async function logs({ part, lines, follow }: LogsArgs, context: Context): Promise<number> {
  const files = findHome(context);
  if (files === null)
    throw new Sentence("Logs are kept where Signalbox runs in a checkout; a daemon alone says what it does.");
  const path = join(files.logs, `${part}.log`);
  let end = await tellFrom(path, 0, lines, context);
  if (end === null && !follow) throw new Sentence(`There is no ${path}: nothing has run here yet.`);
  if (!follow) return EXIT.ok;
  for (;;) {
    await sleep(LOOK_MS);
    end = await tellFrom(path, end ?? 0, Infinity, context);
  }
}

/** Tells the last whole lines behind a place of a file; where they end, or null when there is none. A file that is shorter now is a new one. */
async function tellFrom(
  path: string,
  place: number,
  lines: number,
  context: Context,
): Promise<number | null> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    const from = Math.max(size < place ? 0 : place, size - MOST_BYTES);
    const bytes = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    const whole = bytes.subarray(0, bytes.subarray(0, bytesRead).lastIndexOf("\n") + 1);
    const told = whole.toString("utf8").split("\n").slice(0, -1);
    for (const line of lines < told.length ? told.slice(told.length - lines) : told) context.print(line);
    return from + whole.length;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}
