import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { type HookHello, PRINTED } from "../../agent-daemon/agents/claude/hookWire.ts";
import { hookSocketPath, startClaude } from "../../agent-daemon/agents/claude/startClaude.ts";
import { changeHooks } from "../../agent-daemon/hooks/changeHooks.ts";
import type { Part } from "../../agent-daemon/parts.ts";
import type { TmuxPart } from "../../agent-daemon/tmux/tmuxPart.ts";
import { makeRig, sessionsByPane, eventsOf, noTmux, type Rig } from "../../agent-daemon/tmux/rig/tmuxRig.ts";
import type { CommandOf, CommandResult } from "../../protocol/commands.ts";
import type { Item } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeClaudeHome } from "../support/claudeHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { AGENT, until } from "../support/signalbox.ts";

/** How long a subagent's request waits for the phone here. */
const SUBAGENT_WAIT_MS = 4_000;

const claude = await findAgent("claude");
if ("missing" in claude) console.warn(`Skipped: ${claude.missing}`);

describe.skipIf("missing" in claude || noTmux !== null)("the real Claude Code in a pane", () => {
  const program = "path" in claude ? claude.path : "";
  const version = "version" in claude ? claude.version : "";
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let rig: Rig;
  let cwd: string;
  let part: Part;
  let panes: TmuxPart;
  let session: string;

  beforeAll(async () => {
    model = await startFakeModel();
  });
  afterAll(() => model.stop());
  beforeEach(async () => {
    rig = makeRig();
    cwd = join(rig.directory, "work");
    mkdirSync(cwd);
    Object.assign(rig.env, makeClaudeHome(rig.directory, cwd, model.url, version));
    changeHooks("install", {
      env: rig.env,
      node: process.execPath,
      program: AGENT,
      socket: hookSocketPath(join(rig.directory, "state")),
    });
    openPane();
    part = await start();
    session = sessionsByPane(rig.messages).get("default %0") ?? "";
    await shows(/manual mode on|\? for shortcuts|❯/);
  });
  afterEach(async () => {
    await part.stop();
    await rig.end();
  });

  /** Claude in a pane of its own. */
  function openPane(): void {
    const argv = ["-x", "120", "-y", "40", "-c", cwd, program, "--permission-mode", "manual"];
    rig.tmux("default", "new-session", "-d", ...argv);
  }

  async function start(): Promise<Part> {
    panes = await rig.start({ poll_ms: 500 });
    return startClaude({
      stateDir: join(rig.directory, "state"),
      env: rig.env,
      store: rig.store(),
      outlet: rig.outlet(),
      panes,
      log: () => {},
      subagentWaitMs: SUBAGENT_WAIT_MS,
    });
  }

  /** Takes the place of Claude's own hook in its pane, so that what Claude gets of it is ours to say. */
  async function playHook(tool_input: object): Promise<Socket> {
    const [server, thread] = rig
      .tmux("default", "display-message", "-p", "-t", "%0", "#{socket_path},#{pid},0 #{pane_pid}")
      .trim()
      .split(" ");
    const registry = join(rig.env["CLAUDE_CONFIG_DIR"] ?? "", "sessions", `${thread}.json`);
    const entry = z.object({ sessionId: z.string() }).parse(JSON.parse(readFileSync(registry, "utf8")));
    const hello: HookHello = {
      id: randomUUID(),
      hook: {
        session_id: entry.sessionId,
        cwd,
        hook_event_name: "PermissionRequest",
        tool_name: "Bash",
        tool_input: { ...tool_input },
      },
      pid: Number(thread),
      tmux: server ?? null,
      pane: "%0",
    };
    const socket = createConnection(hookSocketPath(join(rig.directory, "state")));
    socket.on("error", () => {}); // the daemon may close it first
    socket.write(`${JSON.stringify(hello)}\n`);
    return socket;
  }

  const screen = (pane = "%0") => rig.tmux("default", "capture-pane", "-p", "-t", pane);
  const shows = (what: RegExp, pane = "%0") =>
    until(`${what} on the screen`, () => what.test(screen(pane)), 30_000);
  const press = (...keys: string[]) => rig.tmux("default", "send-keys", "-t", "%0", ...keys);
  function say(text: string, pane = "%0"): void {
    rig.tmux("default", "set-buffer", text);
    rig.tmux("default", "paste-buffer", "-p", "-d", "-t", pane);
    rig.tmux("default", "send-keys", "-t", pane, "Enter");
  }
  /** What it is said to do, each time that this changed. */
  const statuses = () =>
    eventsOf(rig.messages, session).flatMap((event) => (event.type === "status" ? [event.status] : []));
  const turns = () =>
    eventsOf(rig.messages, session).flatMap((event) =>
      event.type === "turn_started" || event.type === "turn_completed" ? [`${event.type} ${event.turn}`] : [],
    );
  /** Claude takes no key in a dialog's first moments, so it is pressed again. */
  const pressUntil = (key: string, done: () => boolean) =>
    until(`${key} to be taken`, async () => {
      if (done()) return true;
      if (/Do you want to proceed/.test(screen())) press(key);
      await sleep(1_500);
      return done();
    });
  const untold = () => {
    const row = rig
      .store()
      .db.prepare("SELECT count(*) AS n FROM agent_requests WHERE call IS NOT NULL")
      .get();
    return row?.["n"];
  };
  const told = <K extends DaemonMessage["kind"]>(kind: K) =>
    rig.messages.filter((message): message is Extract<DaemonMessage, { kind: K }> => message.kind === kind);
  const request = (at = 0) => until("a request", () => told("request")[at]?.request, 30_000);
  const ending = (id: string) =>
    until("its end", () => told("request_ended").find((each) => each.request === id)?.end, 30_000);
  const items = () => {
    const byId = new Map<string, Item>();
    for (const event of eventsOf(rig.messages, session))
      if (event.type === "item") byId.set(event.id, event.item);
    return [...byId.values()];
  };
  const answered = (text: string) =>
    until(
      `the answer ${text}`,
      () => items().some((item) => item.kind === "message" && item.text.includes(text)),
      30_000,
    );
  const decide = (id: string, over: Partial<CommandOf<"decide">> = {}): Promise<CommandResult> =>
    part.run(
      { type: "decide", request: id, allow: true, ...over },
      { id: newId("cmd"), session, signal: new AbortController().signal },
    );
  const touch = (name: string) => `CALL: Bash ${JSON.stringify({ command: `touch ${join(cwd, name)}` })}`;
  const ended = (end: string) => ({ status: "done", value: { type: "decided", end } });

  it("tells the conversation", async () => {
    say("THINK: hm\nSAY: hello there");
    await answered("hello there");
    expect(items()).toMatchObject([
      { kind: "user_message", text: "THINK: hm\nSAY: hello there" },
      { kind: "reasoning", text: "hm" },
      { kind: "message", text: "hello there" },
    ]);
    await until("the turn's end", () =>
      eventsOf(rig.messages, session).some(({ type }) => type === "turn_completed"),
    );
  });

  it("asks on the phone what it asks on the screen; allowed there, the dialog goes and the work is done", async () => {
    say(touch("a"));
    const asked = await request();
    expect(asked).toMatchObject({
      requester: "claude",
      tool: "Bash",
      scope: "execute",
      summary: `Bash touch ${join(cwd, "a")}`,
      offers: ["edit", "message", "interrupt"],
    });
    await shows(/Do you want to proceed/);
    expect(await decide(asked.id)).toEqual(ended("applied"));
    await answered("tool said");
    expect(existsSync(join(cwd, "a"))).toBe(true);
    expect(screen()).not.toMatch(/Do you want to proceed/);
    // A late second word changes nothing.
    expect(await decide(asked.id, { allow: false })).toEqual(ended("applied"));
  });

  it("runs another input, and hears why it may not", async () => {
    say(touch("a"));
    expect(await decide((await request()).id, { input: { command: `touch ${join(cwd, "b")}` } })).toEqual(
      ended("applied"),
    );
    await answered("tool said");
    expect([existsSync(join(cwd, "a")), existsSync(join(cwd, "b"))]).toEqual([false, true]);
    say(touch("c"));
    expect(await decide((await request(1)).id, { allow: false, message: "the phone said no" })).toEqual(
      ended("applied"),
    );
    await answered("the phone said no");
    expect(existsSync(join(cwd, "c"))).toBe(false);
  });

  it("keeps in its own settings what it was told to keep, and asks for that no more", async () => {
    const call = `CALL: Bash ${JSON.stringify({ command: "node -e 1" })}`;
    say(call);
    const asked = await request();
    expect(asked.remembers).toBe("Bash(node -e 1) in the project's settings for this machine");
    expect(await decide(asked.id, { remember: true })).toEqual(ended("applied"));
    await answered("tool said");
    const turn = () => turns().filter((each) => each.startsWith("turn_completed")).length;
    await until("the turn's end", () => turn() === 1);
    say(call);
    await until("the next turn's end", () => turn() === 2);
    expect(told("request")).toHaveLength(1);
  });

  it("is denied and stops its turn, when that is asked for", async () => {
    say(touch("a"));
    expect(await decide((await request()).id, { allow: false, interrupt: true })).toEqual(ended("applied"));
    await until("the turn's end", () => turns().length === 2);
    await until("idle", () => statuses().at(-1) === "idle");
    expect(existsSync(join(cwd, "a"))).toBe(false);
    expect(items().some(({ kind }) => kind === "message")).toBe(false);
  });

  it("says that it was answered at the terminal: yes, no", async () => {
    say(touch("a"));
    const first = await request();
    await shows(/Do you want to proceed/);
    await pressUntil("1", () => told("request_ended").length === 1);
    expect(await ending(first.id)).toBe("stale");
    expect(await decide(first.id, { allow: false })).toEqual(ended("stale"));
    await answered("tool said");
    say(touch("b"));
    const second = await request(1);
    await shows(/Do you want to proceed/);
    press("Escape");
    expect(await ending(second.id)).toBe("stale");
    expect(existsSync(join(cwd, "b"))).toBe(false);
  });

  it("asks questions, and takes the answer", async () => {
    const questions = [
      {
        question: "Which colour?",
        header: "Colour",
        multiSelect: false,
        options: [
          { label: "red", description: "warm" },
          { label: "blue", description: "cold" },
        ],
      },
    ];
    say(`CALL: AskUserQuestion ${JSON.stringify({ questions })}`);
    const asked = await request();
    expect(asked.questions).toMatchObject([
      { question: "Which colour?", options: [{ label: "red" }, { label: "blue" }] },
    ]);
    expect(await decide(asked.id, { input: { answers: { "Which colour?": "blue" } } })).toEqual(
      ended("applied"),
    );
    await answered("blue");
  });

  it("still waits when the daemon was away, and is asked once", async () => {
    say(touch("a"));
    const asked = await request();
    await part.stop();
    await shows(/Do you want to proceed/);
    part = await start();
    expect(await decide(asked.id)).toEqual(ended("applied"));
    await answered("tool said");
    expect(told("request").length).toBe(1);
  });

  it("ends: nobody waits any more", async () => {
    say(touch("a"));
    const asked = await request();
    await shows(/Do you want to proceed/);
    rig.tmux("default", "kill-server");
    expect(await ending(asked.id)).toBe("gone");
  });

  it("two calls of one turn are two requests; the first ends when it was answered at the terminal", async () => {
    say(`${touch("a")}\n${touch("b").replace("CALL", "AND")}`);
    const first = await request();
    await shows(/Do you want to proceed/);
    await pressUntil("1", () => existsSync(join(cwd, "a")));
    expect(await ending(first.id)).toBe("stale");
    const second = await request(1);
    expect(await decide(second.id)).toEqual(ended("applied"));
    await answered("tool said");
    expect([existsSync(join(cwd, "a")), existsSync(join(cwd, "b"))]).toEqual([true, true]);
  });

  it("two calls for the same are told apart", async () => {
    const script = `echo x >> ${join(cwd, "same")}`;
    const call = `Bash ${JSON.stringify({ command: script })}`;
    say(`CALL: ${call}\nAND: ${call}`);
    const first = await request();
    await shows(/Do you want to proceed/);
    await pressUntil("1", () => existsSync(join(cwd, "same")));
    expect(await ending(first.id)).toBe("stale");
    const second = await request(1);
    expect(await decide(second.id, { allow: false, message: "once is enough" })).toEqual(ended("applied"));
    await answered("tool said");
    expect(readFileSync(join(cwd, "same"), "utf8")).toBe("x\n");
    await until("both to be told", () => untold() === 0);
    expect(told("request_ended")).toHaveLength(1);
  });

  it("a subagent's request waits for the phone, and then for the terminal", async () => {
    const subagent = (name: string) =>
      `CALL: Agent ${JSON.stringify({ description: name, subagent_type: "general-purpose", prompt: touch(name) })}`;
    say(subagent("a"));
    const first = await request();
    expect(await decide(first.id)).toEqual(ended("applied"));
    await until("the file", () => existsSync(join(cwd, "a")));
    await shows(/finished/);
    say(subagent("b"));
    const second = await request(1);
    expect(screen()).not.toMatch(/Do you want to proceed/); // Claude opens it when the hook has left
    expect(await ending(second.id)).toBe("gone");
    await shows(/Do you want to proceed/);
    await pressUntil("1", () => existsSync(join(cwd, "b")));
  });

  it("a daemon that goes away does not keep a subagent's dialog closed", async () => {
    const prompt = touch("a");
    say(`CALL: Agent ${JSON.stringify({ description: "a", subagent_type: "general-purpose", prompt })}`);
    const asked = await request();
    await part.stop();
    await shows(/Do you want to proceed/);
    part = await start();
    expect(await ending(asked.id)).toBe("gone");
  });

  it("an answer at the terminal that was faster than the decision is the truth, also afterwards", async () => {
    rig.tmux("default", "kill-server");
    changeHooks("remove", { env: rig.env, node: "", program: "", socket: "" });
    await part.stop();
    openPane();
    part = await start();
    session = sessionsByPane(rig.messages).get("default %0") ?? "";
    await shows(/manual mode on|\? for shortcuts|❯/);
    for (const [name, printed] of [
      ["a", true],
      ["b", false],
    ] as const) {
      say(touch(name));
      await shows(/Do you want to proceed/);
      const before = told("request").length;
      const hook = await playHook({ command: `touch ${join(cwd, name)}` });
      const asked = await request(before);
      hook.once("data", () => void (printed ? hook.end(`${PRINTED}\n`) : hook.destroy()));
      const result = await decide(asked.id, { allow: false });
      if (printed) expect(result).toEqual(ended("applied"));
      else expect(result.status).toBe("indeterminate");
      await pressUntil("1", () => existsSync(join(cwd, name)));
      expect(await ending(asked.id)).toBe("stale");
    }
  });

  it("says whether it works, waits or is idle; and is interrupted from the page, at work and in its dialog", async () => {
    const interrupt = () => rig.command(panes, session, { type: "interrupt" });
    await until("idle", () => statuses().at(-1) === "idle");
    say(`SLOW: 60\nSAY: ${"word ".repeat(60)}`);
    await until("at work", () => statuses().at(-1) === "working");
    await shows(/● word/);
    expect((await interrupt()).status).toBe("done");
    await until("the turn's end", () => turns().length === 2);
    await until("idle again", () => statuses().at(-1) === "idle");
    expect(items().at(-1)).toEqual({ kind: "warning", text: "Interrupted by the person." });
    say(touch("a"));
    const asked = await request();
    await shows(/Do you want to proceed/);
    await until("waiting", () => statuses().at(-1) === "waiting");
    expect((await interrupt()).status).toBe("done");
    expect(await ending(asked.id)).toBe("stale");
    await until("the second turn's end", () => turns().length === 4);
    await until("idle once more", () => statuses().at(-1) === "idle");
    expect(existsSync(join(cwd, "a"))).toBe(false);
    expect(turns()).toEqual(["turn_started 1", "turn_completed 1", "turn_started 2", "turn_completed 2"]);
  });

  it("goes on in the same session when it is cleared in the middle of a turn", async () => {
    say(`SLOW: 20\nSAY: before${" word".repeat(20)}`);
    await shows(/● before/);
    say("/clear"); // Claude queues it
    await answered("before word");
    await until("the turn's end", () => turns().length === 2);
    await until("an empty screen", () => !/before/.test(screen()));
    say("SAY: after it was cleared");
    await answered("after it was cleared");
    expect(turns().slice(0, 3)).toEqual(["turn_started 1", "turn_completed 1", "turn_started 2"]);
    say(touch("a"));
    expect(await decide((await request()).id)).toEqual(ended("applied"));
    await answered("tool said");
    expect(existsSync(join(cwd, "a"))).toBe(true);
  });

  it("two in one directory that ask for the same are two requests, each of its own pane", async () => {
    openPane();
    await shows(/manual mode on|\? for shortcuts/, "%1");
    await panes.refresh();
    const other = sessionsByPane(rig.messages).get("default %1") ?? "";
    const call = `CALL: Bash ${JSON.stringify({ command: `echo $TMUX_PANE >> ${join(cwd, "ran")}` })}`;
    say(call);
    say(call, "%1");
    await until("both to ask", () => told("request").length === 2, 30_000);
    const [mine, theirs] = [session, other].map((each) =>
      told("request").find((message) => message.session === each),
    );
    expect(mine?.request.input_sha256).toBe(theirs?.request.input_sha256);
    expect(mine?.request.id).not.toBe(theirs?.request.id);
    await shows(/Do you want to proceed/);
    await shows(/Do you want to proceed/, "%1");
    expect(await decide(theirs?.request.id ?? "")).toMatchObject({ code: "no_such_request" }); // of another session
    expect(await decide(mine?.request.id ?? "", { allow: false, message: "not here" })).toEqual(
      ended("applied"),
    );
    await answered("not here");
    expect(screen("%1")).toMatch(/Do you want to proceed/);
    expect(told("request_ended")).toEqual([]);
    session = other;
    expect(await decide(theirs?.request.id ?? "")).toEqual(ended("applied"));
    await answered("tool said");
    expect(readFileSync(join(cwd, "ran"), "utf8")).toBe("%1\n");
  });

  it("tells what a subagent was told, and what it said in the end", async () => {
    const prompt = "SAY: the subagent's word";
    say(`CALL: Agent ${JSON.stringify({ description: "a look", subagent_type: "general-purpose", prompt })}`);
    const tool = (name: string) =>
      until(`${name} to be told`, () => items().find((item) => item.kind === "tool" && item.name === name));
    expect(await tool("Agent")).toMatchObject({ input: expect.stringContaining(prompt) });
    expect(await tool("task")).toMatchObject({
      input: 'Agent "a look" finished',
      output: "the subagent's word",
      status: "completed",
    });
  });

  it("works as ever without a daemon", async () => {
    await part.stop();
    say(touch("a"));
    await pressUntil("1", () => existsSync(join(cwd, "a")));
    expect(screen()).not.toMatch(/hook/i);
    expect(told("request")).toEqual([]);
  });
});
