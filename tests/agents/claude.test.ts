import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hookSocketPath, startClaude } from "../../agent-daemon/agents/claude/startClaude.ts";
import { changeHooks } from "../../agent-daemon/hooks/changeHooks.ts";
import type { Part } from "../../agent-daemon/parts.ts";
import { makeRig, sessionsByPane, eventsOf, noTmux, type Rig } from "../../agent-daemon/tmux/rig/tmuxRig.ts";
import type { CommandOf, CommandResult } from "../../protocol/commands.ts";
import type { Item } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeClaudeHome } from "../support/claudeHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { AGENT, until } from "../support/signalbox.ts";

const claude = await findAgent("claude");
if ("missing" in claude) console.warn(`Skipped: ${claude.missing}`);

describe.skipIf("missing" in claude || noTmux !== null)("the real Claude Code in a pane", () => {
  const program = "path" in claude ? claude.path : "";
  const version = "version" in claude ? claude.version : "";
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
    Object.assign(rig.env, makeClaudeHome(rig.directory, cwd, model.url, version));
    changeHooks("install", {
      env: rig.env,
      node: process.execPath,
      program: AGENT,
      socket: hookSocketPath(join(rig.directory, "state")),
    });
    rig.tmux(
      "default",
      "new-session",
      "-d",
      "-x",
      "120",
      "-y",
      "40",
      "-c",
      cwd,
      program,
      "--permission-mode",
      "manual",
    );
    part = await start();
    session = sessionsByPane(rig.messages).get("default %0") ?? "";
    await shows(/manual mode on|\? for shortcuts|❯/);
  });
  afterEach(async () => {
    await part.stop();
    await rig.end();
  });

  async function start(): Promise<Part> {
    const panes = await rig.start({ poll_ms: 500 });
    return startClaude({
      stateDir: join(rig.directory, "state"),
      env: rig.env,
      store: rig.store(),
      outlet: rig.outlet(),
      panes,
      log: () => {},
    });
  }

  const screen = () => rig.tmux("default", "capture-pane", "-p", "-t", "%0");
  const shows = (what: RegExp) => until(`${what} on the screen`, () => what.test(screen()), 30_000);
  const press = (...keys: string[]) => rig.tmux("default", "send-keys", "-t", "%0", ...keys);
  function say(text: string): void {
    rig.tmux("default", "set-buffer", text);
    rig.tmux("default", "paste-buffer", "-p", "-d", "-t", "%0");
    press("Enter");
  }
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
      offers: ["edit", "message"],
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

  it("says that it was answered at the terminal: yes, no", async () => {
    say(touch("a"));
    const first = await request();
    await shows(/Do you want to proceed/);
    press("1");
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

  it("works as ever without a daemon", async () => {
    await part.stop();
    say(touch("a"));
    await shows(/Do you want to proceed/);
    press("1");
    await until("the file", () => existsSync(join(cwd, "a")));
    expect(screen()).not.toMatch(/hook/i);
    expect(told("request")).toEqual([]);
  });
});
