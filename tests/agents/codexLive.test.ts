import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCodexLive } from "../../agent-daemon/agents/codex-live/startCodexLive.ts";
import type { Part } from "../../agent-daemon/parts.ts";
import { makeRig, sessionsByPane, eventsOf, noTmux, type Rig } from "../../agent-daemon/tmux/rig/tmuxRig.ts";
import type { CommandOf, CommandResult } from "../../protocol/commands.ts";
import type { Item } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeCodexHome, stopAppServer } from "../support/codexHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { until } from "../support/signalbox.ts";

const codex = await findAgent("codex");
if ("missing" in codex) console.warn(`Skipped: ${codex.missing}`);

describe.skipIf("missing" in codex || noTmux !== null)("the real Codex in a pane", () => {
  const program = "path" in codex ? codex.path : "";
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let rig: Rig;
  let cwd: string;
  let part: Part;
  let session: string;

  beforeAll(async () => {
    model = await startFakeModel();
  });
  afterAll(() => model.stop());
  beforeEach(async () => {
    rig = makeRig();
    cwd = join(rig.directory, "work");
    mkdirSync(cwd);
    const { PATH, CODEX_HOME, TMPDIR, FAKE_KEY } = makeCodexHome(rig.directory, model.url, cwd);
    Object.assign(rig.env, { PATH, CODEX_HOME, TMPDIR, FAKE_KEY });
    rig.tmux("default", "new-session", "-d", "-x", "120", "-y", "40", "-c", cwd, program);
    part = await start();
    session = sessionOf("%0");
    await shows(/Ask Codex to do anything/);
  });
  afterEach(async () => {
    await part.stop();
    stopAppServer(rig.directory);
    await rig.end();
  });

  async function start(): Promise<Part> {
    const panes = await rig.start({ poll_ms: 500 });
    return startCodexLive({ env: rig.env, store: rig.store(), outlet: rig.outlet(), panes, log: () => {} });
  }

  const sessionOf = (pane: string) => sessionsByPane(rig.messages).get(`default ${pane}`) ?? "";
  const screen = (pane = "%0") => rig.tmux("default", "capture-pane", "-p", "-t", pane);
  const shows = (what: RegExp, pane = "%0") =>
    until(`${what} on the screen`, () => what.test(screen(pane)), 30_000);
  /** Codex takes no key in a dialog's first moments, so it is pressed again. */
  async function answerDialog(key: string): Promise<void> {
    await shows(DIALOG);
    await until(`${key} to be taken`, async () => {
      if (DIALOG.test(screen())) rig.tmux("default", "send-keys", "-t", "%0", key);
      await sleep(1_000);
      return !DIALOG.test(screen());
    });
  }
  async function say(text: string, pane = "%0"): Promise<void> {
    const asked = () => model.asked.filter(({ ask }) => ask.userText.includes(text)).length;
    const before = asked();
    rig.tmux("default", "set-buffer", text);
    rig.tmux("default", "paste-buffer", "-p", "-d", "-t", pane);
    // Codex takes no Enter while it starts: pressed until the model was asked, and not once more.
    await until(`${text} to be taken`, async () => {
      if (asked() === before) rig.tmux("default", "send-keys", "-t", pane, "Enter");
      for (let look = 0; look < 20 && asked() === before; look++) await sleep(100);
      return asked() > before;
    });
  }
  const told = <K extends DaemonMessage["kind"]>(kind: K) =>
    rig.messages.filter((message): message is Extract<DaemonMessage, { kind: K }> => message.kind === kind);
  const request = (at = 0) => until("a request", () => told("request")[at]?.request, 30_000);
  const ending = (id: string) =>
    until("its end", () => told("request_ended").find((each) => each.request === id)?.end, 30_000);
  const items = (of = session) => {
    const byId = new Map<string, Item>();
    for (const event of eventsOf(rig.messages, of)) if (event.type === "item") byId.set(event.id, event.item);
    return [...byId.values()];
  };
  const answered = (text: string, of = session) =>
    until(
      `the answer ${text}`,
      () => items(of).some((item) => item.kind === "message" && item.text.includes(text)),
      30_000,
    );
  const status = (what: string) =>
    until(`the status ${what}`, () => {
      const last = eventsOf(rig.messages, session).findLast(({ type }) => type === "status");
      return last?.type === "status" && last.status === what;
    });
  const decide = (id: string, over: Partial<CommandOf<"decide">> = {}): Promise<CommandResult> => {
    const asked = told("request").find(({ request: each }) => each.id === id);
    return part.run(
      { type: "decide", request: id, allow: true, ...over },
      { id: newId("cmd"), session: asked?.session ?? session, signal: new AbortController().signal },
    );
  };
  /** Another terminal in the same directory, after the first has begun its conversation; gives back its session. */
  async function open(...options: string[]): Promise<string> {
    await say("SAY: first here");
    await answered("first here");
    rig.tmux("default", "new-window", "-d", "-c", cwd, program, ...options);
    await shows(/Ask Codex to do anything/, "%1");
    return until("the other session", () => sessionOf("%1") || undefined);
  }
  const touch = (name: string) =>
    `CALL: exec_command ${JSON.stringify({
      cmd: `touch ${join(cwd, name)}`,
      sandbox_permissions: "require_escalated",
      justification: "for the test",
    })}`;
  const ended = (end: string) => ({ status: "done", value: { type: "decided", end } });
  const DIALOG = /Would you like to run the following command/;

  it("tells the conversation", async () => {
    await say("THINK: hm\nSAY: hello there");
    await answered("hello there");
    await say("SAY: once more");
    await answered("once more");
    expect(items()).toMatchObject([
      { kind: "user_message", text: "THINK: hm\nSAY: hello there" },
      { kind: "reasoning", text: "hm" },
      { kind: "message", text: "hello there" },
      { kind: "user_message", text: "SAY: once more" },
      { kind: "message", text: "once more" },
    ]);
    const turns = () =>
      eventsOf(rig.messages, session).filter(
        ({ type }) => type === "turn_completed" || type === "turn_started",
      );
    await until("the turns' ends", () => turns().length === 4);
    expect(turns()).toMatchObject([
      { type: "turn_started", turn: 1 },
      { type: "turn_completed", turn: 1 },
      { type: "turn_started", turn: 2 },
      { type: "turn_completed", turn: 2 },
    ]);
  });

  it("asks on the phone what it asks on the screen; allowed there, the dialog goes and the work is done", async () => {
    await say(touch("a"));
    const asked = await request();
    expect(asked).toMatchObject({
      requester: "codex",
      tool: "shell",
      scope: "execute",
      summary: `shell touch ${join(cwd, "a")}`,
      offers: [],
    });
    await shows(DIALOG);
    await status("waiting");
    expect(await decide(asked.id)).toEqual(ended("applied"));
    await answered("tool said");
    expect(existsSync(join(cwd, "a"))).toBe(true);
    expect(screen()).not.toMatch(DIALOG);
    await status("idle");
    // A late second word changes nothing.
    expect(await decide(asked.id, { allow: false })).toEqual(ended("applied"));
  });

  it("hears no, and goes on", async () => {
    await say(touch("a"));
    expect(await decide((await request()).id, { allow: false })).toEqual(ended("applied"));
    await answered("tool said");
    expect(existsSync(join(cwd, "a"))).toBe(false);
  });

  it("says that it was answered at the terminal: yes, no", async () => {
    await say(touch("a"));
    const first = await request();
    await answerDialog("y");
    expect(await ending(first.id)).toBe("stale");
    expect(await decide(first.id, { allow: false })).toEqual(ended("stale"));
    await answered("tool said");
    await say(touch("b"));
    const second = await request(1);
    await answerDialog("Escape");
    expect(await ending(second.id)).toBe("stale");
    expect(existsSync(join(cwd, "b"))).toBe(false);
  });

  it("still waits when the daemon was away: asked once, answered once, told once", async () => {
    await say("SAY: before");
    await answered("before");
    await say(touch("a"));
    const asked = await request();
    await part.stop();
    await shows(DIALOG);
    part = await start();
    expect(await decide(asked.id)).toEqual(ended("applied"));
    await answered("tool said");
    expect(existsSync(join(cwd, "a"))).toBe(true);
    expect(told("request").length).toBe(1);
    const texts = eventsOf(rig.messages, session).flatMap((event) =>
      event.type === "item" && event.item.kind === "user_message" ? [event.item.text] : [],
    );
    expect(texts).toEqual(["SAY: before", touch("a")]);
  });

  it("was answered at the terminal while the daemon was away", async () => {
    await say(touch("a"));
    const asked = await request();
    await part.stop();
    await answerDialog("y");
    await until("the file", () => existsSync(join(cwd, "a")));
    part = await start();
    expect(await ending(asked.id)).toBe("stale");
    await answered("tool said");
  });

  it("ends: nobody waits any more", async () => {
    await say(touch("a"));
    const asked = await request();
    await shows(DIALOG);
    rig.tmux("default", "kill-server");
    expect(await ending(asked.id)).toBe("gone");
  });

  it("asks twice for the same from two terminals in one directory, each for its own pane", async () => {
    const other = await open();
    await say("SAY: second here", "%1");
    await answered("second here", other);
    await say(touch("a"));
    const first = await request();
    await say(touch("a"), "%1");
    const second = await request(1);
    expect(told("request").map((each) => each.session)).toEqual([session, other]);
    expect(first.id).not.toBe(second.id);
    expect(await decide(first.id)).toEqual(ended("applied"));
    await shows(DIALOG, "%1");
    expect(told("request_ended")).toEqual([]);
    expect(items(other).some((item) => item.kind === "message" && item.text === "first here")).toBe(false);
  });
});
