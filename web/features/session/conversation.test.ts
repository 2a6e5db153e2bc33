import { describe, expect, it } from "vitest";
import type { EventBody, Item } from "../../../protocol/events.ts";
import type { LogEvent } from "../../shared/live/sessionState.ts";
import { conversation, totalUsage } from "./conversation.ts";

const usage = (input: number) => ({
  input_tokens: input,
  cached_input_tokens: 1,
  cache_write_input_tokens: 0,
  output_tokens: 2,
  reasoning_output_tokens: 0,
});
function log(...bodies: (EventBody | { type: string; [key: string]: unknown })[]): LogEvent[] {
  return bodies.map((body, index) => ({ ...body, seq: index + 1, at: (index + 1) * 10 }));
}
const command = (status: "in_progress" | "completed", output: string): Item => ({
  kind: "command",
  command: "npm test",
  output,
  output_cut: 0,
  exit_code: status === "completed" ? 0 : null,
  status,
});
const item = (id: string, what: Item, turn = 1): EventBody => ({ type: "item", id, turn, item: what });
const message = (text: string): Item => ({ kind: "message", text });

describe("a conversation", () => {
  it("keeps an item as one card while it changes, where it first stood", () => {
    const entries = conversation(
      log(
        { type: "turn_started", turn: 1, thread: "t" },
        item("a", command("in_progress", "")),
        item("b", message("hi")),
        item("a", command("completed", "ok")),
        { type: "turn_completed", turn: 1, usage: usage(10) },
      ),
    );
    expect(entries.map((entry) => entry.kind)).toEqual(["item", "item", "turn"]);
    expect(entries[0]).toMatchObject({
      key: "item-1-a",
      at: 20,
      item: { status: "completed", output: "ok" },
    });
    expect(entries[2]).toMatchObject({ state: "done", usage: usage(10), startedAt: 10, at: 50 });
  });

  it("does not mix items of two turns that have the same id", () => {
    const entries = conversation(log(item("item_0", message("one"), 1), item("item_0", message("two"), 2)));
    expect(entries.map((entry) => entry.kind === "item" && entry.item)).toEqual([
      message("one"),
      message("two"),
    ]);
  });

  it("shows a running turn last", () => {
    const entries = conversation(
      log({ type: "turn_started", turn: 1, thread: null }, item("a", message("hi"))),
    );
    expect(entries.at(-1)).toMatchObject({ kind: "turn", state: "running", startedAt: 10 });
  });

  it("says why a turn failed, and closes a turn that its process took along", () => {
    const failed = conversation(
      log({ type: "turn_started", turn: 1, thread: null }, { type: "turn_failed", turn: 1, message: "401" }),
    );
    expect(failed).toMatchObject([{ state: "error", message: "401" }]);
    const killed = conversation(
      log(
        { type: "turn_started", turn: 1, thread: null },
        { type: "ended", status: "trouble", exit: { code: null, signal: "SIGKILL", message: null } },
      ),
    );
    expect(killed).toMatchObject([{ state: "error", message: "ended by SIGKILL" }]);
    expect(
      conversation(log({ type: "ended", status: "done", exit: { code: 0, signal: null, message: null } })),
    ).toEqual([]);
  });

  it("shows notices, gaps and what it does not know, each as a line", () => {
    const entries = conversation(
      log(
        { type: "notice", level: "error", message: "Reconnecting" },
        { type: "gap", lost: 3, since: 0, reason: "the journal was full" },
        { type: "hologram", beam: 1 },
        { type: "item", id: "x", turn: 1, item: { kind: "hologram" } },
        { type: "created", provider: "codex", host: null, cwd: null, title: "x" },
      ),
    );
    expect(entries.map((entry) => entry.kind === "notice" && entry.text)).toEqual([
      "Reconnecting",
      "3 events were lost on the host: the journal was full",
      "Something this page does not know yet: hologram",
      "Something this page does not know yet: item",
    ]);
  });

  it("has a key of its own for each entry", () => {
    const entries = conversation(
      log(
        { type: "turn_started", turn: 1, thread: null },
        { type: "turn_failed", turn: 1, message: "x" },
        { type: "turn_started", turn: 1, thread: null },
        { type: "turn_completed", turn: 1, usage: null },
        { type: "turn_started", turn: 2, thread: null },
      ),
    );
    expect(new Set(entries.map((entry) => entry.key)).size).toBe(entries.length);
  });

  it("sums up usage, which is told per turn", () => {
    expect(totalUsage([])).toBeNull();
    const entries = conversation(
      log(
        { type: "turn_completed", turn: 1, usage: usage(10) },
        { type: "turn_completed", turn: 2, usage: null },
        { type: "turn_completed", turn: 3, usage: usage(5) },
      ),
    );
    expect(totalUsage(entries)).toMatchObject({ input_tokens: 15, output_tokens: 4 });
  });
});
