import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { explainRun, run } from "./run.ts";

const node = process.execPath;

describe("run", () => {
  it("gives output and code, and passes arguments untouched", async () => {
    const args = ["a b", "$HOME", "'; rm -rf x", "", "ü\n"];
    const result = await run({
      argv: [
        node,
        "-e",
        "process.stdout.write(JSON.stringify(process.argv.slice(1))); process.exit(3)",
        "--",
        ...args,
      ],
      timeoutMs: 10_000,
    });
    expect(result).toMatchObject({ status: "exited", code: 3, cut: 0 });
    expect(JSON.parse(result.stdout.toString())).toEqual(args);
  });

  it("writes input, and does not mind a program that never reads it", async () => {
    const echoed = await run({ argv: ["cat"], input: "hällo", timeoutMs: 10_000 });
    expect(echoed.stdout.toString()).toBe("hällo");
    const deaf = await run({ argv: ["true"], input: "x".repeat(1_000_000), timeoutMs: 10_000 });
    expect(deaf).toMatchObject({ status: "exited", code: 0 });
  });

  it("kills the whole group when time is up", async () => {
    const trace = join(mkdtempSync(join(tmpdir(), "signalbox-run-")), "alive");
    const result = await run({ argv: ["sh", "-c", '(sleep 0.6; touch "$0") & wait', trace], timeoutMs: 200 });
    expect(result.status).toBe("timeout");
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(existsSync(trace)).toBe(false);
  });

  it("keeps no more output than asked for", async () => {
    const result = await run({
      argv: ["sh", "-c", "yes | head -c 300000"],
      timeoutMs: 10_000,
      maxOutputBytes: 1000,
    });
    expect(result).toMatchObject({ status: "exited", code: 0, cut: 299_000 });
    expect(result.stdout.length).toBe(1000);
  });

  it("says when a program is missing or cannot be given its arguments", async () => {
    const missing = await run({ argv: ["no-such-program-here"], timeoutMs: 1000 });
    expect(missing).toMatchObject({ status: "unstarted", code: "ENOENT" });
    expect(explainRun("tmux", missing)).toBe("tmux was not found");
    expect(await run({ argv: ["true", "a\0b"], timeoutMs: 1000 })).toMatchObject({ status: "unstarted" });
  });

  it("stops when told, before and after it started", async () => {
    expect(
      await run({ argv: ["sleep", "30"], timeoutMs: 60_000, signal: AbortSignal.abort() }),
    ).toMatchObject({
      status: "aborted",
    });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    expect(await run({ argv: ["sleep", "30"], timeoutMs: 60_000, signal: controller.signal })).toMatchObject({
      status: "aborted",
    });
  });

  it("does not wait for a grandchild that keeps the output open", async () => {
    const began = Date.now();
    const result = await run({ argv: ["sh", "-c", "sleep 5 & echo done"], timeoutMs: 10_000 });
    expect(result).toMatchObject({ status: "exited", code: 0 });
    expect(result.stdout.toString()).toBe("done\n");
    expect(Date.now() - began).toBeLessThan(3000);
  });
});
