import { describe, expect, it } from "vitest";
import type { EventBody, Item } from "../../../protocol/events.ts";
import { newId } from "../../../protocol/ids.ts";
import { sampleApproval } from "../../fixtures/sample.ts";
import type { LogEvent, Part } from "../../shared/live/sessionState.ts";
import { readChat, sameEntry, withParts, type ChatEntry } from "./readChat.ts";

const log = (...bodies: (EventBody | { type: string })[]): LogEvent[] =>
  bodies.map((body, index) => ({ ...body, seq: index + 1, at: (index + 1) * 1_000 }));
const item = (id: string, what: Item, turn = 1): EventBody => ({ type: "item", id, turn, item: what });
const call = (
  state: "proposed" | "waiting" | "dispatched" | "completed",
  approval: string | null = null,
): Item => ({
  kind: "call",
  tool: "run_command",
  input: "{}",
  state,
  approval,
  host: null,
  output: null,
  output_cut: 0,
  error: null,
});
const says = (text: string): Item => ({ kind: "message", text });
const start: EventBody = { type: "turn_started", turn: 1, thread: null, model: "offline/builtin" };
const usage = {
  input_tokens: 10,
  cached_input_tokens: 4,
  cache_write_input_tokens: 0,
  output_tokens: 5,
  reasoning_output_tokens: 1,
};
const done: EventBody = { type: "turn_completed", turn: 1, usage };
const keys = (entries: ChatEntry[]): string[] => entries.map(({ key }) => key);
const part = (text: string, id = "m", turn = 1): [string, Part] => [
  `${turn} ${id}`,
  { id, turn, kind: "message", text },
];

describe("a chat", () => {
  it("keeps a call one card from proposal to result, where it first stood", () => {
    const { entries } = readChat(
      log(
        start,
        item("c", call("proposed")),
        item("m", says("meanwhile")),
        item("c", call("waiting")),
        item("c", call("completed")),
      ),
    );
    expect(keys(entries)).toEqual(["item 1 c", "item 1 m"]);
    expect(entries[0]).toMatchObject({ at: 2_000, item: { state: "completed" } });
  });

  it("knows which of the messages that wait steer the turn", () => {
    const id = newId("msg");
    const queued = { type: "queued", id, text: "a", by: "owner" } as const;
    const steers = (...bodies: EventBody[]) =>
      readChat(log(start, ...bodies)).queue.map(({ steer }) => steer);
    const waits: EventBody = { ...queued, state: "queued", steer: true };
    expect(steers(waits)).toEqual([true]);
    expect(steers(waits, { ...queued, state: "edited" })).toEqual([false]);
    expect(steers(waits, { ...queued, state: "taken", steer: true })).toEqual([]);
  });

  it("shows nothing of what an attempt had begun to say that does not count", () => {
    const { entries } = readChat(
      log(
        start,
        item("r", { kind: "reasoning", text: "I wonder" }),
        item("m", says("yes")),
        item("r", { kind: "reasoning", text: "" }),
      ),
    );
    expect(keys(entries)).toEqual(["item 1 m"]);
  });

  it("turns the call of a question into the question's card", () => {
    const question: Item = { kind: "question", question: "Which?", options: [], answer: null };
    const { entries } = readChat(
      log(
        start,
        item("q", call("proposed")),
        item("q", question),
        item("q", { ...question, answer: "this" }),
      ),
    );
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ item: { kind: "question", answer: "this" } });
  });

  it("does not mix items of the same id in different turns", () => {
    expect(readChat(log(item("m", says("a")), item("m", says("b"), 2))).entries).toHaveLength(2);
  });

  it("says of a turn its model, its tokens, its calls and how long it took", () => {
    const { entries, running } = readChat(
      log(start, item("c", call("proposed")), item("c", call("completed")), done),
    );
    expect(running).toBeNull();
    expect(entries.at(-1)).toEqual({
      kind: "turn",
      key: "turn 1",
      at: 4_000,
      turn: 1,
      state: "done",
      model: "offline/builtin",
      usage,
      message: null,
      by: null,
      startedAt: 1_000,
      calls: 1,
    });
  });

  it("says who stopped a turn, and why one failed", () => {
    const stopped = readChat(log(start, { type: "turn_cancelled", turn: 1, by: "owner" })).entries;
    expect(stopped.at(-1)).toMatchObject({ state: "stopped", by: "owner" });
    const failed = readChat(log(start, { type: "turn_failed", turn: 1, message: "no key" })).entries;
    expect(failed.at(-1)).toMatchObject({ state: "error", message: "no key" });
  });

  it("closes a turn whose start is not here", () => {
    expect(readChat(log(done)).entries).toMatchObject([{ kind: "turn", startedAt: null, model: null }]);
  });

  it("knows the newest of each approval", () => {
    const asked = sampleApproval();
    const allowed = { ...asked, status: "allowed" as const, version: 2 };
    const { approvals } = readChat(
      log({ type: "approval", approval: asked }, { type: "approval", approval: allowed }),
    );
    expect(approvals.get(asked.id)).toMatchObject({ status: "allowed" });
  });

  it("keeps messages in the queue until they are taken or removed", () => {
    const [one, two, three] = [newId("msg"), newId("msg"), newId("msg")];
    const said = (id: string, text: string, state: "queued" | "edited" | "removed" | "taken"): EventBody => ({
      type: "queued",
      id,
      text,
      state,
      by: "owner",
    });
    const early = { id: three, text: "from before", by: "owner", created_at: 1 };
    const { queue } = readChat(
      log(
        said(one, "1", "queued"),
        said(two, "2", "queued"),
        said(one, "1!", "edited"),
        said(two, "2", "taken"),
        said(two, "2", "taken"),
      ),
      [early],
    );
    expect(queue).toEqual([early, { id: one, text: "1!", by: "owner", steer: false, created_at: 1_000 }]);
    expect(readChat(log(said(three, "from before", "removed")), [early]).queue).toEqual([]);
  });

  it("tells what changed for the model, and what it does not know", () => {
    const { entries } = readChat(
      log(
        { type: "model", model: "openai/x", effort: "high", by: "owner" },
        { type: "hopped", host: newId("hst"), host_name: "studio", workspace: "/w" },
        { type: "from_the_future" },
      ),
    );
    expect(entries.map((entry) => (entry.kind === "notice" ? entry.text : ""))).toEqual([
      "owner chose the model openai/x, effort high",
      "Works on studio in /w now",
      "Something this page does not know yet: from_the_future",
    ]);
  });
});

describe("what is growing", () => {
  const chat = readChat(log(start, item("m", says("Hel")), item("c", call("waiting"))));

  it("stands in its item's place, and the running turn stands last under the key of its end", () => {
    const entries = withParts(chat, new Map([part("Hello")]));
    expect(keys(entries)).toEqual(["item 1 m", "item 1 c", "turn 1"]);
    expect(entries[0]).toMatchObject({ growing: true, item: { text: "Hello" } });
    expect(entries.at(-1)).toMatchObject({ state: "running", startedAt: 1_000 });
  });

  it("stands at the end when its item is not here yet", () => {
    expect(keys(withParts(chat, new Map([part("x", "new")])))).toEqual([
      "item 1 m",
      "item 1 c",
      "item 1 new",
      "turn 1",
    ]);
  });

  it("is the output of a call in its card, and nothing where the card is not here", () => {
    const printed = (text: string, id: string): [string, Part] => [
      `1 ${id}`,
      { id, turn: 1, kind: "output", text },
    ];
    const running = readChat(log(start, item("c", call("dispatched"))));
    const [card] = withParts(running, new Map([printed("a", "c")]));
    expect(card).toMatchObject({ growing: true, item: { kind: "call", state: "dispatched", output: "a" } });
    expect(keys(withParts(running, new Map([printed("a", "gone")])))).toEqual(["item 1 c", "turn 1"]);
    const [more] = withParts(running, new Map([printed("ab", "c")]));
    const [same] = withParts(running, new Map([printed("a", "c")]));
    if (card === undefined || more === undefined || same === undefined) throw new Error("no entry");
    expect([sameEntry(card, more), sameEntry(card, same)]).toEqual([false, true]);
  });

  it("is the chat itself when nothing grows or runs", () => {
    const ended = readChat(log(start, done));
    expect(withParts(ended, new Map())).toBe(ended.entries);
  });

  it("is drawn again only when it changed", () => {
    const [before] = withParts(chat, new Map([part("Hello")]));
    const [same] = withParts(chat, new Map([part("Hello")]));
    const [after] = withParts(chat, new Map([part("Hello you")]));
    const [final] = readChat(log(start, item("m", says("Hello you")))).entries;
    if (before === undefined || same === undefined || after === undefined || final === undefined)
      throw new Error("no entry");
    expect(sameEntry(before, same)).toBe(true);
    expect(sameEntry(before, after)).toBe(false);
    expect(sameEntry(after, final)).toBe(false);
    const events = log(start, item("m", says("x")), done);
    const [first, again] = [
      readChat(events).entries,
      readChat([...events, ...log({ type: "later" })]).entries,
    ];
    expect(first.every((entry, index) => sameEntry(entry, again[index] ?? entry))).toBe(true);
  });
});
