import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EventBody } from "../../../protocol/events.ts";
import { Notification, type Turn } from "./appServerWire.ts";
import { catchUp, startThread, translateThread } from "./translateThread.ts";

/** Lines of the real app server. */
function recorded(name: string): Notification[] {
  const text = readFileSync(join(import.meta.dirname, "fixtures", `${name}.jsonl`), "utf8");
  return text.split("\n").flatMap((line) => {
    const parsed = line === "" ? null : Notification.safeParse(JSON.parse(line));
    return parsed?.success ? [parsed.data] : [];
  });
}
function play(told: Notification[], state = startThread(0, true)) {
  const events: EventBody[] = [];
  for (const each of told) {
    const step = translateThread(state, each);
    events.push(...step.events);
    state = step.state;
  }
  return { events, state };
}
const brief = (events: EventBody[]) =>
  events.map((event) => {
    if (event.type === "item") {
      const { item } = event;
      const text = "text" in item ? item.text : "command" in item ? item.command : item.kind;
      return `${event.turn} ${item.kind}${"status" in item ? ` ${item.status}` : ""}: ${text.slice(0, 40)}`;
    }
    if (event.type === "turn_completed")
      return `${event.turn} ends, ${event.usage?.output_tokens ?? "?"} tokens`;
    if (event.type === "notice") return event.message;
    return "turn" in event ? `${event.turn} ${event.type}` : event.type;
  });

describe("a conversation as it happens", () => {
  it("is joined in the middle of a turn", () => {
    expect(brief(play(recorded("join"), startThread(3, false)).events)).toMatchInlineSnapshot(`
      [
        "4 turn_started",
        "4 command completed: /bin/bash -lc 'touch /rig/w/tui1.txt'",
        "4 message: tool said: Chunk ID: e75b25
      Wall time: 0",
        "4 ends, 30 tokens",
        "5 turn_started",
        "5 user_message: hello injected from bridge",
        "5 message: echo: hello injected from bridge",
        "5 ends, 9 tokens",
      ]
    `);
  });

  it("has reasoning, changed files, failures and interruptions", () => {
    expect(brief(play(recorded("turns")).events)).toMatchInlineSnapshot(`
      [
        "1 turn_started",
        "1 user_message: hello app server",
        "1 message: echo: hello app server",
        "1 ends, 6 tokens",
        "2 turn_started",
        "2 user_message: THINK: pondering
      RUN: touch /rig/w/appro",
        "2 reasoning: pondering",
        "2 command in_progress: /bin/bash -lc 'touch /rig/w/approved.txt",
        "2 command completed: /bin/bash -lc 'touch /rig/w/approved.txt",
        "2 message: tool said: Chunk ID: 906ead
      Wall time: 0",
        "2 ends, 55 tokens",
        "3 turn_started",
        "3 user_message: RUN: touch /rig/w/declined.txt",
        "3 command in_progress: /bin/bash -lc 'touch /rig/w/declined.txt",
        "3 command declined: /bin/bash -lc 'touch /rig/w/declined.txt",
        "3 message: tool said: exec_command failed: CreatePr",
        "3 ends, 43 tokens",
        "4 turn_started",
        "4 user_message: WRITE: app-new.txt :: content here",
        "4 file_change in_progress: file_change",
        "4 file_change completed: file_change",
        "4 message: tool said: Exit code: 0
      Wall time: 0 sec",
        "4 ends, 47 tokens",
        "5 turn_started",
        "5 user_message: WRITE: app-declined.txt :: content here",
        "5 file_change in_progress: file_change",
        "5 file_change declined: file_change",
        "5 message: tool said: patch rejected by user",
        "5 ends, 29 tokens",
        "6 turn_started",
        "6 user_message: RUN: touch /rig/w/sess.txt",
        "6 command in_progress: /bin/bash -lc 'touch /rig/w/sess.txt'",
        "6 command completed: /bin/bash -lc 'touch /rig/w/sess.txt'",
        "6 message: tool said: Chunk ID: 8a2151
      Wall time: 0",
        "6 ends, 47 tokens",
        "7 turn_started",
        "7 user_message: RUN: touch /rig/w/sess.txt",
        "7 command in_progress: /bin/bash -lc 'touch /rig/w/sess.txt'",
        "7 command completed: /bin/bash -lc 'touch /rig/w/sess.txt'",
        "7 message: tool said: Chunk ID: 00e19d
      Wall time: 0",
        "7 ends, 47 tokens",
        "8 turn_started",
        "8 user_message: RUN: touch /rig/w/cancelled.txt",
        "8 command in_progress: /bin/bash -lc 'touch /rig/w/cancelled.tx",
        "8 command declined: /bin/bash -lc 'touch /rig/w/cancelled.tx",
        "Interrupted.",
        "8 ends, 18 tokens",
        "9 turn_started",
        "9 user_message: SLOW: 60 200
      long",
        "Interrupted.",
        "9 ends, 0 tokens",
        "10 turn_started",
        "10 user_message: RUN: sleep 2; echo slept",
        "10 command in_progress: /bin/bash -lc 'sleep 2; echo slept'",
        "10 command completed: /bin/bash -lc 'sleep 2; echo slept'",
        "10 user_message: SAY: steered!",
        "10 message: steered!",
        "10 ends, 18 tokens",
        "11 turn_started",
        "11 user_message: RUN: echo begin; sleep 30; echo end",
        "11 command in_progress: /bin/bash -lc 'echo begin; sleep 30; ech",
        "11 command failed: /bin/bash -lc 'echo begin; sleep 30; ech",
        "Interrupted.",
        "11 ends, 18 tokens",
        "12 turn_started",
        "12 user_message: FAIL: 401 nope",
        "Reconnecting... 1/1",
        "unexpected status 401 Unauthorized: nope, url: http://127.0.0.1:9100/v1/responses",
        "12 turn_failed",
      ]
    `);
  });

  it("is told once, however often it comes", () => {
    const told = recorded("join");
    const { state } = play(told);
    expect(play(told, state).events).toEqual([]);
  });
});

describe("a conversation that went on unseen", () => {
  const message = (id: string, text: string) => ({ id, type: "agentMessage", text });
  const turn = (id: string, status: string, items: Turn["items"]): Turn => ({ id, status, items });

  it("is told from where it was left; a turn that runs goes on", () => {
    const first = catchUp(startThread(0, true), "t", [
      turn("a", "completed", [message("1", "one")]),
      turn("b", "inProgress", [message("2", "two")]),
    ]);
    expect(brief(first.events)).toEqual([
      "1 turn_started",
      "1 message: one",
      "1 ends, ? tokens",
      "2 turn_started",
      "2 message: two",
    ]);
    const second = catchUp(first.state, "t", [
      turn("a", "completed", [message("1", "one")]),
      turn("b", "interrupted", [message("2", "two"), message("3", "three")]),
    ]);
    expect(brief(second.events)).toEqual(["2 message: three", "Interrupted.", "2 ends, ? tokens"]);
    expect(catchUp(second.state, "t", []).events).toEqual([]);
  });

  it("closes what ran when its turn's end was not told", () => {
    const command = { id: "1", type: "commandExecution", command: "sleep 9", status: "inProgress" };
    const first = catchUp(startThread(0, true), "t", [turn("a", "inProgress", [command])]);
    const second = catchUp(first.state, "t", [turn("b", "completed", [])]);
    expect(brief([...first.events, ...second.events])).toEqual([
      "1 turn_started",
      "1 command in_progress: sleep 9",
      "1 command failed: sleep 9",
      "1 turn_failed",
      "2 turn_started",
      "2 ends, ? tokens",
    ]);
  });

  it("shows an item of an unknown kind as it came", () => {
    const step = catchUp(startThread(0, true), "t", [
      turn("a", "completed", [{ id: "1", type: "hologram", x: 1 }]),
    ]);
    expect(step.events[1]).toMatchObject({
      item: { kind: "other", name: "hologram", json: `{"id":"1","type":"hologram","x":1}` },
    });
  });
});
