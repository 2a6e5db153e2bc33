// npm run bench [-- names] [--rounds N] [--ttyd] [--list]
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { run } from "../agent-daemon/run.ts";
import { cleanUp, cleanUpOnSignal } from "./lib/cleanUp.ts";
import { isMet, type Bench, type BenchResult } from "./lib/bench.ts";
import { printTable } from "./lib/printTable.ts";
import { ROOT } from "./lib/startEdge.ts";
import { agent } from "./agent.ts";
import { chat } from "./chat.ts";
import { command } from "./command.ts";
import { cost } from "./cost.ts";
import { fanOut } from "./fanOut.ts";
import { flood } from "./flood.ts";
import { keystroke } from "./keystroke.ts";
import { narrowLink } from "./narrowLink.ts";
import { replay } from "./replay.ts";
import { task } from "./task.ts";
import { workflow } from "./workflow.ts";

const BENCHES: Bench[] = [
  fanOut,
  replay,
  cost,
  keystroke,
  flood,
  narrowLink,
  command,
  chat,
  agent,
  workflow,
  task,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    ttyd: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
  },
});

const unknown = positionals.find((name) => !BENCHES.some((bench) => bench.name === name));
const rounds = Number(values.rounds);
if (values.list || unknown !== undefined || !Number.isInteger(rounds) || rounds < 1) {
  if (unknown !== undefined) console.error(`There is no bench ${unknown}.`);
  console.error("npm run bench [-- name…] [--rounds N] [--ttyd]\n");
  for (const { name, about } of BENCHES) console.error(`  ${name.padEnd(16)} ${about}`);
  process.exit(values.list ? 0 : 2);
}

cleanUpOnSignal();
const began = new Date();
const chosen = BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const results: Record<string, BenchResult> = {};
const failed: string[] = [];
for (const bench of chosen) {
  const say = (line: string) =>
    console.error(`${((Date.now() - began.getTime()) / 1000).toFixed(0).padStart(4)} s  ${line}`);
  say(`${bench.name}: ${bench.about}`);
  try {
    results[bench.name] = await inTime(bench.run({ rounds, ttyd: values.ttyd, say }));
  } catch (error) {
    // The others still say something.
    console.error(error);
    failed.push(bench.name);
    await cleanUp();
  }
}

const report = {
  at: began.toISOString(),
  seconds: Math.round((Date.now() - began.getTime()) / 1000),
  commit: await commit(),
  machine: {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    load: loadavg().map((value) => Number(value.toFixed(2))),
    node: process.version,
  },
  rounds,
  failed,
  benches: Object.fromEntries(
    Object.entries(results).map(([name, { rows, notes, details }]) => [
      name,
      { rows: rows.map((row) => ({ ...row, met: isMet(row) })), notes, details },
    ]),
  ),
};
const json = `${JSON.stringify(report, null, 1)}\n`;
mkdirSync(join(ROOT, "bench/results"), { recursive: true });
writeFileSync(join(ROOT, "bench/results", `${began.toISOString().replaceAll(":", "-")}.json`), json);
// Only a whole run stands for the project.
if (positionals.length === 0 && failed.length === 0) writeFileSync(join(ROOT, "bench/latest.json"), json);

for (const [name, { rows, notes }] of Object.entries(results)) {
  console.log(`\n${name}\n${printTable(rows)}`);
  for (const note of notes) console.log(`  ${note}`);
}
const missed = Object.values(results).flatMap(({ rows }) => rows.filter((row) => isMet(row) === false));
for (const name of failed) console.log(`\n${name} failed; what it said is above.`);
console.log(`\n${missed.length === 0 ? "Every target is met." : `${missed.length} targets are not met.`}`);
process.exit(failed.length > 0 ? 1 : 0);

/** Something that hangs must not hold up the rest. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const limit = 60_000 * (1 + rounds);
  const timer = setTimeout(() => reject(new Error(`It takes longer than ${limit / 60_000} minutes.`)), limit);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/** What was measured; null where it is no checkout. */
async function commit(): Promise<string | null> {
  const result = await run({ argv: ["git", "rev-parse", "--short", "HEAD"], cwd: ROOT, timeoutMs: 10_000 });
  return result.status === "exited" && result.code === 0 ? result.stdout.toString("utf8").trim() : null;
}
