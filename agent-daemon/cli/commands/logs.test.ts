import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startProgram } from "../../testing/program.ts";

async function run(...words: string[]) {
  const home = mkdtempSync(join(tmpdir(), "signalbox-logs-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, "logs"));
  const edge = join(home, "logs/edge.log");
  writeFileSync(edge, "one\ntwo\nthree é\nunfin");
  const program = await startProgram(["logs", ...words], { ...process.env, SIGNALBOX_HOME: home });
  return { edge, program };
}

test("the last whole lines of a log, or a sentence when there is none", async () => {
  const { program } = await run("--lines", "2");
  expect(await program.exit).toBe(0);
  expect(program.output()).toBe("two\nthree é\n");
  const none = await run("agent");
  expect(await none.program.exit).not.toBe(0);
  expect(none.program.output()).toMatch(/nothing has run here yet/);
});

test("followed, it tells what is written next, also in a new file", async () => {
  const { edge, program } = await run("-n", "0", "--follow");
  const says = (text: string) => vi.waitUntil(() => program.output() === text, 20_000);
  onTestFinished(() => void program.child.kill());
  await vi.waitUntil(() => program.output() === "", 20_000);
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // it has read what was there
  appendFileSync(edge, "ished\nfour\n");
  await says("unfinished\nfour\n");
  writeFileSync(edge, "new\n");
  await says("unfinished\nfour\nnew\n");
});
