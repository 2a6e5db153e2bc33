import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import { isAlive } from "../../system/processIdentity.ts";
import { makeToolRig, processesWith } from "../testing/toolRig.ts";
import { withExecutor } from "../testing/withExecutor.ts";
import { callsDir, claimCall, readCallClaim } from "./callFiles.ts";
import { openRunStore } from "./runStore.ts";
import { startRunner } from "./startRunner.ts";

const wait = { timeout: 20_000, interval: 20 };
const PROGRAM = join(import.meta.dirname, "../testing/commandProgram.ts");
let unique = 0;

/** A daemon, a process of its own, that carries out one script; until it is killed. */
function daemonWith(script: (nap: string) => string) {
  const rig = makeToolRig();
  const nap = `5${process.pid}${unique++}.5`;
  const id = newId("cmd");
  const session = newId("ses");
  const argv = ["sh", "-c", script(nap)];
  const database = join(rig.directory, "killed.db");
  const program = join(import.meta.dirname, "../testing/runToolUntilKilled.ts");
  const daemon = spawn(process.execPath, [program, database, rig.root, rig.state, id, JSON.stringify(argv)], {
    stdio: "inherit",
  });
  const own = () => processesWith(nap).filter((pid) => pid !== daemon.pid);
  const dir = callsDir(rig.state);
  const claims = () => (existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith(".claim")) : []);
  const ranPath = join(rig.root, "ran");
  return {
    ...rig,
    id,
    session,
    argv,
    nap,
    own,
    claims,
    ran: () => (existsSync(ranPath) ? readFileSync(ranPath, "utf8") : ""),
    async killDaemon() {
      daemon.kill("SIGKILL");
      await once(daemon, "exit");
    },
    async killRunner() {
      for (const name of claims()) {
        const claim = readCallClaim(dir, name.replace(".claim", ""));
        if (claim === null || !("pid" in claim)) continue;
        process.kill(claim.pid, "SIGKILL");
        await vi.waitFor(async () => expect(await isAlive(claim)).toBe(false), wait);
      }
    },
    /** Another daemon on what the first has left. */
    again() {
      const next = makeToolRig({ directory: rig.directory, database });
      return { ...next, ...withExecutor(next) };
    },
  };
}

describe("a program whose daemon is killed", () => {
  it("goes on to its end, once; the next daemon has its result whole, and what comes after it has waited", async () => {
    const { again, argv, id, killDaemon, ran, root, claims } = daemonWith(
      () => "echo ran >> ran; echo before; until [ -e go ]; do sleep 0.05; done; echo after; exit 3",
    );
    await vi.waitFor(() => expect(ran()).toBe("ran\n"), wait);
    await killDaemon();
    const { executor, results, command, store } = again();
    const session = sessionOf(store);
    const later = newId("cmd");
    executor.accept({ id, session, command: command(argv), ttlMs: 60_000 });
    executor.accept({ id: later, session, command: command(["cat", "ran"]), ttlMs: 60_000 });
    await sleep(300);
    expect([...results(id), ...results(later)]).toEqual([]);
    writeFileSync(join(root, "go"), "");
    await vi.waitFor(() => expect(results(later)).toHaveLength(1), wait);
    const output = { ok: false, text: "before\nafter", cut: 0, exit_code: 3 };
    expect(results(id)).toEqual([{ status: "done", value: { type: "tool", output } }]);
    expect(ran()).toBe("ran\n");
    await executor.stop();
    expect(claims()).toEqual([]);
  });

  it("has its result, too, when it ended while there was no daemon", async () => {
    const { again, id, killDaemon, ran, own } = daemonWith(
      (nap) => `: ${nap}; sleep 0.7; echo ran >> ran; echo yes`,
    );
    await vi.waitFor(() => expect(own().length).toBeGreaterThan(0), wait);
    await killDaemon();
    await vi.waitFor(() => expect(ran()).toBe("ran\n"), wait);
    await vi.waitFor(() => expect(own()).toEqual([]), wait);
    const { executor, results } = again();
    await vi.waitFor(() => expect(results(id)).toMatchObject([{ value: { output: { text: "yes" } } }]), wait);
    await executor.stop();
  });

  it("is ended when it is cancelled afterwards, with all that it has started", async () => {
    const { again, id, killDaemon, own } = daemonWith((nap) => `setsid sleep ${nap} & sleep ${nap}`);
    await vi.waitFor(() => expect(own().length).toBeGreaterThan(1), wait);
    await killDaemon();
    const { executor, results, store } = again();
    executor.cancel(id, sessionOf(store));
    await vi.waitFor(() => expect(results(id)).toEqual([{ status: "cancelled" }]), wait);
    expect(own()).toEqual([]);
    await executor.stop();
  });

  it("is ended before another call runs when its runner died as well: its fate is indeterminate, and it does not run again", async () => {
    for (const script of [
      "sleep NAP",
      "setsid sleep NAP & sleep NAP",
      "(setsid sh -c 'trap \"\" TERM; while :; do sleep NAP; done' &); sleep NAP",
    ]) {
      const { again, argv, id, killDaemon, killRunner, nap, own, ran } = daemonWith(
        (mark) => `echo ran >> ran; ${script.replaceAll("NAP", mark)}`,
      );
      const least = script.includes("setsid") ? 1 : 0;
      await vi.waitFor(() => expect(own().length).toBeGreaterThan(least), wait);
      await killDaemon();
      await killRunner();
      expect(own().length).toBeGreaterThan(0);
      const { executor, results, command, output } = again();
      executor.accept({ id, session: newId("ses"), command: command(argv), ttlMs: 60_000 });
      const next = await output("run_command", { argv: ["pgrep", "-f", nap] });
      expect(next, "nothing of it runs beside the next call").toMatchObject({
        text: "(no output)",
        exit_code: 1,
      });
      expect(own()).toEqual([]);
      await vi.waitFor(() => expect(results(id)).toMatchObject([{ status: "indeterminate" }]), wait);
      expect(ran()).toBe("ran\n");
      await executor.stop();
    }
  });
});

describe("a call that no runner had taken when its daemon died", () => {
  it("comes again and runs, once; a runner that starts late leaves it alone", async () => {
    const first = makeToolRig();
    const id = newId("cmd");
    const session = newId("ses");
    const runs = openRunStore(first.store);
    withExecutor(first).commands.begin(id, session, () => runs.begin(id));
    const attempt = runs.find(id)?.attempt ?? "";
    const { executor, results, command } = withExecutor(first);
    expect(results(id)).toEqual([]);
    executor.accept({ id, session, command: command(["sh", "-c", "echo ran >> ran"]), ttlMs: 60_000 });
    const late = startRunner({
      dir: callsDir(first.state),
      self: { selfPath: PROGRAM },
      env: process.env,
      log: () => {},
    });
    onTestFinished(() => late.close());
    const order = { id, attempt, argv: ["sh", "-c", "echo late >> ran"], cwd: first.root, env: {} };
    const signal = new AbortController().signal;
    void late.run({
      ...order,
      argv: ["sh", "-c", "echo late >> ran"],
      timeout_ms: 1e4,
      signal,
      onStarted() {},
    });
    await vi.waitFor(() => expect(results(id)).toMatchObject([{ status: "done" }]), wait);
    await sleep(500);
    expect(readFileSync(join(first.root, "ran"), "utf8")).toBe("ran\n");
    await executor.stop();
  });

  it("is given up when the machine has been restarted since: then nothing noted of it proves anything", async () => {
    const rig = makeToolRig();
    const id = newId("cmd");
    const runs = openRunStore(rig.store);
    withExecutor(rig).commands.begin(id, newId("ses"), () => runs.begin(id));
    rig.store.db.exec("UPDATE tool_runs SET boot = 'another'");
    const { executor, results } = withExecutor(rig);
    expect(results(id)).toMatchObject([{ status: "indeterminate" }]);
    await executor.stop();
  });
});

it("a call whose runner dies is indeterminate, with its processes ended; one that it had not taken was not started", async () => {
  const rig = makeToolRig();
  const nap = `4${process.pid}.5`;
  const running = rig.run("run_command", { argv: ["sh", "-c", `setsid sleep ${nap} & sleep ${nap}`] });
  await vi.waitFor(() => expect(processesWith(nap).length).toBeGreaterThan(1), wait);
  const [name = ""] = readdirSync(callsDir(rig.state)).filter((each) => each.endsWith(".claim"));
  const claim = readCallClaim(callsDir(rig.state), name.replace(".claim", ""));
  if (claim === null || !("pid" in claim)) throw new Error("nobody runs it");
  process.kill(claim.pid, "SIGKILL");
  expect(await running).toMatchObject({ status: "indeterminate" });
  expect(processesWith(nap)).toEqual([]);
  expect(await rig.output("run_command", { argv: ["echo", "next"] })).toMatchObject({ text: "next" });

  const broken = makeToolRig({ self: { selfPath: join(rig.root, "no-such-program.mjs") } });
  expect(await broken.output("run_command", { argv: ["touch", "late"] })).toMatchObject({
    ok: false,
    text: "touch could not be started (its runner died).",
  });
});

it("of many that want a call, one gets it", () => {
  const { state } = makeToolRig();
  const self = { pid: process.pid, started: "now" };
  const taken = [self, { given_up: true as const }, self].map((claim) =>
    claimCall(callsDir(state), "a", claim),
  );
  expect(taken).toEqual([true, false, false]);
  expect(readCallClaim(callsDir(state), "a")).toEqual(self);
});

function sessionOf(store: ReturnType<typeof makeToolRig>["store"]): string {
  return String(store.db.prepare("SELECT session FROM link_commands").get()?.["session"]);
}
