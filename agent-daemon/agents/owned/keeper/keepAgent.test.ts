import { appendFileSync, readFileSync, statSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { launch } from "../../../run.ts";
import { tempDir } from "../../../testing/tempDir.ts";
import { readClaim, readExit } from "../../codex/jobFiles.ts";
import { stopJob } from "../../codex/stopJob.ts";
import { until } from "../../codex/testing/jobHarness.ts";
import { KEEPER_PROGRAM } from "../testing/ownedHarness.ts";
import { KEEPER_WORD } from "./keepAgent.ts";
import { appendInputs, createKeeperFiles, keeperPaths, readRecorded } from "./keeperFiles.ts";

/** Says back what it is told; `bye` ends it, `half` leaves a line open. */
const ECHO = `
  let rest = "";
  process.stdin.on("data", (chunk) => {
    const lines = (rest + chunk).split("\\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line === "bye") process.exit(3);
      process.stdout.write(line === "half" ? "an open line" : "heard " + line + "\\n");
    }
  });
  process.stdin.on("end", () => process.exit(0));
`;

async function keep(program: string) {
  const dir = join(tempDir(), "run");
  await createKeeperFiles(dir, { argv: [process.execPath, "-e", program], cwd: "/", env: { MARK: "here" } });
  const run = () =>
    launch({
      argv: [process.execPath, KEEPER_PROGRAM, KEEPER_WORD, dir],
      stdio: ["ignore", "inherit", "inherit"],
    });
  run();
  onTestFinished(async () => void (await stopJob(dir, "at once", AbortSignal.timeout(10_000))));
  const record = () =>
    readFileSync(keeperPaths(dir).stdout, "utf8")
      .split("\n")
      .flatMap((line) => readRecorded(line) ?? []);
  const said = () => record().flatMap((each) => ("said" in each ? [each.said] : []));
  const given = () => record().flatMap((each) => ("given" in each ? [each.given] : []));
  return { dir, run, said, given };
}

it("gives each line once, in order, whatever a daemon that died has left", async () => {
  const { dir, run, said, given } = await keep(ECHO);
  await appendInputs(dir, [{ n: 1, line: "one" }]);
  await until(() => (said().length === 1 ? true : null));
  const second = run(); // finds it taken
  await once(second, "exit");
  appendFileSync(keeperPaths(dir).input, '{"n":2,"line":"tw'); // died in the middle of it
  await appendInputs(dir, [
    { n: 1, line: "one" },
    { n: 2, line: "two" },
  ]);
  await appendInputs(dir, [
    { n: 2, line: "two" },
    { n: 3, line: "ünï\u2028çödé" },
    { n: 4, line: "half" },
    { n: 5, line: "bye" },
  ]);
  expect(await until(() => readExit(dir))).toEqual({ code: 3, signal: null, error: null });
  expect(said()).toEqual(["heard one", "heard two", "heard ünï\u2028çödé", "an open line"]);
  expect(given()).toEqual([1, 2, 3, 4, 5]);
});

it("ends with everything it has started, when it is told to", async () => {
  const { dir, said } = await keep(`
    require("node:child_process").spawn("sleep", ["1000"], { detached: true, stdio: "ignore" }).unref();
    process.on("SIGINT", () => {});
    console.log(process.env.MARK, process.env.SIGNALBOX_JOB);
    setInterval(() => {}, 1000);
  `);
  await until(() => (said().length === 1 ? true : null));
  expect(said()).toEqual([`here ${dir}`]);
  expect(await stopJob(dir, "at once", AbortSignal.timeout(20_000))).toBe(true);
  expect(await readExit(dir)).toMatchObject({ signal: "SIGKILL" });
  expect(await readClaim(dir)).not.toBeNull();
});

it("keeps the newest of what an agent complains of, and no more", async () => {
  const { dir } = await keep(`
    for (let n = 0; n < 60; n++) process.stderr.write("x".repeat(64 * 1024) + "\\n");
    process.stderr.write("the last word\\n");
  `);
  await until(() => readExit(dir));
  const { stderr } = keeperPaths(dir);
  expect(statSync(stderr).size).toBeLessThan(2 * 1024 * 1024);
  expect(readFileSync(stderr, "utf8")).toMatch(/the last word\n$/);
});
