import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCodexLive } from "../../agent-daemon/agents/codex-live/startCodexLive.ts";
import { DONE, type Part } from "../../agent-daemon/parts.ts";
import { makeRig, sessionsByPane, eventsOf, noTmux, type Rig } from "../../agent-daemon/tmux/rig/tmuxRig.ts";
import type { Command, CommandOf, CommandResult } from "../../protocol/commands.ts";
import type { Item } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { CodexTerminal } from "../support/CodexTerminal.ts";
import { codexVariables, makeCodexHome, stopAppServer } from "../support/codexHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { until } from "../support/signalbox.ts";
import { escalated } from "../support/StruckCodex.ts";

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
    Object.assign(rig.env, codexVariables(makeCodexHome(rig.directory, model.url, cwd)));
    rig.tmux("default", "new-session", "-d", "-x", "120", "-y", "40", "-c", cwd, program, "-s", "read-only");
    part = await start();
    session = sessionOf("%0");
    await terminal().begun();
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
  const terminal = (pane = "%0") =>
    new CodexTerminal({ pane, model, tmux: (...args) => rig.tmux("default", ...args) });
  const screen = () => rig.tmux("default", "capture-pane", "-p", "-t", "%0");
  const shows = (what: RegExp, pane?: string) => terminal(pane).shows(what);
  const say = (text: string, pane?: string) => terminal(pane).say(text);
  async function answerDialog(key: string): Promise<void> {
    await shows(DIALOG);
    await terminal().answer(key);
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
    await terminal("%1").begun();
    return until("the other session", () => sessionOf("%1") || undefined);
  }
  const touch = (name: string) => escalated(`touch ${join(cwd, name)}`);
  const run = (command: Command) =>
    part.run(command, { id: newId("cmd"), session, signal: new AbortController().signal });
  const notices = () =>
    eventsOf(rig.messages, session).flatMap((event) => (event.type === "notice" ? [event.message] : []));
  const turns = (type: "turn_started" | "turn_completed") =>
    eventsOf(rig.messages, session).filter((event) => event.type === type).length;
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
    const ends = () =>
      eventsOf(rig.messages, session).filter(
        ({ type }) => type === "turn_completed" || type === "turn_started",
      );
    await until("the turns' ends", () => ends().length === 4);
    expect(ends()).toMatchObject([
      { type: "turn_started", turn: 1 },
      { type: "turn_completed", turn: 1 },
      { type: "turn_started", turn: 2 },
      { type: "turn_completed", turn: 2 },
    ]);
    // Codex counts over the conversation, a turn for itself; of one that was over before it was joined nothing is known.
    const usage = ends()
      .flatMap((event) => (event.type === "turn_completed" ? [event.usage] : []))
      .at(-1);
    const { input_tokens = 0, cached_input_tokens = 0, output_tokens = 0 } = usage ?? {};
    expect(cached_input_tokens).toBeGreaterThan(1_000);
    expect(input_tokens).toBeGreaterThan(cached_input_tokens);
    expect(input_tokens).toBeLessThan(1.5 * cached_input_tokens);
    expect(output_tokens).toBeGreaterThan(0);
  });

  it("asks on the phone what it asks on the screen; allowed there, the dialog goes and the work is done", async () => {
    await say(touch("a"));
    const asked = await request();
    expect(asked).toMatchObject({
      requester: "codex",
      tool: "shell",
      scope: "execute",
      summary: `shell touch ${join(cwd, "a")}`,
      offers: ["remember", "interrupt"],
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

  it("hears no, and stops", async () => {
    await say(touch("a"));
    const asked = await request();
    expect(await decide(asked.id, { allow: false, interrupt: true })).toEqual(ended("applied"));
    await until("the turn's end", () => notices().includes("Interrupted."));
    await status("idle");
    expect([turns("turn_completed"), existsSync(join(cwd, "a"))]).toEqual([1, false]);
    expect(screen()).not.toMatch(DIALOG);
    expect(told("request_ended")).toEqual([]);
  });

  it("remembers what it may, for the rest of its session", async () => {
    const twice = touch("a").replace("touch", "echo once >>");
    await say(twice);
    expect(await decide((await request()).id, { remember: true })).toEqual(ended("applied"));
    await answered("tool said");
    await say(`SAY: between`);
    await answered("between");
    await say(twice);
    await until("the second time", () => readFileSync(join(cwd, "a"), "utf8") === "once\nonce\n");
    expect(told("request")).toHaveLength(1);
  });

  it("asks before it changes files, and shows how; changes them, or does not", async () => {
    await say("WRITE: new.txt :: hello");
    const asked = await request();
    expect(asked).toMatchObject({ tool: "apply_patch", scope: "write", touches: [join(cwd, "new.txt")] });
    expect(JSON.parse(asked.input)).toMatchObject({ changes: [{ diff: "hello\n" }] });
    expect(existsSync(join(cwd, "new.txt"))).toBe(false);
    expect(await decide(asked.id)).toEqual(ended("applied"));
    await until("the file", () => existsSync(join(cwd, "new.txt")));
    await until("the change", () => items().some(({ kind }) => kind === "file_change"));
    await answered("tool said");
    await say("EDIT: new.txt :: hello :: bye");
    expect(await decide((await request(1)).id, { allow: false })).toEqual(ended("applied"));
    await until("the turn's end", () => turns("turn_completed") === 2);
    expect(readFileSync(join(cwd, "new.txt"), "utf8")).toBe("hello\n");
    expect(items().flatMap((item) => (item.kind === "file_change" ? [item.status] : []))).toEqual([
      "completed",
      "declined",
    ]);
    expect(told("request_ended")).toEqual([]);
  });

  it("shows the change that it waited with before anybody looked", async () => {
    await part.stop();
    await say("WRITE: new.txt :: hello");
    await shows(/Would you like to make the following edits/);
    part = await start();
    const asked = await request();
    expect(JSON.parse(asked.input)).toMatchObject({ changes: [{ diff: "hello\n" }] });
    expect(await decide(asked.id)).toEqual(ended("applied"));
    await answered("tool said");
    expect(readFileSync(join(cwd, "new.txt"), "utf8")).toBe("hello\n");
  });

  it("asks questions, and takes the answer", async () => {
    const options = [
      { label: "red", description: "warm" },
      { label: "blue", description: "cold" },
    ];
    const questions = [{ id: "colour", header: "Colour", question: "Which colour?", options }];
    await say(`CALL: request_user_input ${JSON.stringify({ questions })}`);
    const asked = await request();
    expect(asked.questions).toMatchObject([{ question: "Which colour?" }]);
    await status("waiting");
    expect(await decide(asked.id, { input: { answers: { "Which colour?": "blue" } } })).toEqual(
      ended("applied"),
    );
    await answered("blue");
    await shows(/tool said.*blue/s);
  });

  it("takes a message from the page as if it were typed, also while it works; is interrupted", async () => {
    await say("SAY: before");
    await answered("before");
    const paste = (text: string) => ({ type: "paste", text, enter: true }) as const;
    expect(part.handles(paste("/status"), session)).toBe(false);
    expect(await run(paste("SAY: from the page"))).toEqual(DONE);
    await answered("from the page");
    await shows(/• from the page/);
    expect(await run(paste("SLOW: 400"))).toEqual(DONE);
    await until("the model to be asked", () =>
      model.asked.some(({ ask }) => ask.userText.startsWith("SLOW")),
    );
    expect(await run(paste("SAY: beside it"))).toEqual(DONE);
    await until("what was said", () =>
      items().some((item) => item.kind === "user_message" && item.text === "SAY: beside it"),
    );
    expect(turns("turn_started")).toBe(3);
    expect(await run({ type: "interrupt" })).toEqual(DONE);
    await status("idle");
    await until("the end of its turn to be told", () => notices().includes("Interrupted."));
    await shows(/interrupted/i);
    expect(part.handles({ type: "interrupt" }, session)).toBe(false);
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
