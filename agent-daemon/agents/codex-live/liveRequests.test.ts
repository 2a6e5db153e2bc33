import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import type { DaemonMessage } from "../../../protocol/link.ts";
import { openStore } from "../../store.ts";
import { tempDir } from "../../testing/tempDir.ts";
import { startLiveRequests } from "./liveRequests.ts";

const session = newId("ses");
const METHOD = "item/commandExecution/requestApproval";
const params = (over: object = {}) => ({
  threadId: "thread",
  turnId: "turn",
  itemId: "call",
  command: "/bin/bash -lc 'touch a'",
  cwd: "/work",
  ...over,
});
const about = { session, cwd: "/work", item: undefined };

/** The daemon's side, with what it says to the edge and to the app server; `again` is another process of it. */
function open(path = join(tempDir(), "agent.db"), patienceMs?: number) {
  const store = openStore(path);
  const messages: DaemonMessage[] = [];
  const answers: { rpc: unknown; result: unknown }[] = [];
  const state = { full: false, connected: true };
  const requests = startLiveRequests({
    store,
    log: () => {},
    ...(patienceMs === undefined ? {} : { patienceMs }),
    outlet: {
      put(put, also) {
        if (state.full) return false;
        store.transaction(() => also?.());
        messages.push(...put);
        return true;
      },
      lost() {},
    },
    answer(rpc, result) {
      if (state.connected) answers.push({ rpc, result });
      return state.connected;
    },
  });
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    requests.stop();
    store.close();
  };
  onTestFinished(close);
  const ids = () => messages.flatMap((each) => (each.kind === "request" ? [each.request.id] : []));
  const ends = () => messages.flatMap((each) => (each.kind === "request_ended" ? [each.end] : []));
  const decide = (request: string, allow = true) =>
    requests.decide({ type: "decide", request, allow }, session);
  return { path, requests, answers, state, close, ids, ends, decide };
}
const ended = (end: string) => ({ status: "done", value: { type: "decided", end } });
const ACCEPTED = { decision: "accept" };

describe("a request of Codex", () => {
  it("is told once, on however many connections it comes", () => {
    const { requests, ids, ends } = open();
    requests.asked(1, METHOD, params(), about);
    requests.asked(1, METHOD, params(), about);
    requests.disconnected();
    requests.asked(0, METHOD, params(), about);
    requests.settle("thread");
    expect(ids()).toHaveLength(1);
    expect(ends()).toEqual([]);
  });

  it("is applied when the server says that it is resolved, and not decided twice", async () => {
    const { requests, ids, answers, decide } = open();
    requests.asked(7, METHOD, params(), about);
    const [id = ""] = ids();
    const result = decide(id);
    expect(answers).toEqual([{ rpc: 7, result: ACCEPTED }]);
    requests.resolved("another", 7);
    requests.resolved("thread", 7);
    expect(await result).toEqual(ended("applied"));
    expect(await decide(id, false)).toEqual(ended("applied"));
    expect(answers).toHaveLength(1);
  });

  it("was answered by somebody else", async () => {
    const { requests, ids, ends, answers, decide } = open();
    requests.asked(7, METHOD, params(), about);
    requests.resolved("thread", 7);
    expect(ends()).toEqual(["stale"]);
    expect(await decide(ids()[0] ?? "")).toEqual(ended("stale"));
    expect(answers).toEqual([]);
  });

  it("is another one when the same is asked again after its end", () => {
    const { requests, ids } = open();
    requests.asked(7, METHOD, params(), about);
    requests.resolved("thread", 7);
    requests.asked(8, METHOD, params(), about);
    expect(new Set(ids()).size).toBe(2);
  });

  it("gets its answer on the next connection when the first was cut before it had it", async () => {
    const { requests, ids, answers, decide } = open();
    requests.asked(7, METHOD, params(), about);
    const result = decide(ids()[0] ?? "");
    requests.disconnected();
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    requests.asked(0, METHOD, params(), about);
    await vi.waitFor(() => expect(answers.map(({ rpc }) => rpc)).toEqual([7, 0]));
    requests.resolved("thread", 0);
    expect(await result).toEqual(ended("applied"));
  });

  it("was decided, and the daemon died: it is answered when it asks again, and that is told", async () => {
    const first = open();
    first.state.connected = false;
    first.requests.asked(7, METHOD, params(), about);
    const [id = ""] = first.ids();
    const result = first.decide(id);
    first.close();
    expect(await result).toMatchObject({ status: "indeterminate" });
    const second = open(first.path);
    second.requests.asked(0, METHOD, params(), about);
    expect(second.answers).toEqual([{ rpc: 0, result: ACCEPTED }]);
    second.requests.resolved("thread", 0);
    await vi.waitFor(() => expect(second.ends()).toEqual(["applied"]));
    expect(second.ids()).toEqual([]);
  });

  it("was decided and given, and the daemon died: what was done tells whose answer counted", async () => {
    for (const [allow, done, end] of [
      [true, true, "applied"],
      [true, false, "stale"],
      [false, true, "stale"],
    ] as const) {
      const first = open();
      first.requests.asked(7, METHOD, params(), about);
      const [id = ""] = first.ids();
      void first.decide(id, allow);
      first.close();
      const second = open(first.path);
      const again = second.decide(id, allow);
      second.requests.outcome("thread", "call", done);
      second.requests.settle("thread");
      expect(await again).toEqual(ended(end));
      expect(second.answers).toEqual([]);
    }
  });

  it("nobody knows of what was given and left no trace; it is said when it is known after all", async () => {
    const first = open();
    first.requests.asked(7, METHOD, params(), about);
    const [id = ""] = first.ids();
    void first.decide(id);
    first.close();
    const { requests, decide, ends } = open(first.path);
    requests.settle("thread");
    expect(await decide(id)).toMatchObject({ status: "indeterminate" });
    requests.outcome("thread", "call", true);
    expect(ends()).toEqual(["applied"]);
  });

  it("is corrected when what was done shows that the terminal was faster; asked twice, the last counts", async () => {
    const { requests, ids, ends, decide } = open();
    requests.asked(7, METHOD, params(), about);
    const first = decide(ids()[0] ?? "");
    requests.resolved("thread", 7);
    expect(await first).toEqual(ended("applied"));
    requests.asked(8, METHOD, params(), about);
    const second = decide(ids()[1] ?? "");
    requests.resolved("thread", 8);
    expect(await second).toEqual(ended("applied"));
    requests.outcome("thread", "call", false);
    requests.outcome("thread", "call", false);
    expect(ends()).toEqual(["stale"]);
    expect(await decide(ids()[0] ?? "")).toEqual(ended("applied"));
    expect(await decide(ids()[1] ?? "")).toEqual(ended("stale"));
  });

  it("does not hold up its command for ever, and goes on without it", async () => {
    const { requests, ids, ends, answers, decide, state } = open(undefined, 20);
    requests.asked(7, METHOD, params(), about);
    state.connected = false;
    expect(await decide(ids()[0] ?? "")).toMatchObject({ status: "indeterminate" });
    state.connected = true;
    requests.asked(0, METHOD, params(), about);
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    requests.resolved("thread", 0);
    await vi.waitFor(() => expect(ends()).toEqual(["applied"]));
  });

  it("is over when its conversation does not ask it again; gone when its terminal is", () => {
    const first = open();
    first.requests.asked(7, METHOD, params(), about);
    first.requests.asked(8, METHOD, params({ itemId: "other", threadId: "second" }), about);
    first.close();
    const { requests, ends } = open(first.path);
    requests.settle("thread");
    expect(ends()).toEqual(["stale"]);
    requests.gone((_, thread) => thread === "second");
    expect(ends()).toEqual(["stale", "gone"]);
    expect(requests.anyOpen()).toBe(false);
  });

  it("waits for room in the journal", async () => {
    const { requests, ids, state } = open();
    state.full = true;
    requests.asked(7, METHOD, params(), about);
    expect(ids()).toEqual([]);
    state.full = false;
    await vi.waitFor(() => expect(ids()).toHaveLength(1), { timeout: 30_000 });
  });

  it("is not for anybody else's session, and not every request is for a person", async () => {
    const { requests, ids } = open();
    requests.asked(7, METHOD, params(), about);
    requests.asked(8, "item/tool/call", params(), about);
    const [id = "", ...others] = ids();
    expect(others).toEqual([]);
    expect(await requests.decide({ type: "decide", request: id, allow: true }, newId("ses"))).toMatchObject({
      code: "no_such_request",
    });
  });
});
