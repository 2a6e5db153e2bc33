import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll } from "vitest";
import { bundleAgent } from "../../scripts/build.mjs";
import { identify } from "../system/processIdentity.ts";

/** The program under test, bundled from its source as it ships: it starts faster than from many files. */
const bundle = bundleOnce();

async function bundleOnce(): Promise<string> {
  // Below the checkout, so that it finds the checkout's packages.
  const dir = join(import.meta.dirname, "../../.cache");
  mkdirSync(dir, { recursive: true });
  const path = join(mkdtempSync(join(dir, "program-")), "agent.mjs");
  afterAll(() => rmSync(dirname(path), { recursive: true, force: true }));
  await bundleAgent(path);
  return path;
}

export type Program = { child: ChildProcess; output(): string; exit: Promise<number | null> };

/** Starts `signalbox …` as a process of its own. */
export async function startProgram(args: string[], env: NodeJS.ProcessEnv, cwd = "/"): Promise<Program> {
  const child = spawn(process.execPath, [await bundle, ...args], {
    env,
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const collect = (chunk: Buffer) => void (output += chunk.toString());
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const exit = once(child, "close").then(([code]) => (typeof code === "number" ? code : null));
  return { child, output: () => output, exit };
}

/** Runs `signalbox …` to its end. */
export async function runProgram(
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  const program = await startProgram(args, env);
  const code = await program.exit;
  return { code, output: program.output() };
}

/** Waits until `look` gives something. `what` is worded when it was in vain. */
export async function eventually<T>(
  what: string | (() => string),
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  limitMs = 30_000,
): Promise<T> {
  const until = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > until) throw new Error(`In vain: ${typeof what === "string" ? what : what()}`);
    await sleep(25);
  }
}

/** Whether a process lives (a zombie does not). */
export async function lives(pid: number): Promise<boolean> {
  return (await identify(pid)) !== null;
}

/** Processes with this text in their arguments or environment (Linux; elsewhere none are found). */
export async function processesNaming(text: string): Promise<number[]> {
  const names = await readdir("/proc").catch(() => []); // no such place on this system
  const found = await Promise.all(
    names.map(async (name) => {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
      try {
        const [line, environment] = await Promise.all(
          ["cmdline", "environ"].map((file) => readFile(`/proc/${name}/${file}`, "utf8")),
        );
        return `${line}${environment}`.includes(text) ? [Number(name)] : [];
      } catch {
        return []; // it ended meanwhile
      }
    }),
  );
  return found.flat();
}
