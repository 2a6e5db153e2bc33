import { open, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandResult } from "../../protocol/commands.ts";
import { MAX_OUTPUT_BYTES } from "../../protocol/limits.ts";
import { isAlive } from "../system/processIdentity.ts";
import type { ProcessIdentity } from "../system/processIdentity.ts";
import { cutMiddle } from "../agents/codex/cutText.ts";
import { launch, run } from "../run.ts";
import { describeProcess, serviceInstances } from "./serviceInstances.ts";
import type { Instance } from "./serviceInstances.ts";
import type { ServiceConfig } from "./services.ts";
import { told } from "./toolResult.ts";

/** How long each stage of a restart may take, in milliseconds; for tests. */
export type RestartPatience = {
  restart: number;
  /** Until an old instance that still runs is told to end. */
  old: number;
  /** Between telling it and killing it. */
  kill: number;
  /** Until exactly one instance must run. */
  settle: number;
  /** One instance is believed when it still is the same after this. */
  steady: number;
};
export const RESTART_PATIENCE: RestartPatience = {
  restart: 60_000,
  old: 10_000,
  kill: 3_000,
  settle: 20_000,
  steady: 1_000,
};
const LOOK_MS = 200;
const SHOWN_OUTPUT_BYTES = MAX_OUTPUT_BYTES - 8 * 1024;

export type RestartRequest = {
  name: string;
  service: ServiceConfig;
  env: NodeJS.ProcessEnv;
  /** Where the restart's output is written: a service that it starts keeps its standard output open for good. */
  directory: string;
  patience: RestartPatience;
};

/**
 * Restarts a service and says what runs afterwards. It is not cancelled half-way: a service must not be left between
 * its old and its new instance.
 */
export async function restartService(request: RestartRequest): Promise<CommandResult> {
  const { name, service, env, patience } = request;
  const look = async () =>
    service.instances === undefined ? null : serviceInstances(service.instances, env);
  const before = await look();
  if (before?.ok === false)
    return told(false, `${name} was not restarted: its instances are not known (${before.message}).`);
  const restart = await runRestart(request);
  const said = restart.output === "" ? "" : `\n${restart.output}`;
  if (service.instances === undefined) {
    const sentence = restart.ok
      ? `${name} was restarted. Nobody has said how its instances are counted, so how many run is not verified.`
      : `${name}: ${restart.message}.`;
    return told(restart.ok, sentence + said, { exitCode: restart.code });
  }
  // An instance that the restart itself keeps (a reload) is not an old one that must go.
  const old = (before?.list ?? []).flatMap(({ process }) => (process === null ? [] : [process]));
  // One that failed says nothing of the old ones; they are left as they are.
  const remaining = restart.ok ? await endOld(old, service, env, patience) : [];
  const after = await settled(service.instances, env, patience, restart.ok);
  const owners = await Promise.all(remaining.map(({ pid }) => describeProcess(pid)));
  const lines = [
    ...(restart.ok ? [] : [`${name}: ${restart.message}.`]),
    ...(owners.length === 0 ? [] : [`Could not be ended: ${owners.join("; ")}.`]),
    await describeInstances(name, after),
  ];
  const ok = restart.ok && owners.length === 0 && after.ok && after.list.length === 1 && after.steady;
  return told(ok, lines.join("\n") + said, { exitCode: restart.code });
}

type Restarted = { ok: boolean; code: number | null; message: string; output: string };

/** Runs the restart itself. What it starts lives on, so only its first process is ever ended. */
async function runRestart({ name, service, env, directory, patience }: RestartRequest): Promise<Restarted> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${name}.out`);
  const file = await open(path, "w", 0o600);
  const { promise, resolve } = Promise.withResolvers<Omit<Restarted, "output">>();
  try {
    // Appends, so that what others still write into it does not overwrite what comes.
    const appending = await open(path, "a");
    const child = launch({
      argv: withSudo(service, service.restart),
      cwd: "/",
      env,
      stdio: ["ignore", appending.fd, appending.fd],
      detached: true,
    });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      resolve({
        ok: false,
        code: null,
        message: `the restart did not end within ${patience.restart / 1000} s`,
      });
    }, patience.restart);
    child.once("error", (error) =>
      resolve({ ok: false, code: null, message: `the restart could not be started (${error.message})` }),
    );
    child.once("exit", (code, signal) =>
      resolve({
        ok: code === 0,
        code,
        message: code === null ? `the restart was ended by ${signal}` : `the restart ended with code ${code}`,
      }),
    );
    const ended = await promise;
    clearTimeout(timer);
    await appending.close();
    const output = (await readFile(path))
      .subarray(0, 1024 * 1024)
      .toString("utf8")
      .trim();
    return { ...ended, output: cutMiddle(output, SHOWN_OUTPUT_BYTES).text };
  } finally {
    await file.close();
  }
}

/** Waits until the old instances are gone, then ends them; gives back those that stay. */
async function endOld(
  old: ProcessIdentity[],
  service: ServiceConfig,
  env: NodeJS.ProcessEnv,
  patience: RestartPatience,
): Promise<ProcessIdentity[]> {
  let left = await untilGone(old, patience.old);
  for (const signal of ["TERM", "KILL"] as const) {
    if (left.length === 0) return left;
    await Promise.all(left.map(({ pid }) => endProcess(pid, signal, service, env)));
    left = await untilGone(left, patience.kill);
  }
  return left;
}

async function endProcess(
  pid: number,
  signal: "TERM" | "KILL",
  service: ServiceConfig,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  try {
    process.kill(pid, `SIG${signal}`);
  } catch {
    // Gone, or another user's: then only sudo can.
    if (service.sudo)
      await run({ argv: ["sudo", "-n", "--", "kill", `-${signal}`, String(pid)], env, timeoutMs: 5_000 });
  }
}

async function untilGone(processes: ProcessIdentity[], ms: number): Promise<ProcessIdentity[]> {
  let left = processes;
  for (const began = Date.now(); ; await sleep(LOOK_MS)) {
    const alive = await Promise.all(left.map(isAlive));
    left = left.filter((_, index) => alive[index] === true);
    if (left.length === 0 || Date.now() - began > ms) return left;
  }
}

type Settled = { ok: true; list: Instance[]; steady: boolean } | { ok: false; message: string };

/** Waits until exactly one instance runs and stays; gives back what runs in the end. */
async function settled(
  argv: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  patience: RestartPatience,
  wait: boolean,
): Promise<Settled> {
  let since: { key: string; at: number } | null = null;
  for (const began = Date.now(); ; await sleep(LOOK_MS)) {
    const now = await serviceInstances(argv, env);
    if (!now.ok) return now;
    const [only] = now.list;
    const key =
      now.list.length === 1 && only !== undefined
        ? (only.process?.started ?? "") + (only.process?.pid ?? only.line)
        : null;
    if (key === null) since = null;
    else if (since === null || since.key !== key) since = { key, at: Date.now() };
    else if (Date.now() - since.at >= patience.steady) return { ...now, steady: true };
    if (!wait || Date.now() - began > patience.settle) return { ...now, steady: !wait && key !== null };
  }
}

async function describeInstances(name: string, after: Settled): Promise<string> {
  if (!after.ok) return `What runs of ${name} now is not known: ${after.message}.`;
  const each = await Promise.all(
    after.list
      .slice(0, 20)
      .map(({ line, process }) => (process === null ? line.slice(0, 200) : describeProcess(process.pid))),
  );
  if (each.length === 0) return `No instance of ${name} runs.`;
  if (each.length > 1) return `${after.list.length} instances of ${name} run: ${each.join("; ")}.`;
  return after.steady
    ? `Exactly one instance of ${name} runs: ${each[0]}.`
    : `One instance of ${name} runs, but it does not stay the same: ${each[0]}.`;
}

/** An argument vector, by sudo where the service wants that; sudo never asks. */
export function withSudo(service: ServiceConfig, argv: ServiceConfig["restart"]): [string, ...string[]] {
  return service.sudo ? ["sudo", "-n", "--", ...argv] : argv;
}
