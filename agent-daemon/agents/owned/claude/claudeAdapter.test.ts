import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MAX_EVENT_BYTES } from "../../../../protocol/limits.ts";
import { openAdapter } from "../adapter.ts";
import { BEGIN, feed, kinds, readTranscript, after } from "../testing/feed.ts";
import { claudeAdapter } from "./claudeAdapter.ts";

const claude = openAdapter(claudeAdapter);
const lines = readTranscript(join(import.meta.dirname, "fixtures/control.jsonl"));
const begun = claude.begin(BEGIN);
const whole = feed(claude, begun, lines);
const prompt = { id: "cmd_1", text: "hello" };

describe("a recorded conversation", () => {
  it("is told turn by turn, each with its own end and tokens", () => {
    const turns = whole.events.flatMap((event) =>
      event.type === "turn_completed" || event.type === "turn_failed" ? [event] : [],
    );
    const starts = whole.events.filter(({ type }) => type === "turn_started");
    expect(turns.map(({ turn }) => turn)).toEqual(starts.map((_, at) => at + 1));
    expect(turns[0]).toEqual({
      type: "turn_completed",
      turn: 1,
      usage: {
        input_tokens: 13_405,
        cached_input_tokens: 13_376,
        cache_write_input_tokens: 21,
        output_tokens: 10,
        reasoning_output_tokens: 0,
      },
    });
    expect(whole.state).toMatchObject({ running: false, thread: "1ac04b59-f85b-4d84-a533-fd5e02443c52" });
  });

  it("asks once for each tool that needs it; each is confirmed, or withdrawn by the interruption", () => {
    expect(whole.asks.map(({ request }) => request.tool)).toEqual([
      "Bash",
      "Bash",
      "Bash",
      "Write",
      "Bash",
      "Bash",
    ]);
    const ends = new Map(whole.over.map(({ request, end }) => [request, end]));
    expect(whole.asks.map(({ request }) => ends.get(request.id))).toEqual([
      "applied",
      "applied",
      "applied",
      "applied",
      "applied",
      "gone",
    ]);
  });

  it("tells no echo, no prompt twice, and closes what was interrupted", () => {
    expect(kinds(whole.events)).not.toContain("user_message"); // those are told when they are said
    const open = new Map<string, string>();
    for (const event of whole.events)
      if (event.type === "item" && "status" in event.item) open.set(event.id, event.item.status);
    expect([...open.values()]).not.toContain("in_progress");
  });
});

it("begins a turn with what it is told, joins the one that runs, and says what it is told once", () => {
  const first = claude.prompt(begun.state, prompt);
  const second = claude.prompt(first.state, { id: "cmd_2", text: "and" });
  expect(kinds(first.events)).toEqual(["turn_started", "user_message"]);
  expect(second.events).toMatchObject([{ turn: 1, item: { text: "and", steered: true } }]);
  expect(JSON.parse(first.sends[0] ?? "")).toMatchObject({ type: "user", message: { content: "hello" } });
});

it("answers a decision with all that Claude wants: the input as it was, or another; a reason", () => {
  const asked = whole.asks[0];
  const decide = (decision: { allow: boolean; input?: Record<string, unknown>; message?: string }) => {
    const step = claude.decide(whole.state, asked?.asked ?? {}, {
      type: "decide",
      request: asked?.request.id ?? "",
      ...decision,
    });
    return JSON.parse(step?.sends[0] ?? "").response.response;
  };
  expect(decide({ allow: true })).toMatchObject({
    behavior: "allow",
    updatedInput: { command: "touch /rig/w/claude/ctl1.txt && echo made" },
  });
  expect(decide({ allow: true, input: { command: "true" } }).updatedInput).toEqual({ command: "true" });
  expect(decide({ allow: false, message: "no" })).toEqual({ behavior: "deny", message: "no" });
});

it("never lets Claude wait for what is not known here", () => {
  const line = JSON.stringify({ type: "control_request", request_id: "x", request: { subtype: "dance" } });
  const step = claude.line(begun.state, line);
  expect(JSON.parse(step.sends[0] ?? "")).toMatchObject({ response: { subtype: "error", request_id: "x" } });
  expect(kinds(step.events)).toEqual(["notice"]);
  const tool = { subtype: "can_use_tool", tool_name: "mcp__new__thing", input: { a: 1 } };
  const asked = claude.line(
    begun.state,
    JSON.stringify({ type: "control_request", request_id: "y", request: tool }),
  );
  expect(asked.asks[0]?.request).toMatchObject({ tool: "mcp__new__thing", scope: "execute" });
});

it("says why a turn failed, and closes what its death left open", () => {
  const running = claude.prompt(begun.state, prompt);
  const result = { type: "result", subtype: "success", is_error: true, result: "API Error: 401" };
  expect(claude.line(running.state, JSON.stringify(result)).events).toMatchObject([
    { type: "turn_failed", message: "API Error: 401" },
  ]);
  const call = lines.find((line) => line.includes('"tool_use"')) ?? "";
  const dead = claude.died(after(running, claude.line(running.state, call)).state, "killed");
  expect(kinds(dead.events)).toEqual(["tool", "turn_failed"]);
  expect(dead.state.running).toBe(false);
});

it("takes anything as a line", () => {
  const odd = [
    "",
    "null",
    "[]",
    "not json",
    '{"type":1}',
    '{"type":"result"}',
    '{"type":"user","message":7}',
  ];
  for (const line of [...odd, ...lines.map((each) => each.slice(0, each.length / 2))]) {
    const step = claude.line(begun.state, line);
    expect(JSON.stringify(step).length).toBeLessThan(MAX_EVENT_BYTES);
  }
});

it("begins as one of its types of agents, whatever that is called", () => {
  const programs = { claude: "claude", codex: "", opencode: "", acp: {}, self: ["node"] as [string] };
  const argv = (agentType: string | null) => {
    const how = claudeAdapter.launch(programs, { ...BEGIN, agentType });
    return "argv" in how ? how.argv.filter((each) => each.startsWith("--agent")) : [];
  };
  expect(argv(null)).toEqual([]);
  expect(argv("code reviewer --x")).toEqual(["--agent=code reviewer --x"]);
});
