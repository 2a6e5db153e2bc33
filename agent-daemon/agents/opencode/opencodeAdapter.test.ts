import { describe, expect, it } from "vitest";
import { AgentRequest } from "../../../protocol/requests.ts";
import { itemsOf } from "../acp/testing/replay.ts";
import { converse, replay } from "./testing/replay.ts";

describe("the recorded conversation", () => {
  const told = replay();
  const items = itemsOf(told.events);

  it("is told as cards", () => {
    expect(items.filter(({ kind }) => kind !== "user_message")).toMatchObject([
      { kind: "message", text: "echo: hello" },
      {
        kind: "command",
        command: "touch /work/oc/oc1.txt && echo made",
        output: "made\n",
        exit_code: 0,
        status: "completed",
      },
      { kind: "message", text: "tool said: made" },
      { kind: "command", command: "touch /work/oc/oc2.txt", status: "declined" },
      { kind: "message", text: expect.stringContaining("phone said no") },
      { kind: "file_change", changes: [{ path: "/work/oc/oc3.txt", change: "add" }], status: "completed" },
      { kind: "message" },
      { kind: "file_change", changes: [{ path: "/work/oc/oc4.txt", change: "add" }], status: "completed" },
      { kind: "message" },
      { kind: "message", text: expect.stringMatching(/^chunk0 chunk1 /) },
      { kind: "tool", name: "question", status: "completed", output: expect.stringContaining("blue") },
      { kind: "message" },
    ]);
  });

  it("asks, is answered, and says itself that it took the answers", () => {
    for (const { request } of told.asks) expect(AgentRequest.safeParse(request).error).toBe(undefined);
    expect(told.asks.map(({ request }) => [request.scope, request.summary])).toEqual([
      ["execute", "bash touch /work/oc/oc1.txt && echo made"],
      ["execute", "bash touch /work/oc/oc2.txt"],
      ["write", "edit /work/oc/oc3.txt"],
      ["free", "Colour?"],
    ]);
    const replies = told.sends.filter(({ path }) => path.endsWith("/reply"));
    expect(replies.map(({ body }) => body)).toEqual([
      { reply: "once" },
      { reply: "reject", message: "phone said no" },
      { reply: "once" },
      { answers: [["blue"]] },
    ]);
    expect(told.over).toEqual(told.asks.map(({ request }) => ({ request: request.id, end: "applied" })));
  });

  it("has turns with what they used; one was interrupted, one failed, and the last still runs", () => {
    const ends = told.events.filter(({ type }) => type === "turn_completed" || type === "turn_failed");
    expect(ends.length).toBe(8);
    // Two steps, of 126 + 7936 and 213 + 7936 tokens.
    expect(ends[1]).toMatchObject({
      turn: 2,
      usage: { input_tokens: 16211, cached_input_tokens: 15872, output_tokens: 28 },
    });
    expect(ends[7]).toMatchObject({ type: "turn_failed", turn: 8, message: "nope" });
    expect(told.events).toContainEqual({ type: "notice", level: "info", message: "Interrupted." });
    // The server says once more that it was idle, after the last prompt.
    expect(told.state).toMatchObject({ turn: 9, running: true, takes: false });
  });

  it("keeps little between its lines", () => {
    expect(JSON.stringify(told.state).length).toBeLessThan(4_000);
  });
});

/** A conversation that has begun. */
function opened(over: Parameters<typeof converse>[0] = {}) {
  const conversation = converse(over);
  conversation.event("server.connected");
  conversation.line({ answer: 1, status: 200, body: { id: over.thread ?? "ses_1" } });
  return conversation;
}
const busy = { sessionID: "ses_1", status: { type: "busy" } };
const asks = (id: string, sessionID = "ses_1") => ({
  id,
  sessionID,
  permission: "bash",
  patterns: ["ls"],
  metadata: { command: "ls" },
});

describe("a conversation", () => {
  it("that is taken up tells what was said, when the log has none of it", () => {
    const conversation = opened({ thread: "ses_1" });
    expect(conversation.told.sends.map(({ path }) => path)).toEqual([
      "/session/ses_1",
      "/session/ses_1/message",
    ]);
    const of = (id: string) => ({ sessionID: "ses_1", messageID: id });
    const body = [
      {
        info: { id: "m1", sessionID: "ses_1", role: "user" },
        parts: [{ ...of("m1"), id: "p1", type: "text", text: "hi" }],
      },
      {
        info: { id: "m2", sessionID: "ses_1", role: "assistant" },
        parts: [{ ...of("m2"), id: "p2", type: "text", text: "hello", time: { end: 1 } }],
      },
      {
        info: { id: "m3", sessionID: "ses_1", role: "user" },
        parts: [{ ...of("m3"), id: "p3", type: "text", text: "more" }],
      },
    ];
    conversation.line({ answer: 2, status: 200, body });
    expect(conversation.told.events.map(({ type }) => type)).toEqual([
      "turn_started",
      "item",
      "item",
      "turn_completed",
      "turn_started",
      "item",
      "turn_completed",
    ]);
    expect(conversation.told.state).toMatchObject({ turn: 2, running: false, takes: true });
    expect(opened({ thread: "ses_1", turn: 4 }).told.sends.length).toBe(1);
  });

  it("that is not there any more says so to whoever speaks", () => {
    const conversation = converse({ thread: "ses_gone" });
    conversation.event("server.connected");
    conversation.line({
      answer: 1,
      status: 404,
      body: { name: "NotFoundError", data: { message: "Session not found" } },
    });
    conversation.prompt("hello");
    expect(conversation.told.events.at(-1)).toMatchObject({
      type: "turn_failed",
      message: /Session not found/,
    });
    expect(conversation.told.state).toMatchObject({ running: false, takes: true });
  });

  it("goes on when the server does not take a prompt", () => {
    const conversation = opened();
    conversation.prompt("hello");
    conversation.line({ answer: 2, status: 0, body: { message: "ECONNREFUSED" } });
    expect(conversation.told.events.at(-1)).toMatchObject({ type: "turn_failed", message: /ECONNREFUSED/ });
    expect(conversation.told.state.takes).toBe(true);
  });

  it("asks also for its subagents, once, and is told when somebody else was faster", () => {
    const conversation = opened();
    conversation.prompt("hello");
    conversation.event("session.status", busy);
    conversation.event("permission.asked", asks("per_1", "ses_child"));
    conversation.event("permission.asked", asks("per_1", "ses_child"));
    conversation.event("permission.asked", asks("per_2"));
    const [first, second] = conversation.told.asks;
    expect(conversation.told.asks.length).toBe(2);
    conversation.event("permission.replied", { sessionID: "ses_child", requestID: "per_1", reply: "once" });
    expect(conversation.decide(first, { allow: false })).toBe(false);
    expect(conversation.decide(second, { allow: true })).toBe(true);
    expect(conversation.decide(second, { allow: true })).toBe(false);
    conversation.line({ answer: 3, status: 404, body: {} });
    expect(conversation.told.over).toEqual([
      { request: "per_1", end: "stale" },
      { request: "per_2", end: "stale" },
    ]);
  });

  it("ends what it waits with, with its turn", () => {
    const conversation = opened();
    conversation.prompt("hello");
    conversation.event("session.status", busy);
    conversation.event("permission.asked", asks("per_1"));
    conversation.interrupt();
    conversation.event("session.idle", { sessionID: "ses_1" });
    conversation.event("session.idle", { sessionID: "ses_1" });
    expect(conversation.told.over).toEqual([{ request: "per_1", end: "gone" }]);
    expect(conversation.told.events.filter(({ type }) => type === "turn_completed").length).toBe(1);
    expect(conversation.told.events).toContainEqual({
      type: "notice",
      level: "info",
      message: "Interrupted.",
    });
  });

  it("uses the model that was chosen, if it is told whose it is", () => {
    const conversation = opened({ mode: "plan" });
    expect(conversation.setModel("gpt")).toBe(false);
    conversation.setModel("fake/a/b");
    conversation.prompt("hello");
    expect(conversation.told.sends.at(-1)?.body).toMatchObject({
      agent: "plan",
      model: { providerID: "fake", modelID: "a/b" },
    });
  });

  it("passes over what it does not know", () => {
    const conversation = opened();
    conversation.prompt("hello");
    const before = conversation.told.events.length;
    for (const line of ["", "null", "{}", `{"event":7}`, `{"answer":99,"status":200}`])
      conversation.line(line);
    conversation.event("hologram", { sessionID: "ses_1" });
    conversation.event("message.part.updated", { part: 7 });
    conversation.event("message.part.updated", {
      part: { type: "hologram", id: "p1", messageID: "m1", sessionID: "ses_1" },
    });
    expect(conversation.told.events.slice(before)).toMatchObject([
      { item: { kind: "other", name: "hologram" } },
    ]);
  });

  it("ends with its process", () => {
    const conversation = opened();
    conversation.prompt("hello");
    conversation.died("killed");
    expect(conversation.told.events.at(-1)).toEqual({ type: "turn_failed", turn: 1, message: "killed" });
    expect(conversation.told.state).toMatchObject({ running: false, takes: false });
  });
});
