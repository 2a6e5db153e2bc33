import { writeFileSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CLOSE } from "../../protocol/closeCodes.ts";
import { CONSOLE, encodeConsole } from "../../protocol/consoleFrames.ts";
import { newId } from "../../protocol/ids.ts";
import { CONSOLE_WINDOW_BYTES } from "../../protocol/limits.ts";
import { makeRig, noTmux, type Rig } from "../tmux/rig/tmuxRig.ts";
import type { TmuxPart } from "../tmux/tmuxPart.ts";
import { startEdgeStandIn, type EdgeStandIn, type StandInViewer } from "./rig/edgeStandIn.ts";
import { startConsoles, type Consoles } from "./startConsoles.ts";

let rig: Rig;
let part: TmuxPart;
let edge: EdgeStandIn;
let consoles: Consoles;
beforeEach(async () => {
  rig = makeRig();
  part = await rig.start({ poll_ms: 500 });
  edge = await startEdgeStandIn();
  consoles = startConsoles({
    url: edge.url,
    token: "sbh.token",
    tmux: part,
    log: (...line) => void log.push(line),
  });
});
afterEach(async () => {
  await consoles.stop();
  await edge.end();
  await rig.end();
});
const log: unknown[] = [];

async function paneWith(
  argv: string[],
  size: { cols?: number; rows?: number } = {},
): Promise<{ session: string; pane: string }> {
  const session = newId("ses");
  const result = await rig.command(part, session, { type: "spawn", cwd: rig.directory, argv, ...size });
  if (result.status !== "done" || result.value.type !== "pane") throw new Error(JSON.stringify(result));
  return { session, pane: result.value.pane.pane };
}

async function until(check: () => void, timeout = 5_000): Promise<void> {
  await vi.waitFor(check, { timeout, interval: 10 });
}

function pipes(): string {
  return rig.tmux("default", "list-panes", "-a", "-F", "#{pane_pipe}").trim().replaceAll("\n", "");
}

function tmuxText(pane: string): string {
  return rig
    .tmux("default", "capture-pane", "-p", "-t", pane)
    .split("\n")
    .slice(0, -1)
    .map((row) => row.trimEnd())
    .join("\n");
}

/** tmux itself loses what a program prints just before it ends; the tests are not about that. */
const DRAINED = "sleep 1";
const FLOOD = [
  "sh",
  "-c",
  "i=0; while :; do seq -f 'flood line %.0f with some more text to it' $((i*5000)) $((i*5000+4999)); i=$((i+1)); done",
];

describe.skipIf(noTmux !== null)(`a console (${noTmux ?? "real tmux"})`, () => {
  it("shows a pane, types, and stops reading when nobody watches", async () => {
    const { session, pane } = await paneWith(["sh"]);
    const object = edge.session(session);
    const viewer = object.join();
    consoles.watch(session);
    consoles.watch(session);
    await until(() => expect(viewer.snapshots).toMatchObject([{ fresh: true }]));
    expect(viewer.notes).toEqual([{ state: "live" }]);
    expect([edge.tokens, object.connections]).toEqual([["Bearer sbh.token"], 1]);
    viewer.type("echo ünïcode 世界 $((6*7))\r");
    await until(() => expect(viewer.text()).toContain("\nünïcode 世界 42"));
    expect(viewer.text()).toBe(tmuxText(pane));
    expect(pipes()).toBe("1");
    object.part(viewer);
    await until(() => expect(pipes()).toBe("0"));
    const back = object.join();
    await until(() => expect(back.text()).toBe(tmuxText(pane)));
    consoles.unwatch(session);
    await until(() => expect(pipes()).toBe("0"));
    expect(object.socket?.readyState).not.toBe(1);
    await until(() => expect(readdirSync(join(rig.directory, "state", "pipes"))).toEqual([]));
  });

  it("takes arrows, Ctrl-C, and a paste of 200 kB between keys, in order", async () => {
    const file = join(rig.directory, "got");
    const { session } = await paneWith([
      "sh",
      "-c",
      `stty raw -echo; printf '\\033[?2004hready'; exec cat > ${file}`,
    ]);
    const viewer = edge.session(session).join();
    consoles.watch(session);
    await until(() => expect(viewer.text()).toContain("ready"));
    const big = Array.from(
      { length: 4_000 },
      (_, i) => `line ${i} ünïcode and some more text to be long enough\n`,
    ).join("");
    viewer.type("\x1b[A\x03");
    viewer.paste(`${big}\x1b[201~`);
    viewer.type("after");
    viewer.type("\r");
    await until(
      () => expect(readFileSync(file, "utf8")).toBe(`\x1b[A\x03\x1b[200~${big}\x1b[201~after\r`),
      10_000,
    );
  });

  it("shows two viewers the same; who joins gets history, who was there keeps it", async () => {
    const { session, pane } = await paneWith(["sh", "-c", "seq 500; exec sh"]);
    const object = edge.session(session);
    const one = object.join();
    consoles.watch(session);
    await until(() => expect(one.snapshots).toHaveLength(1));
    one.type("echo first\r");
    await until(() => expect(one.text()).toContain("\nfirst"));
    const two = object.join();
    await until(() => expect(two.text()).toContain("\nfirst"));
    expect(two.snapshots).toMatchObject([{ fresh: true }]);
    expect(one.snapshots).toMatchObject([{ fresh: true }, { fresh: false }]);
    two.type("echo second\r");
    await until(() => {
      expect(one.text()).toContain("\nsecond");
      expect(two.text()).toContain("\nsecond");
    });
    expect(one.text()).toBe(tmuxText(pane));
    expect(two.text()).toBe(tmuxText(pane));
    for (const viewer of [one, two]) expect(viewer.terminal?.lines().slice(0, 3)).toEqual(["1", "2", "3"]);
    const lines = one.terminal?.lines().filter((line) => line !== "") ?? [];
    expect(lines).toEqual([...new Set(lines)]);
  });

  it("renders a full-screen program for one that joins later, and after a resize", async () => {
    writeFileSync(join(rig.directory, "code.c"), "int main(void) { return 0; } /* 世界 */\n".repeat(60));
    const { session, pane } = await paneWith(
      ["vim", "-u", "NONE", "-N", "-c", "syntax on|set nu laststatus=2", "code.c"],
      { cols: 80, rows: 24 },
    );
    const object = edge.session(session);
    const one = object.join();
    consoles.watch(session);
    await until(() => expect(one.text()).toContain("int main"));
    one.type("10G");
    const two = object.join();
    one.resize(100, 30);
    await until(() => {
      expect(one.text()).toBe(tmuxText(pane));
      expect(two.text()).toBe(tmuxText(pane));
      expect(one.text().split("\n")).toHaveLength(30);
    });
    expect(two.terminal?.alternate).toBe(true);
    two.type(":q!\r");
    await until(() => expect(two.notes.at(-1)).toEqual({ state: "ended", reason: "It ended with code 0." }));
    const late = object.join();
    await until(() => expect(late.notes.at(-1)).toMatchObject({ state: "ended" }));
  });

  it("delivers a flood to a viewer that keeps up without a hole", { timeout: 30_000 }, async () => {
    const { session } = await paneWith(["sh", "-c", "read go; seq 200000; echo done; sleep 1000"]);
    const viewer = edge.session(session).join();
    consoles.watch(session);
    await until(() => expect(viewer.snapshots).toHaveLength(1));
    viewer.type("\r");
    await until(() => expect(viewer.text()).toContain("done"), 20_000);
    expect(viewer.text()).toMatch(/199999\n200000\ndone/);
    if (viewer.leaves === 0) {
      const numbers = (viewer.terminal?.lines() ?? []).filter((line) => /^\d+$/.test(line)).map(Number);
      const first = numbers[0] ?? 0;
      expect(numbers).toEqual(numbers.map((_, i) => first + i));
    }
  });

  it("shows the end of a flood to one that was out of step when its program ended", async () => {
    const { session } = await paneWith(["sh", "-c", `read go; seq 200000; echo done; ${DRAINED}`]);
    const viewer = edge.session(session).join();
    consoles.watch(session);
    await until(() => expect(viewer.snapshots).toHaveLength(1));
    viewer.type("\r");
    viewer.drawing = false;
    await until(async () => {
      await part.refresh();
      expect(part.paneState(session).state).toBe("ended");
    }, 10_000);
    viewer.drawing = true;
    await until(() => expect(viewer.text()).toMatch(/199999\n200000\ndone/));
    expect(viewer.notes.at(-1)).toMatchObject({ state: "ended" });
  });

  it(
    "keeps what is on its way bounded for a stalled viewer, and shows it the present when it is back",
    { timeout: 30_000 },
    async () => {
      const { session } = await paneWith(FLOOD);
      const object = edge.session(session);
      const viewer = object.join();
      consoles.watch(session);
      await until(() => expect(viewer.outputBytes).toBeGreaterThan(10_000));
      viewer.drawing = false;
      await until(() => expect(viewer.leaves).toBe(1));
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(viewer.mostOutstanding).toBeLessThan(2 * CONSOLE_WINDOW_BYTES);
      expect(pipes()).toBe("0");
      const stalledAt = viewer.outputBytes;
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(viewer.outputBytes).toBe(stalledAt);
      viewer.drawing = true;
      await until(() => expect(viewer.snapshots.length).toBeGreaterThan(1));
      expect(viewer.snapshots.slice(1).every((snapshot) => !snapshot.fresh)).toBe(true);
      await until(() => expect(viewer.outputBytes).toBeGreaterThan(stalledAt + 100_000));
    },
  );

  it("paces to the fast viewer while a slow one sees snapshots", { timeout: 30_000 }, async () => {
    const { session } = await paneWith(FLOOD);
    const object = edge.session(session);
    const fast = object.join();
    const slow = object.join();
    consoles.watch(session);
    await until(() => {
      expect(fast.inStep).toBe(true);
      expect(slow.inStep).toBe(true);
    });
    slow.delayMs = 60;
    const before = fast.outputBytes;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(slow.leaves).toBeGreaterThan(0);
    expect(slow.snapshots.length).toBeGreaterThan(1);
    expect(slow.mostOutstanding).toBeLessThan(2 * CONSOLE_WINDOW_BYTES);
    expect(fast.outputBytes - before).toBeGreaterThan(4 * (slow.outputBytes || 1));
  });

  it("lets no flood delay the keys of another pane", { timeout: 30_000 }, async () => {
    const flood = await paneWith(FLOOD);
    const quiet = await paneWith(["cat"]);
    const noisy = edge.session(flood.session).join();
    const viewer = edge.session(quiet.session).join();
    consoles.watch(flood.session);
    consoles.watch(quiet.session);
    await until(() => expect(noisy.outputBytes).toBeGreaterThan(100_000));
    await until(() => expect(viewer.snapshots).toHaveLength(1));
    const times: number[] = [];
    for (let i = 0; i < 100; i++) {
      const seen = viewer.outputBytes;
      const began = performance.now();
      viewer.type("x");
      while (viewer.outputBytes === seen) await new Promise((resolve) => setImmediate(resolve));
      times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    console.log(
      `key while another pane floods: p50 ${times[50]?.toFixed(2)} ms, p99 ${times[98]?.toFixed(2)} ms (stand-in and terminals in the same process)`,
    );
    expect(times[50]).toBeLessThan(50);
  });

  it(
    "shows snapshots when somebody else records the pane, says so, and takes the bytes when that ends",
    { timeout: 30_000 },
    async () => {
      const { session, pane } = await paneWith(["sh"]);
      rig.tmux("default", "pipe-pane", "-O", "-t", pane, `cat > ${join(rig.directory, "theirs")}`);
      const object = edge.session(session);
      const viewer = object.join();
      consoles.watch(session);
      await until(() =>
        expect(viewer.notes).toContainEqual({
          state: "refused",
          reason: expect.stringMatching(/records this pane/),
        }),
      );
      viewer.type("echo polled\r");
      await until(() => expect(viewer.text()).toContain("\npolled"));
      expect(viewer.snapshots[0]).toMatchObject({ fresh: true });
      expect(viewer.snapshots.length).toBeGreaterThan(1);
      expect(viewer.outputBytes).toBe(0);
      expect(viewer.notes.filter((note) => note.state === "refused")).toHaveLength(1);
      const late = object.join();
      await until(() => expect(late.text()).toContain("\npolled"));
      expect(late.snapshots[0]).toMatchObject({ fresh: true });
      rig.tmux("default", "pipe-pane", "-t", pane);
      await until(() => expect(pipes()).toBe("1"), 15_000);
      viewer.type("echo live\r");
      await until(() => expect(viewer.text()).toContain("\nlive"));
      expect(viewer.outputBytes).toBeGreaterThan(0);
      // and the other way round: its pipe is taken while it shows
      rig.tmux("default", "pipe-pane", "-O", "-t", pane, `cat > ${join(rig.directory, "theirs")}`);
      viewer.type("echo taken\r");
      await until(() => expect(viewer.text()).toContain("\ntaken"), 10_000);
      expect(pipes()).toBe("1");
    },
  );

  it("refuses what is malformed or too much, and goes on", async () => {
    const { session } = await paneWith(["cat"]);
    const object = edge.session(session);
    const viewer = object.join();
    consoles.watch(session);
    await until(() => expect(viewer.snapshots).toHaveLength(1));
    object.send(Uint8Array.of(1, 2));
    object.send(encodeConsole(CONSOLE.resize, viewer.number, Uint8Array.of(1)));
    object.send(encodeConsole(CONSOLE.credit, viewer.number, Uint8Array.of(1)));
    object.send(encodeConsole(CONSOLE.paste, viewer.number, Uint8Array.of(0xff, 0xfe)));
    object.send(encodeConsole(CONSOLE.paste, viewer.number, new Uint8Array(800 * 1024)));
    object.send(encodeConsole(CONSOLE.input, viewer.number, new Uint8Array(100 * 1024)));
    object.send(encodeConsole(CONSOLE.output, viewer.number, new Uint8Array(3)));
    const unknown = encodeConsole(CONSOLE.input, viewer.number, Buffer.from("no"));
    unknown[0] = 99;
    object.send(unknown);
    viewer.resize(5, 2);
    viewer.type("");
    await until(() => expect(viewer.notes.filter((note) => note.state === "refused")).toHaveLength(7));
    viewer.type("still here\r");
    await until(() => expect(viewer.text()).toContain("still here"));
    expect(viewer.text()).not.toContain("no");
  });

  it("says that a pane has ended, also when its whole server dies", async () => {
    const { session } = await paneWith(["sh", "-c", "read go; echo last words"]);
    const other = await paneWith(["cat"]);
    const viewers = [session, other.session].map((id) => edge.session(id).join());
    consoles.watch(session);
    consoles.watch(other.session);
    await until(() => expect(viewers.map((viewer) => viewer.snapshots.length)).toEqual([1, 1]));
    viewers[0]?.type("\r");
    await until(() =>
      expect(viewers[0]?.notes.at(-1)).toEqual({ state: "ended", reason: "It ended with code 0." }),
    );
    expect(viewers[0]?.text()).toContain("last words");
    rig.tmux("default", "kill-server");
    await until(() =>
      expect(viewers[1]?.notes.at(-1)).toEqual({ state: "ended", reason: "The tmux server ended." }),
    );
    viewers[1]?.type("x");
    await until(() => expect(viewers[1]?.notes.at(-1)).toMatchObject({ state: "refused" }));
  });

  it("comes back after its connection broke, and starts anew", async () => {
    const { session, pane } = await paneWith(["cat"]);
    const object = edge.session(session);
    const viewer = object.join();
    consoles.watch(session);
    await until(() => expect(viewer.snapshots).toHaveLength(1));
    for (let round = 2; round <= 4; round++) {
      object.socket?.terminate();
      viewer.type("lost");
      await until(() => expect(viewer.snapshots).toHaveLength(round));
      viewer.type(`round ${round}\r`);
      await until(() => {
        expect(viewer.text()).toContain(`round ${round}`);
        expect(viewer.text()).toBe(tmuxText(pane));
      });
    }
    expect(object.connections).toBe(4);
    expect(viewer.snapshots.every((snapshot) => snapshot.fresh)).toBe(true);
  });

  it.each([
    [CLOSE.nobodyWatching, 1],
    [CLOSE.unauthenticated, 1],
    [CLOSE.internal, 3],
  ])("after close code %i it has tried %i times or more", async (code, tries) => {
    const { session } = await paneWith(["cat"]);
    edge.refuseWith = code;
    consoles.watch(session);
    await until(() => expect(edge.tokens.length).toBeGreaterThanOrEqual(tries));
    await new Promise((resolve) => setTimeout(resolve, 800));
    if (tries === 1) {
      expect(edge.tokens).toHaveLength(1);
      // asked again, it tries again
      edge.refuseWith = null;
      const viewer = edge.session(session).join();
      consoles.watch(session);
      await until(() => expect(viewer.snapshots).toHaveLength(1));
    }
  });

  it("shows a session whose viewer was there before its pane", async () => {
    const session = newId("ses");
    const viewer = edge.session(session).join();
    consoles.watch(session);
    await until(() => expect(viewer.notes).toMatchObject([{ state: "waiting" }]));
    await rig.command(part, session, {
      type: "spawn",
      cwd: rig.directory,
      argv: ["sh", "-c", "echo here; cat"],
    });
    await until(() => expect(viewer.text()).toContain("here"));
    expect(viewer.notes.at(-1)).toEqual({ state: "live" });
  });

  it("says that a session has no terminal here, and ignores what is no session", async () => {
    const unknown = newId("ses");
    const viewer = edge.session(unknown).join();
    consoles.watch(unknown);
    consoles.watch("../../etc");
    await until(() =>
      expect(viewer.notes).toEqual([{ state: "waiting", reason: expect.stringMatching(/no terminal/) }]),
    );
    viewer.type("x");
    await until(() => expect(viewer.notes.at(-1)).toMatchObject({ state: "refused" }));
    expect(edge.tokens).toHaveLength(1);
  });

  it(
    "lets viewers come and go wildly while the pane floods, and everybody ends up with the same screen",
    { timeout: 60_000 },
    async () => {
      const { session, pane } = await paneWith([
        "sh",
        "-c",
        "i=0; while [ $i -lt 60 ]; do seq $((i*2000)) $((i*2000+1999)); sleep 0.05; i=$((i+1)); done; echo finished; cat",
      ]);
      const object = edge.session(session);
      consoles.watch(session);
      let seed = 7;
      const random = (below: number) => {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
        return seed % below;
      };
      const viewers: StandInViewer[] = [object.join()];
      for (let step = 0; step < 80; step++) {
        const viewer = viewers[random(viewers.length)];
        const what = random(7);
        if (what <= 1 || viewer === undefined) viewers.push(object.join());
        else if (what === 2 && viewers.length > 1) {
          viewers.splice(viewers.indexOf(viewer), 1);
          object.part(viewer);
        } else if (what === 3) viewer.delayMs = random(30);
        else if (what === 4) viewer.resize(60 + random(60), 10 + random(30));
        else if (what === 5) object.socket?.terminate();
        else viewer.drawing = random(3) > 0;
        await new Promise((resolve) => setTimeout(resolve, random(80)));
      }
      for (const viewer of viewers) {
        viewer.drawing = true;
        viewer.delayMs = 0;
      }
      await until(() => expect(tmuxText(pane)).toContain("finished"), 30_000);
      await until(() => {
        for (const viewer of viewers) expect(viewer.text()).toBe(tmuxText(pane));
      }, 15_000);
      expect(log.filter((line) => Array.isArray(line) && line[0] === "error")).toEqual([]);
    },
  );
});
