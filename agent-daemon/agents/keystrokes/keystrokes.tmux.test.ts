import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DaemonMessage } from "../../../protocol/link.ts";
import { ScreenPrompt } from "../../../protocol/requests.ts";
import { newId } from "../../../protocol/ids.ts";
import type { Part } from "../../parts.ts";
import { eventually } from "../../testing/program.ts";
import { eventsOf, makeRig, noTmux, type Rig, sessionsByPane } from "../../tmux/rig/tmuxRig.ts";
import { openRequestStore } from "../requests/openRequestStore.ts";
import { type KeystrokesDeps, startKeystrokes } from "./startKeystrokes.ts";
import * as z from "zod";

const ASKER = join(import.meta.dirname, "testing/asker.mjs");

let rig: Rig;
let part: Part | null;
let notes: string;
beforeEach(() => {
  rig = makeRig();
  part = null;
  notes = join(rig.directory, "notes");
});
afterEach(async () => {
  await part?.stop();
  await rig.end();
});

const told = <K extends DaemonMessage["kind"]>(kind: K) =>
  rig.messages.filter((message): message is Extract<DaemonMessage, { kind: K }> => message.kind === kind);
const requests = () => told("request").map(({ request }) => request);
const ends = () => told("request_ended").map(({ end }) => end);
const noted = () => (existsSync(notes) ? readFileSync(notes, "utf8").trim().split("\n") : []);
const session = (pane = "%0") => sessionsByPane(rig.messages).get(`default ${pane}`) ?? "";

function run(...argv: string[]): void {
  rig.tmux("default", "new-session", "-d", "-x", "100", "-y", "30", ...argv);
}
async function ask(kind: string): Promise<void> {
  run(process.execPath, ASKER, kind, notes);
  await eventually("the prompt", () => /Delete/.test(rig.tmux("default", "capture-pane", "-p", "-t", "%0")));
}

async function start(more: Partial<KeystrokesDeps> = {}) {
  await part?.stop();
  const panes = await rig.start({ poll_ms: 200 });
  part = startKeystrokes({
    policy: "all",
    store: rig.store(),
    outlet: rig.outlet(),
    panes,
    claudeHook: () => false,
    takeMs: 1_500,
    log: (level, message, fields) => void rig.log.push({ level, message, fields }),
    ...more,
  });
  return panes;
}

async function decide(allow: boolean, request = requests().at(-1)?.id ?? "") {
  if (part === null) throw new Error("not started");
  const context = { id: newId("cmd"), session: session(), signal: new AbortController().signal };
  return part.run({ type: "decide", request, allow }, context);
}
const ended = (end: string) => ({ status: "done", value: { type: "decided", end } });
const aRequest = (count = 1) => eventually("a request", () => requests().length >= count);

describe.skipIf(noTmux !== null)(`prompts in panes (${noTmux ?? "real tmux"})`, () => {
  it.each([
    ["menu", true, "1", ['key "1"', "answer 1"]],
    ["select", false, "3", ['key "3"', 'key "\\r"', "answer 3"]],
    ["line", false, "n", ['key "n"', 'key "\\n"', "answer n"]],
    ["key", true, "y", ['key "y"', "answer y"]],
  ])("%s, allowed %s: types %s and sees it taken", async (kind, allow, keys, wanted) => {
    await ask(kind);
    await start();
    await aRequest();
    const [request] = requests();
    expect(request).toMatchObject({
      requester: "tmux",
      tool: "prompt",
      scope: "type",
      unverified: true,
      offers: [],
    });
    expect(request?.summary).toMatch(/^node: Delete the build\?/);
    const { screen, keys: shown } = ScreenPrompt.parse(JSON.parse(request?.input ?? ""));
    expect(screen).toContain("Delete the build?");
    expect(shown[allow ? "allow" : "deny"]).toBe(keys);
    await eventually("the status", () =>
      eventsOf(rig.messages, session()).some(
        (event) =>
          event.type === "status" && event.status === "waiting" && event.reason === "prompt on the screen",
      ),
    );
    expect(await decide(allow)).toEqual(ended("applied"));
    expect(noted()).toEqual(["asks", ...wanted]);
    expect(await decide(allow)).toEqual(ended("applied")); // said again, typed no more
    await sleep(700);
    expect(noted()).toEqual(["asks", ...wanted]);
    expect([requests().length, ends()]).toEqual([1, []]);
  });

  it("types nothing once the prompt was answered at the terminal, and says so", async () => {
    await ask("menu");
    await start();
    await aRequest();
    rig.tmux("default", "send-keys", "-t", "%0", "3");
    await eventually("its end", () => ends().length > 0);
    expect(ends()).toEqual(["stale"]);
    expect(await decide(true)).toEqual(ended("stale"));
    expect(noted()).toEqual(["asks", 'key "3"', "answer 3"]);
  });

  it("types nothing when the screen changed and nobody has looked yet", async () => {
    await ask("menu");
    const panes = await start();
    await aRequest();
    await panes.stop(); // no look any more
    const { id } = requests()[0] ?? { id: "" };
    rig.tmux("default", "send-keys", "-t", "%0", "3");
    await eventually("the answer", () => noted().includes("answer 3"));
    await start();
    expect(await decide(true, id)).toEqual(ended("stale"));
    expect(noted().filter((line) => line.startsWith("key"))).toEqual(['key "3"']);
  });

  it("asks anew for the same prompt again, and answers each once", async () => {
    await ask("twice");
    await start();
    await aRequest();
    const first = await decide(true);
    // It cannot be told from the first; that is said, and Enter is not pressed on it.
    expect(first.status).toBe("indeterminate");
    await aRequest(2);
    expect(noted()).toEqual(["asks", 'key "1"', "answer 1"]);
    expect(await decide(true)).toEqual(ended("applied"));
    expect(noted().filter((line) => line.startsWith("answer"))).toEqual(["answer 1", "answer 1"]);
  });

  it("says that it does not know when the prompt takes no key", async () => {
    await ask("deaf");
    await start();
    await aRequest();
    expect(await decide(false)).toMatchObject({ status: "indeterminate" });
    expect(noted()).toEqual(["asks", 'key "3"']);
    await aRequest(2); // it asks still
  });

  it("is gone with its pane", async () => {
    await ask("menu");
    await start();
    await aRequest();
    rig.tmux("default", "kill-server");
    await eventually("its end", () => ends().length > 0);
    expect(ends()).toEqual(["gone"]);
    expect(await decide(true)).toEqual(ended("gone"));
  });

  it("keeps its request when the daemon starts again, also in a narrower terminal", async () => {
    await ask("menu");
    await start();
    await aRequest();
    const panes = await start();
    rig.tmux("default", "resize-window", "-t", "%0", "-x", "50", "-y", "20");
    for (let look = 0; look < 5; look++) await panes.refresh();
    expect([requests().length, ends()]).toEqual([1, []]);
    expect(await decide(true)).toEqual(ended("applied"));
  });

  it.each([
    ["before", []],
    ["after", ['key "1"', "answer 1"]],
  ])("a daemon that dies right %s the key types nothing more", async (when, keys) => {
    await ask("menu");
    const panes = await start();
    await aRequest();
    await part?.stop();
    part = null;
    await panes.stop();
    const [{ id } = { id: "" }] = requests();
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "testing/decideAndDie.ts"), rig.directory, id, session(), when],
      { env: rig.env, stdio: "inherit" },
    );
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
    await start();
    if (when === "before") await aRequest(2);
    else await sleep(700);
    expect(noted()).toEqual(["asks", ...keys]);
    expect(await decide(true, id)).toEqual(ended("gone")); // the command's own end says that nobody knows
    expect(noted()).toEqual(["asks", ...keys]);
    if (when === "before") expect(await decide(true)).toEqual(ended("applied"));
    expect(noted()).toEqual(["asks", 'key "1"', "answer 1"]);
  });

  it("leaves those alone that ask by another way", async () => {
    await ask("menu");
    const panes = await start();
    panes.tell(session(), { status: "working", reason: null }); // as Codex's app server does
    await sleep(1_000);
    expect(requests()).toEqual([]);
    panes.tell(session(), null);
    await aRequest();
    const other = openRequestStore(rig.store(), "claude", z.unknown());
    other.add({ id: "of its own", session: session(), asked: {}, createdAt: 1 });
    await eventually("its end", () => ends().length > 0);
    expect(ends()).toEqual(["gone"]);
    await sleep(1_000);
    expect(requests().length).toBe(1);
  });

  it("takes nothing for a prompt that is shown in an editor, a pager, a shell, or is printed", async () => {
    const file = join(rig.directory, "dialog.txt");
    writeFileSync(file, "Delete the build?\n❯ 1. Yes\n  2. No\n");
    writeFileSync(join(rig.directory, "line.txt"), "Continue? [y/N] ");
    run("vim", "-u", "NONE", file);
    run("less", file);
    run("sh", "-c", `PS1='$ '; export PS1; cat ${file}; exec sh -i`);
    run("tail", "-f", join(rig.directory, "line.txt"));
    run("sh", "-c", `printf x; tail -f ${join(rig.directory, "line.txt")}; :`);
    run("sh", "-c", `i=0; while :; do echo "Continue? (y/n)"; sleep 0.2; done`);
    run("sh", "-c", `echo "Continue? (y/n)"; sleep 1000`);
    const panes = await start();
    await sleep(2_500);
    await panes.refresh();
    expect(requests()).toEqual([]);
  });

  it("stays off where it is not wanted, and withdraws what it asked when it is turned off", async () => {
    await ask("menu");
    await start({ policy: "agents" });
    await sleep(1_000);
    expect(requests()).toEqual([]);
    await start();
    await aRequest();
    await start({ policy: "none" });
    await eventually("its end", () => ends().length > 0);
    expect(ends()).toEqual(["gone"]);
    expect(noted()).toEqual(["asks"]);
  });
});
