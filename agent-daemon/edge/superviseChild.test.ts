import { spawn } from "node:child_process";
import { describe, onTestFinished, test } from "vitest";
import { EXIT } from "../system/exitCodes.ts";
import { eventually, lives } from "../testing/program.ts";
import { RESTART_FIRST_MS, RESTART_MOST_MS, restartDelay, superviseChild } from "./superviseChild.ts";

function supervise(script: string) {
  const seen: string[] = [];
  const pids: number[] = [];
  const cleaned: number[] = [];
  const child = superviseChild({
    name: "The child",
    start: () => {
      const started = spawn(process.execPath, ["-e", script], { stdio: "ignore" });
      if (started.pid !== undefined) pids.push(started.pid);
      return started;
    },
    log: (level, message) => seen.push(`${level}: ${message}`),
    afterExit: async (pid) => void cleaned.push(pid),
    onFinal: (code) => seen.push(`final ${code}`),
    delayFor: () => 5,
  });
  onTestFinished(() => child.stop());
  return { child, seen, pids, cleaned };
}

test("the delay doubles up to its limit", ({ expect }) => {
  expect([1, 2, 3, 100].map((failures) => restartDelay(failures))).toEqual([
    RESTART_FIRST_MS,
    RESTART_FIRST_MS * 2,
    RESTART_FIRST_MS * 4,
    RESTART_MOST_MS,
  ]);
  expect([1, 2, 3, 100].map((failures) => restartDelay(failures, 600))).toEqual([250, 500, 600, 600]);
});

describe("a child", () => {
  test("that ends is started again, after what it left was cleaned up", async ({ expect }) => {
    const { child, pids, cleaned, seen } = supervise("process.exit(7)");
    await eventually("it ran three times", () => pids.length >= 3);
    await child.stop();
    expect(cleaned).toEqual(pids);
    expect(seen[0]).toBe("warn: The child ended with code 7; it is started again.");
    expect(child.restarts()).toBeGreaterThanOrEqual(2);
  });

  test("that ends with a code that says so is not", async ({ expect }) => {
    const { pids, seen } = supervise(`process.exit(${EXIT.replaced})`);
    await eventually("it is final", () => seen.includes(`final ${EXIT.replaced}`));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(pids).toHaveLength(1);
  });

  test("is asked to end by stop, and not started again", async ({ expect }) => {
    const { child, pids } = supervise("setInterval(() => {}, 1000)");
    await eventually("it runs", () => lives(pids[0] ?? 0));
    await child.stop();
    expect([await lives(pids[0] ?? 0), pids.length]).toEqual([false, 1]);
    await child.stop();
  });

  test("that cannot be started is tried again", async ({ expect }) => {
    const seen: string[] = [];
    const child = superviseChild({
      name: "The child",
      start: () => spawn("/nowhere/at/all"),
      log: (_level, message) => seen.push(message),
      delayFor: () => 5,
    });
    await eventually("it was tried twice", () => seen.length >= 2);
    await child.stop();
    expect(seen[0]).toMatch(/^The child could not be started: .*ENOENT/);
  });
});
