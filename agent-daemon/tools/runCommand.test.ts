import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { newId } from "../../protocol/ids.ts";
import { DaemonStops } from "../parts.ts";
import { runCommandTool } from "./runCommand.ts";
import { callsDir } from "./runner/callFiles.ts";
import { openRunStore } from "./runner/runStore.ts";
import { startRunner } from "./runner/startRunner.ts";
import { NO_SECRETS } from "./secretPlaces.ts";
import { makeToolRig, processesWith } from "./testing/toolRig.ts";

const MB = 1024 * 1024;
/** A number of seconds that no other process sleeps. */
let unique = 0;
const napping = () => `9${process.pid}${unique++}.5`;

it("runs a program in the workspace and gives output of both streams, and its code", async () => {
  const rig = makeToolRig();
  mkdirSync(join(rig.root, "sub"));
  expect(
    await rig.output("run_command", {
      argv: ["sh", "-c", "pwd; echo $PWD; echo err >&2; exit 3"],
      cwd: "sub",
    }),
  ).toEqual({
    ok: false,
    text: expect.stringMatching(/^.*\/ws\/sub\n.*\/ws\/sub\nerr$/),
    cut: 0,
    exit_code: 3,
  });
  expect(await rig.output("run_command", { argv: ["true"] })).toEqual({
    ok: true,
    text: "(no output)",
    cut: 0,
    exit_code: 0,
  });
});

it("passes arguments as they are: no shell, no line feed, no option gets anywhere", async () => {
  const rig = makeToolRig();
  const args = [
    "a b",
    "$HOME",
    "x\ntouch pwned",
    "; touch pwned",
    "`touch pwned`",
    "--output=pwned",
    "",
    "*",
  ];
  const { text } = await rig.output("run_command", { argv: ["printf", "%s|", ...args] });
  expect(text).toBe(`${args.join("|")}|`);
  expect(existsSync(join(rig.root, "pwned"))).toBe(false);
  expect(await rig.output("run_command", { argv: ["echo\ntouch pwned"] })).toMatchObject({
    ok: false,
    exit_code: null,
  });
  expect(await rig.output("run_command", { argv: ["echo", "a\0b"] })).toMatchObject({
    ok: false,
    text: expect.stringMatching("could not be started"),
  });
  expect(await rig.output("run_command", { argv: ["no-such-program"] })).toMatchObject({
    ok: false,
    text: "There is no program no-such-program on this host.",
  });
  expect(await rig.run("run_command", { argv: [""] })).toMatchObject({ status: "failed", code: "bad_input" });
  expect(await rig.run("run_command", { argv: [] })).toMatchObject({ status: "failed", code: "bad_input" });
  expect(await rig.run("run_command", { argv: ["true"], timeout_ms: 120_001 })).toMatchObject({
    status: "failed",
    code: "bad_input",
  });
});

it("refuses a directory outside, also one that is swapped for a link", async () => {
  const rig = makeToolRig();
  symlinkSync(rig.outside, join(rig.root, "away"));
  for (const cwd of ["..", "away", rig.outside, "/", "a\nb"]) {
    expect(await rig.run("run_command", { argv: ["touch", "pwned"], cwd }), cwd).toMatchObject({
      status: "failed",
      code: "outside_workspace",
    });
  }
  expect(
    await rig.run("run_command", { argv: ["pwd"], cwd: rig.outside }, { outside: [rig.outside] }),
  ).toMatchObject({ status: "failed" });
  expect(await rig.output("run_command", { argv: ["pwd"], cwd: "none" })).toMatchObject({
    ok: false,
    text: "There is no none.",
  });
  mkdirSync(join(rig.root, "sub"));
  // Swapped at the last moment before the program starts: it runs in the directory that was allowed.
  const runs = openRunStore(rig.store);
  const swapping = {
    ...runs,
    begin(id: string) {
      renameSync(join(rig.root, "sub"), join(rig.root, "was"));
      symlinkSync(rig.outside, join(rig.root, "sub"));
      return runs.begin(id);
    },
  };
  const self = { selfPath: join(import.meta.dirname, "testing/commandProgram.ts") };
  const runner = startRunner({ dir: callsDir(rig.state), self, env: process.env, log: () => {} });
  onTestFinished(() => runner.close());
  await runCommandTool(
    { argv: ["touch", "here"], cwd: "sub" },
    {
      id: newId("cmd"),
      session: newId("ses"),
      signal: new AbortController().signal,
      place: { root: rig.root, outside: [], closed: [], secrets: NO_SECRETS },
    },
    {
      runs: swapping,
      runner,
      env: process.env,
      background: { start: () => Promise.reject(new Error("none")) },
    },
  );
  expect(existsSync(join(rig.outside, "here"))).toBe(false);
  expect(existsSync(join(rig.root, "was/here"))).toBe(true);
});

it("gives programs a small environment without anything of the daemon's", async () => {
  const rig = makeToolRig({
    env: {
      PATH: process.env.PATH,
      HOME: "/home/x",
      LANG: "C.UTF-8",
      API_KEY: "secret",
      SSH_AUTH_SOCK: "/s",
      NODE_OPTIONS: "--x",
      TMUX: "t",
      GIT_DIR: "/g",
      LD_PRELOAD: "/l.so",
    },
  });
  const { text } = await rig.output("run_command", { argv: ["env"] });
  const names = text
    .split("\n")
    .map((line) => line.split("=")[0])
    .sort();
  expect(names).toEqual([
    "GIT_PAGER",
    "GIT_TERMINAL_PROMPT",
    "HOME",
    "LANG",
    "NO_COLOR",
    "PAGER",
    "PATH",
    "PWD",
    "SIGNALBOX_CALL",
    "TERM",
  ]);
});

it("keeps head and tail of huge output and counts the rest; shows binary output as such", async () => {
  const rig = makeToolRig();
  const script = `process.stdout.write("HEAD" + "ü".repeat(${5 * MB}) + "TAIL")`;
  const huge = await rig.output("run_command", { argv: [process.execPath, "-e", script] });
  expect(huge).toMatchObject({ ok: true, exit_code: 0 });
  expect(huge.text).toMatch(/^HEADü+\n\[… \d+ bytes cut …\]\nü+TAIL$/);
  expect(Buffer.byteLength(huge.text)).toBeLessThanOrEqual(32 * 1024);
  const kept = Buffer.byteLength(huge.text.replace(/\n\[.*\]\n/, ""));
  expect(huge.cut + kept).toBe(10 * MB + 8);
  const binary = await rig.output("run_command", { argv: ["head", "-c", "100000", "/dev/urandom"] });
  expect(binary.text).toMatch(/^\[binary, 100000 bytes; the first 64 in hex\]\n([0-9a-f]{2} ?){64}$/);
  expect(binary.cut).toBe(100_000 - 64);
  // Names that end in NUL are text all the same.
  expect((await rig.output("run_command", { argv: ["printf", "some/file\\0another/file\\0"] })).text).toBe(
    "some/file␀another/file␀",
  );
});

it("ends a command that ignores SIGTERM, two seconds after its time is over, with what it printed", async () => {
  const rig = makeToolRig();
  const nap = napping();
  const began = Date.now();
  const output = await rig.output("run_command", {
    argv: ["sh", "-c", `trap '' TERM INT HUP; echo begun; while :; do sleep ${nap}; done`],
    timeout_ms: 300,
  });
  expect(output).toEqual({
    ok: false,
    text: "begun\n[ended after 0.3 s: its time was over]",
    cut: 0,
    exit_code: null,
  });
  expect(Date.now() - began).toBeGreaterThan(2_200);
  expect(Date.now() - began).toBeLessThan(6_000);
  expect(processesWith(nap)).toEqual([]);
});

it("leaves a program the time to end by itself after SIGTERM", async () => {
  const rig = makeToolRig();
  const output = await rig.output("run_command", {
    argv: ["sh", "-c", "trap 'sleep 0.3; echo tidy; exit 0' TERM; echo begun; while :; do sleep 0.05; done"],
    timeout_ms: 300,
  });
  expect(output.text).toMatch(/^begun\n(?:Terminated\n)?tidy\n\[ended after 0\.3 s: its time was over\]$/);
});

it("ends what outlives its parent: in its group, in a session of its own, without its parent, or deaf to SIGTERM", async () => {
  const rig = makeToolRig();
  for (const fork of [
    (nap: string) => `sleep ${nap} & echo done`,
    (nap: string) => `setsid sleep ${nap} >/dev/null 2>&1 & echo done`,
    (nap: string) => `env -i sleep ${nap} & echo done`,
    (nap: string) => `(setsid sh -c 'sleep ${nap} & sleep ${nap} &' >/dev/null 2>&1 &); sleep 0.1; echo done`,
    (nap: string) =>
      `setsid sh -c 'trap "" TERM; while :; do sleep ${nap}; done' >/dev/null 2>&1 & sleep 0.1; echo done`,
  ]) {
    const nap = napping();
    const output = await rig.output("run_command", { argv: ["sh", "-c", fork(nap)] });
    expect(output.text).toMatch(
      /^done\n\[(?:a process|\d processes) that it had left behind ended with it\]$/,
    );
    expect(output).toMatchObject({ ok: true, exit_code: 0 });
    expect(processesWith(nap)).toEqual([]);
  }
});

it("ends a tree of processes at timeout, those with sessions of their own too", async () => {
  const rig = makeToolRig();
  const nap = napping();
  await rig.output("run_command", {
    argv: [
      "sh",
      "-c",
      `sleep ${nap} & setsid sh -c 'sleep ${nap} & env -i setsid sleep ${nap}' & sleep ${nap}`,
    ],
    timeout_ms: 400,
  });
  expect(processesWith(nap)).toEqual([]);
});

it("ends with the call that is cancelled; one that was cancelled before never starts", async () => {
  const rig = makeToolRig();
  const nap = napping();
  const controller = new AbortController();
  const running = rig.run(
    "run_command",
    { argv: ["sh", "-c", `setsid sleep ${nap} & sleep ${nap}`] },
    { signal: controller.signal },
  );
  await vi.waitFor(() => expect(processesWith(nap).length).toBeGreaterThan(1), 5_000);
  controller.abort(new Error("The command was cancelled."));
  expect(await running).toEqual({ status: "cancelled" });
  expect(processesWith(nap)).toEqual([]);
  expect(await rig.run("run_command", { argv: ["touch", "late"] }, { signal: AbortSignal.abort() })).toEqual({
    status: "cancelled",
  });
  expect(existsSync(join(rig.root, "late"))).toBe(false);
});

it("says that the daemon stopped, where that was it", async () => {
  const rig = makeToolRig();
  const controller = new AbortController();
  const running = rig.run("run_command", { argv: ["sleep", "60"] }, { signal: controller.signal });
  await sleep(200);
  controller.abort(new DaemonStops());
  expect(await running).toMatchObject({ status: "failed", code: "daemon_stopped" });
});

it("runs calls of several sessions side by side without mixing their processes", async () => {
  const rig = makeToolRig();
  const outputs = await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      rig.output("run_command", { argv: ["sh", "-c", `sleep 0.${n}; echo ${n} > f${n}; echo ${n}`] }),
    ),
  );
  expect(outputs.map(({ text }) => text)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
  writeFileSync(join(rig.root, "x"), "");
  expect(readFileSync(join(rig.root, "f7"), "utf8")).toBe("7\n");
});
