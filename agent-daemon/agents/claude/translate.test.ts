import { describe, test } from "vitest";
import type { EventBody } from "../../../protocol/events.ts";
import { callKey, freshTranscript, giveUpTurn, translateTranscript } from "./translate.ts";

/** Translates lines one after the other. */
function translate(...lines: object[]): EventBody[] {
  let state = freshTranscript(4);
  return lines.flatMap((line) => {
    const step = translateTranscript(JSON.stringify(line), state, "thread-1");
    state = step.state;
    return step.events;
  });
}
const user = (content: unknown, over = {}) => ({
  type: "user",
  uuid: "u1",
  message: { role: "user", content },
  ...over,
});
const assistant = (content: unknown[], over = {}) => ({
  type: "assistant",
  uuid: "a1",
  message: {
    id: "m1",
    content,
    usage: {
      input_tokens: 3,
      output_tokens: 5,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 10,
    },
  },
  ...over,
});
const use = (name: string, input: object) => ({ type: "tool_use", id: "toolu_1", name, input });
const result = (content: unknown, is_error = false) =>
  user([{ type: "tool_result", tool_use_id: "toolu_1", content, is_error }]);
const END = { type: "system", subtype: "turn_duration", uuid: "s1" };

describe("Claude Code's transcript", () => {
  test("tells how a subagent ended, and what it said", ({ expect }) => {
    const notice = (rest: string) =>
      translate(
        user(`<task-notification>\n<tool-use-id>toolu_1</tool-use-id>\n${rest}</task-notification>`),
      ).at(-1);
    const item = (over: object) => ({
      type: "item",
      id: "u1.0",
      turn: 5,
      item: { kind: "tool", name: "task", ...over },
    });
    const summary = 'Agent "a look" finished';
    expect(
      notice(`<status>completed</status>\n<summary>${summary}</summary>\n<result>a <result> b</result>\n`),
    ).toEqual(item({ input: summary, output: "a <result> b", error: null, status: "completed" }));
    expect(notice("<status>failed</status>")).toEqual(
      item({ input: "", output: null, error: "failed", status: "failed" }),
    );
  });

  test("gives up a turn that it does not end, and what was open in it", ({ expect }) => {
    const state = [user("hi"), assistant([use("Bash", { command: "make" })])].reduce(
      (before, line) => translateTranscript(JSON.stringify(line), before, "t").state,
      freshTranscript(0),
    );
    const over = giveUpTurn(state);
    expect(over.events).toMatchObject([
      { id: "toolu_1", item: { kind: "command", status: "failed" } },
      { item: { kind: "warning" } },
      { type: "turn_completed", turn: 1 },
    ]);
    expect(over.state).toMatchObject({ turn: 1, running: false, open: {} });
  });

  test("tells a turn, and each message's tokens once", ({ expect }) => {
    expect(
      translate(
        user("hi"),
        assistant([{ type: "thinking", thinking: "hm" }]),
        assistant([{ type: "text", text: "yes" }]),
        END,
      ),
    ).toEqual([
      { type: "turn_started", turn: 5, thread: "thread-1" },
      { type: "item", id: "u1", turn: 5, item: { kind: "user_message", text: "hi" } },
      { type: "item", id: "a1.0", turn: 5, item: { kind: "reasoning", text: "hm" } },
      { type: "item", id: "a1.0", turn: 5, item: { kind: "message", text: "yes" } },
      {
        type: "turn_completed",
        turn: 5,
        usage: {
          input_tokens: 113,
          cached_input_tokens: 100,
          cache_write_input_tokens: 10,
          output_tokens: 5,
          reasoning_output_tokens: 0,
        },
      },
    ]);
  });

  test("tells a command from call to result on one card", ({ expect }) => {
    const items = translate(
      user("go"),
      assistant([use("Bash", { command: "ls" })]),
      result("Exit code 2\nno", true),
    )
      .flatMap((event) => (event.type === "item" ? [event] : []))
      .slice(1);
    expect(items).toMatchObject([
      { id: "toolu_1", item: { kind: "command", command: "ls", status: "in_progress" } },
      { id: "toolu_1", item: { kind: "command", output: "Exit code 2\nno", exit_code: 2, status: "failed" } },
    ]);
  });

  test("tells changes of files, and tools it does not know", ({ expect }) => {
    expect(
      translate(user("go"), assistant([use("Edit", { file_path: "/a", old_string: "b" })])).at(-1),
    ).toMatchObject({
      item: { kind: "file_change", changes: [{ path: "/a", change: "update" }] },
    });
    expect(
      translate(user("go"), assistant([use("Odd", { a: 1 })]), result([{ type: "text", text: "done" }])).at(
        -1,
      ),
    ).toMatchObject({
      item: { kind: "tool", name: "Odd", input: '{"a":1}', output: "done", status: "completed" },
    });
  });

  test("tells who decided a call", ({ expect }) => {
    const call = JSON.stringify(assistant([use("Bash", { command: "ls" })]));
    const over = { permissionDecision: { decision: "accept", source: "user_temporary" } };
    const told = JSON.stringify({ ...result("x"), ...over });
    const asked = translateTranscript(call, freshTranscript(0), "t");
    expect(asked.decided).toEqual([]);
    expect(translateTranscript(told, asked.state, "t").decided).toEqual([
      { key: callKey("Bash", { command: "ls" }), source: "user_temporary" },
    ]);
  });

  test("an interruption ends the turn and what was open in it", ({ expect }) => {
    const events = translate(
      user("go"),
      assistant([use("Bash", { command: "sleep 9" })]),
      user([{ type: "text", text: "[Request interrupted by user for tool use]" }]),
    );
    expect(events.slice(-3)).toMatchObject([
      { item: { kind: "command", status: "failed" } },
      { item: { kind: "warning" } },
      { type: "turn_completed" },
    ]);
  });

  test("leaves out what no person and no model said", ({ expect }) => {
    expect(
      translate(
        { type: "mode", mode: "normal" },
        user("<system-reminder>x</system-reminder>"),
        user("meta", { isMeta: true }),
        user("side", { isSidechain: true }),
        result("of a call that nobody saw"),
      ),
    ).toEqual([]);
    expect(translateTranscript("{ half a li", freshTranscript(0), "t").events).toEqual([]);
  });
});
