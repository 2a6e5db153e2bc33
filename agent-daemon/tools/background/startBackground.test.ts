import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import type { DaemonMessage } from "../../../protocol/link.ts";
import { makeToolRig, processesWith } from "../testing/toolRig.ts";

const wait = { timeout: 20_000, interval: 50 };
/** A number of seconds that no other process sleeps. */
let unique = 0;
const napping = () => `7${process.pid}${unique++}.5`;

/** A chat whose background commands are told apart from everything else, and gone when the test is over. */
function open(more: Parameters<typeof makeToolRig>[0] = {}) {
  const rig = makeToolRig(more);
  const session = newId("ses");
  const stopAll = () => rig.part.run({ type: "stop_background" }, context(session));
  onTestFinished(async () => void (await stopAll()));
  const begin = async (script: string, input: Record<string, unknown> = {}) => {
    const id = newId("cmd");
    const argv = ["sh", "-c", script];
    const output = await rig.output("run_command", { argv, background: true, ...input }, { id, session });
    return { id, output };
  };
  const look = (id: string, wait_ms = 0) =>
    rig.output("command_output", { command: id, ...(wait_ms === 0 ? {} : { wait_ms }) }, { session });
  const stop = (id: string) => rig.output("command_stop", { command: id }, { session });
  const exits = (messages: DaemonMessage[] = rig.told) =>
    messages.flatMap((message) => (message.kind === "background" ? [message.exit] : []));
  return { ...rig, session, begin, look, stop, stopAll, exits };
}

function context(session: string) {
  return { id: newId("cmd"), session, signal: new AbortController().signal };
}

it("returns at once, shows what is printed so far, and how it ended", async () => {
  const { begin, look, root, told, exits } = open();
  const { id, output } = await begin(
    "pwd; echo one; echo two >&2; until [ -e go ]; do sleep 0.05; done; echo three; exit 3",
  );
  expect(output).toMatchObject({
    ok: true,
    text: expect.stringContaining(`Runs in the background as ${id}, as process `),
  });
  await vi.waitFor(async () => expect((await look(id)).text).toContain("two"), wait);
  expect(await look(id)).toMatchObject({
    ok: true,
    text: expect.stringMatching(
      new RegExp(`^\\[still runs as process \\d+, for \\d+ s now\\]\n${root}\none\ntwo$`),
    ),
  });
  expect(exits()).toEqual([null]);
  const ending = look(id, 20_000);
  writeFileSync(join(root, "go"), "");
  expect(await ending).toEqual({
    ok: false,
    text: `[ended with code 3]\n${root}\none\ntwo\nthree`,
    cut: 0,
    exit_code: 3,
  });
  await vi.waitFor(() => expect(exits()).toEqual([null, { code: 3, signal: null, message: null }]), wait);
  expect(told.every((message) => message.kind === "background" && message.id === id)).toBe(true);
});

it("is stopped with everything it has started, wherever that went", async () => {
  for (const script of [
    "sleep NAP & sleep NAP",
    "setsid sleep NAP & (setsid sh -c 'sleep NAP & sleep NAP &' &); sleep NAP",
    "trap '' TERM INT HUP; setsid sh -c 'trap \"\" TERM; while :; do sleep NAP; done' & while :; do sleep NAP; done",
  ]) {
    const { begin, stop, look } = open();
    const nap = napping();
    const { id } = await begin(script.replaceAll("NAP", nap));
    await vi.waitFor(() => expect(processesWith(nap).length).toBeGreaterThan(1), wait);
    expect((await stop(id)).text).toBe("Stopped, with everything it had started.");
    expect(processesWith(nap)).toEqual([]);
    expect((await look(id)).text).toMatch(/^\[It was stopped\.\]/);
    expect((await stop(id)).text).toBe("It was stopped.");
  }
});

it("leaves nothing behind when it ends by itself: a fork in a session of its own ends with it", async () => {
  const { begin, look } = open();
  const nap = napping();
  const { id } = await begin(
    `(setsid sh -c 'sleep ${nap} & sleep ${nap} &' >/dev/null 2>&1 &); sleep 0.3; echo done`,
  );
  expect((await look(id, 20_000)).text).toBe("[ended with code 0]\ndone");
  expect(processesWith(nap)).toEqual([]);
});

it("outlives the daemon: the next one follows it, tells its end once, and can stop it", async () => {
  const first = open();
  const nap = napping();
  const [slow, long] = [await first.begin("sleep 1.5; echo late"), await first.begin(`sleep ${nap}`)];
  await first.part.stop();
  expect(processesWith(nap).length).toBeGreaterThan(0);
  await vi.waitFor(() => expect(processesWith("sleep 1.5; echo late")).toEqual([]), wait);
  expect(first.exits()).toEqual([null, null]);

  const told: DaemonMessage[] = [];
  const outlet = { put: (messages: DaemonMessage[]) => (told.push(...messages), true), lost() {} };
  const again = makeToolRig({ directory: first.directory, database: join(first.directory, "2.db"), outlet });
  const { session } = first;
  await vi.waitFor(() => expect(told).toMatchObject([{ id: slow.id, exit: { code: 0 } }]), wait);
  expect(await again.output("command_output", { command: slow.id }, { session })).toMatchObject({
    text: "[ended with code 0]\nlate",
  });
  expect((await again.output("command_stop", { command: long.id }, { session })).text).toMatch(/^Stopped/);
  expect(processesWith(nap)).toEqual([]);
  await vi.waitFor(() => expect(told).toHaveLength(2), wait);
  await again.part.stop();
  const third: DaemonMessage[] = [];
  const last = makeToolRig({
    directory: first.directory,
    database: join(first.directory, "3.db"),
    outlet: { put: (messages) => (third.push(...messages), true), lost() {} },
  });
  await last.part.stop();
  expect(third).toEqual([]);
});

it("is ended by the daemon itself when its supervisor was killed", async () => {
  const { begin, look, stop, state, session } = open();
  const nap = napping();
  const { id } = await begin(`setsid sleep ${nap} & sleep ${nap}`);
  await vi.waitFor(() => expect(processesWith(nap).length).toBeGreaterThan(1), wait);
  const claim: { pid: number } = JSON.parse(
    readFileSync(join(state, "background", session, id, "claim.json"), "utf8"),
  );
  process.kill(claim.pid, "SIGKILL");
  expect((await look(id)).text).toMatch(/^\[still runs/);
  expect((await stop(id)).text).toMatch(/^Stopped/);
  expect(processesWith(nap)).toEqual([]);
  expect((await look(id)).text).toMatch(/^\[It has ended; how is not known\.\]/);
});

it("ends with its session, unless it was to be kept; another session has none of it", async () => {
  const { begin, stop, stopAll, run, exits } = open();
  const [nap, kept] = [napping(), napping()];
  const gone = await begin(`sleep ${nap}`);
  const { id } = await begin(`sleep ${kept}`, { keep: true });
  for (const tool of ["command_output", "command_stop"]) {
    expect(await run(tool, { command: id })).toMatchObject({ status: "failed", code: "no_such_command" });
    expect(await run(tool, { command: "../x" })).toMatchObject({ status: "failed", code: "bad_input" });
  }
  expect(await stopAll()).toMatchObject({ status: "done" });
  expect(processesWith(nap)).toEqual([]);
  expect(processesWith(kept).length).toBeGreaterThan(0);
  await vi.waitFor(() => expect(exits().at(-1)).toMatchObject({ message: "It was stopped." }), wait);
  expect((await stop(gone.id)).text).toBe("It was stopped.");
  await stop(id);
  expect(processesWith(kept)).toEqual([]);
});

it("ends when its time is over, and says what could not be started", async () => {
  const { begin, look, output, session } = open();
  const { id } = await begin(`echo begun; sleep ${napping()}`, { timeout_ms: 500 });
  expect((await look(id, 20_000)).text).toBe("[It was ended after 0.5 s: its time was over.]\nbegun");
  const none = { argv: ["no-such-program"], background: true };
  expect(await output("run_command", none, { session })).toMatchObject({
    ok: false,
    text: expect.stringContaining("could not be started"),
  });
});

it("shows the end of much, from a line's beginning, and binary as such", async () => {
  const { begin, look } = open();
  const much = await begin("seq 1 100000");
  const { text, cut } = await look(much.id, 20_000);
  expect(text).toMatch(/^\[ended with code 0\]\n\[\d+ bytes before this\]\n\d+\n/);
  expect(text.endsWith("\n99999\n100000")).toBe(true);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(32 * 1024);
  expect(cut).toBeGreaterThan(500_000);
  const binary = await begin("head -c 5000 /dev/urandom");
  expect((await look(binary.id, 20_000)).text).toMatch(/\[binary, 5000 bytes/);
});
