// `npm test`: sets up, then type check, lint, format check, build and every test. Ends with `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT, setUp, useProjectNode } from "./setup.mjs";

const REPORT = join(ROOT, ".cache", "test-report.json");
/** Tests wait for processes and timers more than they compute, also on a machine with two cores. */
const MUCH_WAITING = ["--maxWorkers=2"];
const PROJECTS = ["node", "workers", "web", "e2e", "chaos"];
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
// One project after the other: browsers, tmux servers and workerd beside each other are too much for a small machine.
for (const words of only.length > 0 ? [only] : PROJECTS.map((name) => ["--project", name])) {
  rmSync(REPORT, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`];
  const status = run("vitest", ["run", ...reporters, ...MUCH_WAITING, ...words]);
  const report = readReport();
  passed += report.passed;
  failed += report.failed;
  skipped += report.skipped;
  if (status !== 0 && report.failed === 0) failed++; // a file that did not load, or an error outside a test
}

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed === 0 ? 0 : 1;

function run(program, args) {
  return spawnSync(program, args, { cwd: ROOT, stdio: "inherit" }).status ?? 1;
}

function readReport() {
  try {
    const report = JSON.parse(readFileSync(REPORT, "utf8"));
    return { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests };
  } catch (error) {
    console.error(`The tests left no report: ${error}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
