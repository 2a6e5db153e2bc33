import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { CommandResult } from "../../protocol/commands.ts";
import { run } from "../run.ts";
import { makeToolRig, outputOf, processesWith } from "./testing/toolRig.ts";

const PATIENCE = { restart: 5_000, old: 600, kill: 1_500, settle: 3_000, steady: 400 };
let unique = 0;

/** A service that sleeps, told by a number of seconds that no other process has. */
function makeService(more: { restart?: string; old?: string } = {}) {
  const nap = `8${process.pid}${unique++}.5`;
  onTestFinished(() => {
    for (const pid of processesWith(nap)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it has just ended
      }
    }
  });
  const start = `setsid sleep ${nap} & sleep 0.1`;
  const stop = `pkill -x -f 'sleep ${nap}' || true`;
  const services = {
    napper: {
      status: ["echo", "up", nap],
      jobs: ["printf", "job 1\\njob 2\\n"],
      restart: [
        "sh",
        "-c",
        (more.restart ?? "STOP; START; echo restarted").replaceAll("START", start).replaceAll("STOP", stop),
      ],
      instances: ["pgrep", "-x", "-f", `sleep ${nap}`],
    },
    bare: { status: ["sh", "-c", "echo down; exit 3"], restart: ["true"] },
  };
  return { services, nap, begin: (script = start) => run({ argv: ["sh", "-c", script], timeoutMs: 5_000 }) };
}

it("shows status and jobs, and names what is configured when asked for something else", async () => {
  const { services, nap } = makeService();
  const rig = makeToolRig({ services });
  expect(await rig.output("service_status", { service: "napper" })).toEqual({
    ok: true,
    text: `up ${nap}`,
    cut: 0,
    exit_code: 0,
  });
  expect((await rig.output("service_jobs", { service: "napper" })).text).toBe("job 1\njob 2");
  expect(await rig.output("service_status", { service: "bare" })).toMatchObject({
    ok: false,
    text: "down",
    exit_code: 3,
  });
  expect(await rig.run("service_jobs", { service: "bare" })).toMatchObject({
    status: "failed",
    code: "not_configured",
  });
  for (const service of ["other", "constructor", "__proto__"]) {
    expect(await rig.run("service_restart", { service })).toMatchObject({
      status: "failed",
      code: "unknown_service",
      message: expect.stringMatching("Configured: napper, bare\\.$"),
    });
  }
  expect(await rig.run("service_restart", { service: "a b; reboot" })).toMatchObject({
    status: "failed",
    code: "bad_input",
  });
  expect(await makeToolRig().run("service_status", { service: "x" })).toMatchObject({
    message: expect.stringMatching("None is configured"),
  });
});

it("restarts, waits for the old one to go, and verifies that exactly one runs, which lives on", async () => {
  const { services, nap, begin } = makeService();
  const rig = makeToolRig({ services, patience: PATIENCE });
  await begin();
  const [old] = processesWith(nap);
  const output = await rig.output("service_restart", { service: "napper" });
  expect(output).toMatchObject({
    ok: true,
    exit_code: 0,
    text: expect.stringMatching(
      /^Exactly one instance of napper runs: process \d+ of \w+ \(sleep .*\)\.\nrestarted$/,
    ),
  });
  expect(processesWith(nap)).toHaveLength(1);
  expect(processesWith(nap)).not.toContain(old);
  await rig.part.stop();
  expect(processesWith(nap)).toHaveLength(1);
});

it("ends an old instance that the restart left", async () => {
  const { services, nap, begin } = makeService({ restart: "START" });
  const rig = makeToolRig({ services, patience: PATIENCE });
  await begin(`setsid sh -c 'trap "" TERM; exec sleep ${nap}' & sleep 0.2`);
  const [old] = processesWith(nap);
  const output = await rig.output("service_restart", { service: "napper" });
  expect(output).toMatchObject({ ok: true, text: expect.stringMatching("^Exactly one instance") });
  expect(processesWith(nap)).toHaveLength(1);
  expect(processesWith(nap)).not.toContain(old);
});

it("says that none runs, that two run, that the restart failed, and that nobody counts", async () => {
  const rigOf = (restart: string) => {
    const service = makeService({ restart });
    return { ...service, rig: makeToolRig({ services: service.services, patience: PATIENCE }) };
  };
  const none = rigOf("STOP");
  expect(await none.rig.output("service_restart", { service: "napper" })).toMatchObject({
    ok: false,
    text: "No instance of napper runs.",
  });
  const two = rigOf("START; START");
  expect(await two.rig.output("service_restart", { service: "napper" })).toMatchObject({
    ok: false,
    text: expect.stringMatching(/^2 instances of napper run: process \d+ of \w+ .*; process/),
  });
  const broken = rigOf("echo no >&2; exit 4");
  await broken.begin();
  const output = await broken.rig.output("service_restart", { service: "napper" });
  expect(output).toMatchObject({
    ok: false,
    exit_code: 4,
    text: expect.stringMatching(/^napper: the restart ended with code 4\.\nExactly one instance .*\nno$/),
  });
  expect(processesWith(broken.nap)).toHaveLength(1);
  expect(await broken.rig.output("service_restart", { service: "bare" })).toMatchObject({
    ok: true,
    text: expect.stringMatching("not verified"),
  });
});

it("names the owner of an instance that cannot be ended, and ends it by sudo where that is configured", async () => {
  const { services, nap, begin } = makeService({ restart: "START" });
  const bin = join(makeToolRig().directory, "bin");
  mkdirSync(bin);
  // A stand-in for sudo that notes what it is asked for and does nothing: as one that may not.
  writeFileSync(
    join(bin, "sudo"),
    `#!/bin/sh\nprintf '%s\\n' "$*" >> ${bin}/asked\n[ "$3" = kill ] || { shift 2; exec "$@"; }\n`,
  );
  chmodSync(join(bin, "sudo"), 0o755);
  const napper = { ...services.napper, sudo: true };
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const rig = makeToolRig({ services: { napper }, patience: PATIENCE, env });
  await begin();
  const [old] = processesWith(nap);
  const kill = process.kill.bind(process);
  // Another user's process: ours to see, not to end.
  process.kill = (pid, signal) => {
    if (pid === old && signal !== 0) throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
    return kill(pid, signal);
  };
  onTestFinished(() => {
    process.kill = kill;
  });
  const output = await rig.output("service_restart", { service: "napper" });
  process.kill = kill;
  expect(output.ok).toBe(false);
  expect(output.text).toMatch(
    new RegExp(
      `^Could not be ended: process ${old} of \\w+ \\(sleep ${nap}\\)\\.\n2 instances of napper run`,
    ),
  );
  const asked = readFileSync(join(bin, "asked"), "utf8");
  expect(asked).toMatch(/^-n -- sh -c /);
  expect(asked).toContain(`-n -- kill -TERM ${old}\n-n -- kill -KILL ${old}\n`);
});

it.runIf(process.getuid?.() === 0)(
  "cannot end what really is another user's, leaves it alone and names its owner",
  async () => {
    const { services, nap, begin } = makeService({ restart: "START" });
    const { directory } = makeToolRig();
    chmodSync(directory, 0o755);
    const own = join(directory, "nobodys");
    mkdirSync(own);
    chmodSync(own, 0o777);
    await begin();
    const [old] = processesWith(nap);
    const asked = await run({
      argv: [
        process.execPath,
        join(import.meta.dirname, "testing/restartAsNobody.ts"),
        JSON.stringify(services.napper),
        own,
      ],
      timeoutMs: 30_000,
    });
    const { text, ok } = outputOf(CommandResult.parse(JSON.parse(asked.stdout.toString("utf8"))));
    expect(ok).toBe(false);
    expect(text).toMatch(
      new RegExp(
        `^Could not be ended: process ${old} of root \\(sleep ${nap}\\)\\.\\n2 instances of napper run`,
      ),
    );
    expect(text).toMatch(/process \d+ of nobody/);
    expect(processesWith(nap)).toContain(old);
  },
);

it("restarts one after the other when two ask at once, and not at all for who cancelled before", async () => {
  const { services, nap } = makeService();
  const rig = makeToolRig({ services, patience: PATIENCE });
  const outputs = await Promise.all([
    rig.output("service_restart", { service: "napper" }),
    rig.output("service_restart", { service: "napper" }),
  ]);
  expect(outputs.map(({ ok }) => ok)).toEqual([true, true]);
  const [now] = processesWith(nap);
  expect(await rig.run("service_restart", { service: "napper" }, { signal: AbortSignal.abort() })).toEqual({
    status: "cancelled",
  });
  expect(processesWith(nap)).toEqual([now]);
});
