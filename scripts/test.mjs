// `npm test`: sets up, then type check, lint, format check, build and every test. Ends with `N passed, N failed`.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ROOT, setUp, useProjectNode } from "./setup.mjs";

/**
 * The two lanes run side by side, the projects of a lane one after the other: a core for each, on a machine with two. In
 * the second is what needs a browser or whole Signalboxes, one file at a time.
 */
const LANES = [
  ["workers", "node"],
  ["web", "e2e", "chaos"],
];
/** Files of a project that run at once; the tests of `node` wait for processes and timers more than they compute. */
const AT_ONCE = { node: 2, workers: 1 };
const CHECKS = [
  ...["worker", "agent-daemon", "web", "web/tsconfig.node.json", "tests"].map((part) => [
    `type check ${part}`,
    "tsc",
    ["-p", part],
  ]),
  ["lint", "oxlint", []],
  ["format", "oxfmt", ["--check"]],
];

await setUp();
await useProjectNode(fileURLToPath(import.meta.url));
const { build } = await import("./build.mjs");
await build();
const only = process.argv.slice(2);
let passed = 0;
let failed = 0;

if (only.length === 0) {
  for (const [name, program, args] of CHECKS) {
    const good = run(program, args) === 0;
    console.log(`${good ? "ok  " : "FAIL"} ${name}`);
    if (good) passed++;
    else failed++;
  }
}

mkdirSync(join(ROOT, ".cache"), { recursive: true });
let skipped = 0;
if (only.length > 0) await test("asked", only);
else
  await Promise.all(
    LANES.map(async (projects) => {
      for (const name of projects) await test(name, ["--project", name]);
    }),
  );

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed === 0 ? 0 : 1;

function run(program, args) {
  return spawnSync(program, args, { cwd: ROOT, stdio: "inherit" }).status ?? 1;
}

/** Runs tests and counts them. What several runs say at once is told apart by their names. */
async function test(name, words) {
  const report = join(ROOT, ".cache", `test-report-${name}.json`);
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const alone = only.length > 0;
  const atOnce = `--maxWorkers=${AT_ONCE[name] ?? 2}`;
  const child = spawn("vitest", ["run", ...reporters, atOnce, ...words], {
    cwd: ROOT,
    stdio: alone ? "inherit" : ["ignore", "pipe", "pipe"],
  });
  for (const said of [child.stdout, child.stderr])
    if (said !== null) createInterface(said).on("line", (line) => console.log(`${name} | ${line}`));
  const [status] = await once(child, "close");
  const counted = readReport(report);
  passed += counted.passed;
  failed += counted.failed;
  skipped += counted.skipped;
  if (status !== 0 && counted.failed === 0) failed++; // a file that did not load, or an error outside a test
}

function readReport(path) {
  try {
    const report = JSON.parse(readFileSync(path, "utf8"));
    return { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests };
  } catch (error) {
    console.error(`The tests left no report: ${error}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
