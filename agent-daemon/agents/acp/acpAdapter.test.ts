import { describe, expect, it } from "vitest";
import type { Item } from "../../../protocol/events.ts";
import { AgentRequest } from "../../../protocol/requests.ts";
import { acpAdapter } from "./acpAdapter.ts";
import { BEGIN, converse, itemsOf, loadedAgain, replay } from "./testing/replay.ts";

const AGENTS = ["claude", "codex", "gemini", "opencode"] as const;
/** Codex decides by itself in its first mode. */
const begin = (agent: string) => (agent === "codex" ? { mode: "read-only" } : {});
const kinds = (items: Item[]) => items.map(({ kind }) => kind);
const choices = (sends: unknown[]) =>
  sends.flatMap(
    (sent) => /"optionId":"([^"]+)"|"outcome":"(cancelled)"/.exec(JSON.stringify(sent))?.slice(1) ?? [],
  );

describe.each(AGENTS)("a recorded conversation with %s", (agent) => {
  const told = replay(agent, begin(agent));
  const items = itemsOf(told.events);
  const commands = items.filter((item) => item.kind === "command");

  it("is told as cards: words, thoughts, commands, files", () => {
    expect(items.filter((item) => item.kind === "user_message").length).toBe(6);
    expect(items.find((item) => item.kind === "message")?.text).toContain("echo: ");
    if (agent !== "gemini") expect(items[3]).toEqual({ kind: "reasoning", text: "pondering" });
    expect(commands.map(({ status }) => status)).toEqual([
      "completed",
      "declined",
      agent === "gemini" ? "in_progress" : "failed",
    ]);
    expect(commands[0]).toMatchObject({ output: expect.stringMatching(/^acp-made\n?$/) });
    expect(commands[0]?.command).toMatch(/^touch \S+acp1.txt && echo acp-made$/);
    const change = items.find((item) => item.kind === "file_change");
    expect(change).toMatchObject({ changes: [{ change: "add" }], status: "completed" });
    expect(kinds(items)).not.toContain("other");
    expect(items.findLast((item) => item.kind === "message")?.text).toMatch(/chunk0 chunk1 .*chunk12 $/);
  });

  it("asks for what its agent asks for, in a way that the edge takes", () => {
    for (const { request } of told.asks) expect(AgentRequest.safeParse(request).error).toBe(undefined);
    expect(told.asks.map(({ request }) => request.scope)).toEqual(["execute", "execute", "write", "execute"]);
    expect(told.asks[0]?.request.summary).toMatch(/^(?:Bash|shell) touch .*acp1.txt && echo acp-made$/);
    expect(told.asks[2]?.request.input).toContain("acp file");
    expect(new Set(told.asks.map(({ request }) => request.id)).size).toBe(4);
  });

  it("is answered with its own options, and cancelled where it was interrupted", () => {
    expect(choices(told.sends).filter(Boolean)).toEqual(
      {
        claude: ["allow-once", "reject", "allow-once", "cancelled"],
        codex: ["allow_once", "cancel", "allow_once", "cancelled"],
        gemini: ["proceed_once", "cancel", "proceed_once", "cancelled"],
        opencode: ["once", "reject", "once", "cancelled"],
      }[agent],
    );
    expect(told.over).toEqual([{ request: told.asks[3]?.request.id, end: "gone" }]);
  });

  it("has turns that begin and end, with what they used", () => {
    const turns = told.events.filter(({ type }) => type === "turn_completed");
    expect(turns.length).toBe(agent === "gemini" ? 5 : 6);
    expect(turns[0]).toMatchObject({ turn: 1, usage: { input_tokens: expect.any(Number) } });
    expect(told.state).toMatchObject({ turn: 6, running: agent === "gemini" });
  });

  it("keeps little between its lines", () => {
    expect(JSON.stringify(told.state).length).toBeLessThan(2_000);
  });
});

describe("an earlier conversation", () => {
  it.each(["claude", "codex", "opencode"])(
    "of %s is taken over with all its turns, when the log has none",
    (agent) => {
      const told = loadedAgain(agent, { turn: 0 });
      const items = itemsOf(told.events);
      expect(items[0]).toEqual({ kind: "user_message", text: "hello acp" });
      expect(items[1]).toEqual({ kind: "message", text: "echo: hello acp" });
      expect(items.find((item) => item.kind === "command")).toMatchObject({
        status: "completed",
        output: /acp-made/,
      });
      const started = told.events.filter(({ type }) => type === "turn_started");
      expect(started.length).toBe(told.state.turn);
      expect(told.events.filter(({ type }) => type === "turn_completed").length).toBe(started.length);
      expect(told.state).toMatchObject({ running: false, takes: true, replay: null });
    },
  );

  it.each(["claude", "codex", "opencode"])("of %s is not told again to a log that has it", (agent) => {
    const told = loadedAgain(agent, { turn: 3 });
    expect(told.events).toEqual([]);
    expect(told.state).toMatchObject({ turn: 3, takes: true });
  });

  it("cannot always be taken up: the agent says so, and whoever speaks to it hears why", () => {
    const conversation = converse({ thread: "old", turn: 2 });
    conversation.line({ id: 1, result: { protocolVersion: 1, agentCapabilities: { loadSession: true } } });
    conversation.line({
      id: 2,
      error: { code: -32603, message: "Internal error", data: { details: "no such" } },
    });
    conversation.prompt("hello");
    expect(conversation.told.events).toMatchObject([
      { type: "notice", message: "The earlier conversation cannot be taken up: Internal error: no such" },
      { type: "turn_started", turn: 3 },
      { type: "item" },
      { type: "turn_failed", turn: 3 },
    ]);
    expect(conversation.told.state).toMatchObject({ takes: true, running: false });
  });
});

/** A conversation that has begun. */
function opened(over: object = {}, begin: Partial<typeof BEGIN> = {}) {
  const conversation = converse(begin);
  conversation.line({ jsonrpc: "2.0", id: 1, result: { protocolVersion: 1, agentCapabilities: {} } });
  conversation.line({ jsonrpc: "2.0", id: 2, result: { sessionId: "s1", ...over } });
  return conversation;
}
const update = (told: object) => ({ method: "session/update", params: { sessionId: "s1", update: told } });
const says = (text: string) =>
  update({ sessionUpdate: "agent_message_chunk", content: { type: "text", text } });
const OPTIONS = [
  { optionId: "y", name: "Yes", kind: "allow_once" },
  { optionId: "a", name: "Always", kind: "allow_always" },
  { optionId: "n", name: "No", kind: "reject_once" },
];
const permission = (id: number, over: object = {}) => ({
  id,
  method: "session/request_permission",
  params: {
    sessionId: "s1",
    toolCall: { toolCallId: `c${id}`, title: "ls", kind: "execute", rawInput: { command: "ls" } },
    options: OPTIONS,
    ...over,
  },
});

describe("a conversation", () => {
  it("is not begun by a program that speaks another protocol, or another version of it", () => {
    for (const result of [{}, { protocolVersion: 2 }, null]) {
      const conversation = converse();
      conversation.line({ id: 1, result });
      conversation.prompt("hello");
      expect(conversation.told.events.at(-1)).toMatchObject({ type: "turn_failed" });
    }
  });

  it("begins with a key that the agent finds by itself; where a person must sign in, it says so", () => {
    const methods = [
      { id: "login", name: "Log in" },
      { id: "gemini-api-key", name: "API key" },
    ];
    const conversation = converse();
    conversation.line({ id: 1, result: { protocolVersion: 1, authMethods: methods } });
    conversation.line({ id: 2, error: { code: -32000, message: "Authentication required" } });
    expect(conversation.told.sends.at(-1)).toMatchObject({
      method: "authenticate",
      params: { methodId: "gemini-api-key" },
    });
    conversation.line({ id: 3, result: {} });
    conversation.line({ id: 4, error: { code: -32000, message: "Authentication required" } });
    expect(conversation.told.events).toMatchObject([
      { type: "notice", message: /Log in, API key.*terminal/ },
    ]);
  });

  it("is not spoken to before it has the mode that was wanted", () => {
    const modes = { currentModeId: "auto", availableModes: [{ id: "plan" }] };
    const conversation = opened({ modes }, { mode: "plan" });
    expect(conversation.told.state.takes).toBe(false);
    expect(conversation.told.sends.at(-1)).toMatchObject({
      method: "session/set_mode",
      params: { modeId: "plan" },
    });
    conversation.line({ id: 3, error: { code: -32602, message: "no such mode" } });
    conversation.prompt("hello");
    expect(conversation.told.events.at(-1)).toMatchObject({
      type: "turn_failed",
      message: "It does not take the mode plan: no such mode",
    });
    expect(opened({}, { mode: "plan" }).told.state.broken).toMatch(/offers no mode/);
  });

  it("changes its model in the way that its agent offers", () => {
    const option = { id: "model", category: "model", currentValue: "a", options: [{ value: "a" }] };
    const conversation = opened({ configOptions: [option] });
    expect(conversation.setMode("plan")).toBe(false);
    conversation.setModel("b");
    expect(conversation.told.sends.at(-1)).toMatchObject({
      method: "session/set_config_option",
      params: { configId: "model", value: "b" },
    });
    conversation.line({ id: 3, result: {} });
    conversation.prompt("hello");
    expect(conversation.told.events[0]).toMatchObject({ type: "turn_started", model: "b" });
  });

  it("never leaves a request of the agent without an answer", () => {
    const conversation = opened();
    conversation.prompt("hello");
    const before = conversation.told.sends.length;
    conversation.line({ id: 1, method: "fs/read_text_file", params: { path: "/etc/passwd" } });
    conversation.line({ id: "two", method: "terminal/create", params: { command: "ls" } });
    conversation.line({ id: 3, method: "session/request_permission", params: { options: [] } });
    conversation.line({ id: 4, method: "session/request_permission" });
    conversation.line(
      `{"jsonrpc":"2.0","id":5,"method":"session/request_permission","params":{"toolCall":{"raw`,
    );
    expect(conversation.told.sends.slice(before)).toMatchObject([
      { id: 1, error: { code: -32601 } },
      { id: "two", error: { code: -32601 } },
      { id: 3, error: { code: -32602 } },
      { id: 4, error: { code: -32602 } },
      { id: 5, error: { code: -32602 } },
    ]);
    expect(conversation.told.asks).toEqual([]);
  });

  it("asks once for what it asks twice, and anew for what it asks again after the answer", () => {
    const conversation = opened();
    conversation.prompt("hello");
    conversation.line(permission(7));
    conversation.line(permission(7));
    expect(conversation.told.asks.length).toBe(1);
    expect(conversation.decide(conversation.told.asks[0], true)).toBe(true);
    expect(conversation.decide(conversation.told.asks[0], false)).toBe(false);
    conversation.line(permission(7));
    expect(new Set(conversation.told.asks.map(({ request }) => request.id)).size).toBe(2);
  });

  it("may take a request back", () => {
    const conversation = opened();
    conversation.prompt("hello");
    conversation.line(permission(7));
    conversation.line({ method: "$/cancel_request", params: { requestId: 7 } });
    conversation.line({ method: "$/cancel_request", params: { requestId: 7 } });
    const [asked] = conversation.told.asks;
    expect(conversation.told.over).toEqual([{ request: asked?.request.id, end: "gone" }]);
    expect(conversation.decide(asked, true)).toBe(false);
  });

  it("lets a person choose among options that say more than yes or no", () => {
    const options = [
      { optionId: "auto", name: "Yes, and accept edits", kind: "allow_once" },
      { optionId: "ask", name: "Yes, and ask for edits", kind: "allow_once" },
      { optionId: "stay", name: "Keep planning", kind: "reject_once" },
    ];
    const conversation = opened();
    conversation.prompt("hello");
    conversation.line(permission(7, { options }));
    const [asked] = conversation.told.asks;
    const [question] = asked?.request.questions ?? [];
    expect(asked?.request.scope).toBe("free");
    expect(question?.options.map(({ label }) => label)).toEqual(options.map(({ name }) => name));
    // Which of them "yes" means is not for us to say.
    expect(conversation.decide(asked, true)).toBe(false);
    expect(conversation.decide(asked, true, { answers: { [question?.question ?? ""]: "No such" } })).toBe(
      false,
    );
    conversation.decide(asked, true, { answers: { [question?.question ?? ""]: "Yes, and ask for edits" } });
    expect(conversation.told.sends.at(-1)).toMatchObject({ id: 7, result: { outcome: { optionId: "ask" } } });
  });

  it("is never allowed more than a person was shown", () => {
    const conversation = opened();
    conversation.prompt("hello");
    const always = [{ optionId: "a", name: "Always", kind: "allow_always" }, ...OPTIONS.slice(2)];
    conversation.line(permission(7, { options: always }));
    expect(conversation.told.asks[0]?.request.questions?.[0]?.options.map(({ label }) => label)).toEqual([
      "Always",
      "No",
    ]);
    const edits = ["a", "b"].map((end, at) => {
      const diff = { type: "diff", path: "/work/f", oldText: "", newText: "x".repeat(100_000) + end };
      const toolCall = { toolCallId: `edit ${at}`, title: "Edit", kind: "edit", content: [diff] };
      conversation.line(permission(8 + at, { toolCall }));
      return conversation.told.asks.at(-1)?.request;
    });
    expect(edits[0]?.input).toBe(edits[1]?.input);
    expect(edits[0]?.input_sha256).not.toBe(edits[1]?.input_sha256);
  });

  it("is told no even where the agent offers no way to say it", () => {
    const conversation = opened();
    conversation.prompt("hello");
    conversation.line(permission(7, { options: OPTIONS.slice(0, 1) }));
    conversation.decide(conversation.told.asks[0], false);
    expect(conversation.told.sends.at(-1)).toMatchObject({
      id: 7,
      result: { outcome: { outcome: "cancelled" } },
    });
  });

  it("passes over what it does not know, and shows what it may tell", () => {
    const conversation = opened();
    conversation.prompt("hello");
    for (const line of ["", "starting…", "null", "[]", `{"id":99,"result":{}}`, `{"method":"_x/y"}`])
      conversation.line(line);
    conversation.line(update({ sessionUpdate: "agent_message_chunk", content: 7 }));
    conversation.line(update({ sessionUpdate: "hologram", colour: "blue" }));
    expect(itemsOf(conversation.told.events).slice(1)).toMatchObject([
      { kind: "other", name: "agent_message_chunk" },
      { kind: "other", name: "hologram" },
    ]);
  });

  it("is told with few events while it speaks at length, and whole in the end", () => {
    const conversation = opened();
    conversation.prompt("hello");
    for (let piece = 0; piece < 2_000; piece++) conversation.line(says("0123456789"));
    conversation.line({ id: 3, result: { stopReason: "end_turn" } });
    expect(conversation.told.events.length).toBeLessThan(50);
    expect(itemsOf(conversation.told.events)[1]).toEqual({
      kind: "message",
      text: "0123456789".repeat(2_000),
    });
  });

  it("keeps no more of a huge answer than a log takes, and says how much it cut", () => {
    const conversation = opened();
    conversation.prompt("hello");
    for (let piece = 0; piece < 40; piece++) conversation.line(says("x".repeat(10_000)));
    conversation.line({ id: 3, result: { stopReason: "max_tokens" } });
    const [, said] = itemsOf(conversation.told.events);
    expect(said).toMatchObject({
      kind: "message",
      text: expect.stringMatching(/x \[… 268928 bytes cut …\]$/),
    });
    expect(conversation.told.events.at(-2)).toMatchObject({ type: "notice", message: /max tokens/ });
  });

  it("shows a plan as it changes", () => {
    const plan = (status: string) =>
      update({ sessionUpdate: "plan", entries: [{ content: "look", status, priority: "high" }] });
    const conversation = opened();
    conversation.prompt("hello");
    conversation.line(plan("pending"));
    conversation.line(plan("completed"));
    expect(itemsOf(conversation.told.events).slice(1)).toEqual([
      { kind: "plan", steps: [{ text: "look", done: true }] },
    ]);
  });

  it("fails with the words of the agent, and goes on", () => {
    const conversation = opened();
    conversation.prompt("hello");
    conversation.line(permission(7));
    conversation.line({ id: 3, error: { code: -32603, message: "Internal error", data: "no credit" } });
    conversation.line({ id: 3, result: { stopReason: "end_turn" } }); // twice
    expect(conversation.told.events.at(-1)).toMatchObject({
      type: "turn_failed",
      message: "Internal error: no credit",
    });
    expect(conversation.told.over.map(({ end }) => end)).toEqual(["gone"]);
    expect(conversation.told.state).toMatchObject({ running: false, takes: true, asks: [] });
  });

  it("ends with its process: what goes on is closed", () => {
    const conversation = opened();
    conversation.prompt("hello");
    conversation.line(says("half a wo"));
    conversation.line(permission(7));
    conversation.died("killed");
    expect(itemsOf(conversation.told.events).slice(1)).toMatchObject([
      { kind: "message", text: "half a wo" },
      { kind: "command", status: "failed" },
    ]);
    expect(conversation.told.events.at(-1)).toEqual({ type: "turn_failed", turn: 1, message: "killed" });
    expect(conversation.told.state).toMatchObject({ running: false, takes: false });
  });

  it("has the command that the configuration names, or none", () => {
    const programs = {
      claude: "claude",
      codex: "codex",
      opencode: "opencode",
      self: ["signalbox"] as [string],
      acp: { goose: ["goose", "acp"] as [string, string] },
    };
    expect(acpAdapter.launch(programs, { ...BEGIN, program: "goose" })).toEqual({ argv: ["goose", "acp"] });
    expect(acpAdapter.launch(programs, { ...BEGIN, program: "toString" })).toMatchObject({
      problem: /no agent toString/,
    });
  });
});
