import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAdapter } from "../adapter.ts";
import { BEGIN, feed, kinds, readTranscript } from "../testing/feed.ts";
import { codexAdapter } from "./codexAdapter.ts";

const codex = openAdapter(codexAdapter);
const lines = readTranscript(join(import.meta.dirname, "fixtures/stdio.jsonl"));
const begun = codex.begin({ ...BEGIN, mode: "untrusted" });
const whole = feed(codex, begun, lines);
/** Ready for a prompt: hello and the conversation's beginning were answered. */
const ready = feed(codex, begun, lines.slice(0, 3));
const sent = (text: string | undefined) => JSON.parse(text ?? "null");

describe("a recorded conversation", () => {
  it("is told turn by turn, each with its own end", () => {
    const starts = whole.events.flatMap((event) => (event.type === "turn_started" ? [event.turn] : []));
    const ends = whole.events.flatMap((event) =>
      event.type === "turn_completed" || event.type === "turn_failed" ? [event.turn] : [],
    );
    expect(starts.length).toBeGreaterThan(10);
    expect(ends).toEqual(starts);
    expect(whole.state).toMatchObject({ running: false, thread: "01a1f745-021e-7d32-9a60-20a0d8bc6145" });
    expect(kinds(whole.events)).not.toContain("user_message"); // those are told when they are said
  });

  it("asks for commands and for changed files, with what changes; what nobody here answered is withdrawn", () => {
    expect(whole.asks.map(({ request }) => request.tool)).toEqual([
      "shell",
      "shell",
      "apply_patch",
      "apply_patch",
      "shell",
      "shell",
    ]);
    expect(new Set(whole.asks.map(({ request }) => request.id)).size).toBe(whole.asks.length);
    expect(whole.asks[2]?.request.input).toContain("content here");
    expect(whole.over.map(({ end }) => end)).toEqual(whole.asks.map(() => "gone"));
  });
});

it("says hello, begins a conversation or goes on with one, and takes prompts from then on", () => {
  expect(sent(begun.sends[0])).toMatchObject({ id: 1, method: "initialize" });
  expect(ready.sends.slice(1).map(sent)).toMatchObject([
    { method: "initialized" },
    { id: 2, method: "thread/start", params: { approvalPolicy: "untrusted", sandbox: "workspace-write" } },
  ]);
  expect([begun.state.takes, ready.state.takes]).toEqual([false, true]);
  const resumed = codex.begin({ ...BEGIN, thread: "t", turn: 4 });
  expect(feed(codex, resumed, ['{"id":1,"result":{}}']).sends.map(sent)).toMatchObject([
    { method: "initialize" },
    { method: "initialized" },
    { method: "thread/resume", params: { threadId: "t" } },
  ]);
  const copied = codex.begin({ ...BEGIN, thread: "t", fork: true });
  expect(feed(codex, copied, ['{"id":1,"result":{}}']).sends.map(sent)).toMatchObject([
    { method: "initialize" },
    { method: "initialized" },
    { method: "thread/fork", params: { threadId: "t" } },
  ]);
});

it("begins a turn once, with what it is told", () => {
  const said = codex.prompt(ready.state, { id: "cmd_1", text: "hello" });
  expect(kinds(said.events)).toEqual(["turn_started", "user_message"]);
  const turn = { id: "01b", items: [], status: "inProgress", error: null };
  const params = { threadId: ready.state.thread, turn };
  const started = codex.line(said.state, JSON.stringify({ method: "turn/started", params }));
  expect([started.events, started.state.turn, started.state.running]).toEqual([[], 1, true]);
  const dead = codex.died(started.state, "killed");
  expect(dead.events).toMatchObject([{ type: "turn_failed", turn: 1, message: "killed" }]);
  const refused = codex.line(said.state, '{"id":3,"error":{"code":1,"message":"no"}}');
  expect(refused.events).toMatchObject([{ type: "turn_failed", turn: 1 }]);
  expect(refused.state.running).toBe(false);
});

it("never lets Codex wait for what is not for a person, or cannot be answered here", () => {
  const ask = (method: string, params: object) =>
    codex.line(ready.state, JSON.stringify({ id: 7, method, params }));
  expect(sent(ask("attestation/generate", {}).sends[0])).toMatchObject({ id: 7, error: {} });
  const thread = { threadId: ready.state.thread };
  const form = ask("mcpServer/elicitation/request", {
    ...thread,
    serverName: "s",
    message: "fill it in",
    mode: "form",
    requestedSchema: { properties: { name: {} } },
  });
  const [asked] = form.asks;
  const decided = codex.decide(form.state, asked?.asked ?? {}, { type: "decide", request: "x", allow: true });
  expect(sent(decided?.sends[0])).toMatchObject({ id: 7, error: {} });
  expect(kinds(decided?.events ?? [])).toEqual(["notice"]);
  const unknown = ask("item/newThing/requestApproval", { ...thread, what: "dance" });
  expect(unknown.asks).toHaveLength(1);
});

it("takes anything as a line", () => {
  const odd = ["", "null", "[]", "not json", '{"id":1}', '{"method":"turn/started"}', '{"id":1,"result":7}'];
  for (const line of [...odd, ...lines.map((each) => each.slice(0, each.length / 2))])
    expect(codex.line(ready.state, line)).toBeDefined();
});
