import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { newId } from "../../protocol/ids.ts";
import { TOOLS } from "../../protocol/tools.ts";
import { openRunStore } from "./runner/runStore.ts";
import { makeToolRig, processesWith } from "./testing/toolRig.ts";
import { withExecutor } from "./testing/withExecutor.ts";

const appends = ["sh", "-c", "echo ran >> ran; sleep 0.3"];

it("has every tool whose place is the host, and none besides", async () => {
  const rig = makeToolRig();
  for (const [name, { place }] of Object.entries(TOOLS)) {
    const result = await rig.run(name, { no: "input" }, { signal: AbortSignal.abort() });
    if (place === "host") expect(result, name).not.toMatchObject({ code: "unknown_tool" });
    else expect(result, name).toMatchObject({ status: "failed", code: "unknown_tool" });
  }
  for (const name of ["nope", "toString", "__proto__", ""]) {
    expect(await rig.run(name, {}), name).toMatchObject({ status: "failed", code: "unknown_tool" });
  }
});

it("refuses inputs that are not the tool's, and roots that are no workspace, before anything is done", async () => {
  const rig = makeToolRig();
  for (const [tool, input] of [
    ["run_command", { argv: "touch x" }],
    ["run_command", { argv: ["touch", 1] }],
    ["write_file", { path: "x" }],
    ["write_file", { path: "", text: "" }],
    ["write_file", { path: "x", text: "x".repeat(600_000) }],
    ["read_file", { path: "x", from_line: 0 }],
    ["list_files", { depth: 99 }],
    ["read_pane", { session: "../x" }],
  ] as const) {
    expect(await rig.run(tool, input), tool).toMatchObject({ status: "failed", code: "bad_input" });
  }
  for (const root of [rig.outside, "/", rig.directory, rig.state]) {
    expect(await rig.run("write_file", { path: "x", text: "x" }, { root })).toMatchObject({
      status: "failed",
      code: "not_a_workspace",
    });
  }
  expect(existsSync(join(rig.outside, "x"))).toBe(false);
});

it("carries out a call once, however often it comes", async () => {
  const rig = makeToolRig();
  const { executor, results, command } = withExecutor(rig);
  const [id, session] = [newId("cmd"), newId("ses")];
  const accept = () => executor.accept({ id, session, command: command(appends), ttlMs: 60_000 });
  accept();
  accept();
  await sleep(150);
  accept();
  await vi.waitFor(() => expect(results(id)).toHaveLength(1), 5_000);
  accept();
  await sleep(200);
  expect(readFileSync(join(rig.root, "ran"), "utf8")).toBe("ran\n");
  expect(results(id)[0]).toMatchObject({ status: "done", value: { type: "tool", output: { ok: true } } });
  await executor.stop();
});

it("does not run what comes late or was cancelled, and ends what is cancelled while it runs", async () => {
  const rig = makeToolRig();
  const { executor, results, command } = withExecutor(rig);
  const session = newId("ses");
  const [late, waiting, running] = [newId("cmd"), newId("cmd"), newId("cmd")];
  const nap = `7${process.pid}.5`;
  executor.accept({ id: late, session, command: command(["touch", "late"]), ttlMs: 0 });
  executor.accept({
    id: running,
    session,
    command: command(["sh", "-c", `setsid sleep ${nap} & sleep ${nap}`]),
    ttlMs: 60_000,
  });
  executor.accept({ id: waiting, session, command: command(["touch", "waiting"]), ttlMs: 60_000 });
  await vi.waitFor(() => expect(processesWith(nap).length).toBeGreaterThan(1), 5_000);
  executor.cancel(waiting, session);
  executor.cancel(running, session);
  await vi.waitFor(() => expect(results(running)).toHaveLength(1), 5_000);
  expect([late, waiting, running].map((id) => results(id))).toEqual([
    [{ status: "expired" }],
    [{ status: "cancelled" }],
    [{ status: "cancelled" }],
  ]);
  expect(processesWith(nap)).toEqual([]);
  expect(existsSync(join(rig.root, "late")) || existsSync(join(rig.root, "waiting"))).toBe(false);
  await executor.stop();
});

it("ends what runs when the daemon stops, and says so", async () => {
  const rig = makeToolRig();
  const { executor, results, command } = withExecutor(rig);
  const id = newId("cmd");
  const nap = `6${process.pid}.5`;
  executor.accept({
    id,
    session: newId("ses"),
    command: command(["sh", "-c", `trap '' TERM; while :; do sleep ${nap}; done`]),
    ttlMs: 60_000,
  });
  await vi.waitFor(() => expect(processesWith(nap).length).toBeGreaterThan(1), 5_000);
  await executor.stop();
  expect(processesWith(nap)).toEqual([]);
  expect(results(id)).toMatchObject([{ status: "failed", code: "daemon_stopped" }]);
});

it("does not end a process that has the number of a leftover by now", async () => {
  const rig = makeToolRig();
  const other = spawn("sleep", ["30"]);
  onTestFinished(() => void other.kill());
  const runs = openRunStore(rig.store);
  runs.begin("cmd_gone");
  runs.setLeader("cmd_gone", { pid: other.pid ?? 0, started: "another:1" });
  await rig.start().stop();
  expect(other.exitCode ?? other.signalCode).toBeNull();
  expect(statSync(`/proc/${other.pid}`).isDirectory()).toBe(true);
});
