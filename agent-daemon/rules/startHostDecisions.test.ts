import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { HostRule } from "../../protocol/hostRules.ts";
import { newId } from "../../protocol/ids.ts";
import { DaemonMessage } from "../../protocol/link.ts";
import type { AgentRequest } from "../../protocol/requests.ts";
import { openJournal } from "../link/journal.ts";
import type { Part } from "../parts.ts";
import { openStore } from "../store.ts";
import { eventually } from "../testing/program.ts";
import { tempDir } from "../testing/tempDir.ts";
import { startHostDecisions } from "./startHostDecisions.ts";

const session = newId("ses");
const RULE: HostRule = {
  id: newId("rul"),
  tool: "Bash",
  host: null,
  workspace: null,
  pattern: "Bash make",
  input_sha256: null,
  by: "ann",
  expires_at: null,
};
const asked = (over: Partial<AgentRequest> = {}): AgentRequest => ({
  id: "one",
  requester: "claude",
  tool: "Bash",
  scope: "execute",
  input: "{}",
  input_sha256: "a".repeat(64),
  summary: "Bash make",
  touches: [],
  offers: [],
  ...over,
});

let path: string;
let offline: boolean;
let decisions: { request: string; allow: boolean }[];
beforeEach(() => {
  path = join(tempDir(), "agent.db");
  offline = true;
  decisions = [];
});

const agent = (over: Partial<Part> = {}): Part => ({
  handles: ({ type }) => type === "decide",
  async run(command) {
    if (command.type === "decide") decisions.push({ request: command.request, allow: command.allow });
    return { status: "done", value: { type: "decided", end: "applied" } };
  },
  stop: async () => {},
  ...over,
});

/** The daemon starts, again with what is in its store. */
function open(part: Part | null = agent(), find: () => HostRule | null = () => RULE) {
  const store = openStore(path);
  const journal = openJournal({ store, maxBytes: 1e6, log: () => {} });
  onTestFinished(() => (journal.stop(), store.close()));
  const seen: string[] = [];
  const host = startHostDecisions({
    store,
    journal,
    rules: {
      find(act) {
        seen.push(`${act.summary} in ${act.workspace}`);
        return find();
      },
    },
    offline: () => offline,
    host: () => null,
    log: () => {},
  });
  if (part !== null) host.begin([part], () => "/w");
  const told = () =>
    journal.read(0, { messages: 100, bytes: 1e6 }).map(({ json }) => DaemonMessage.parse(JSON.parse(json)));
  return { ...host, store, told, seen };
}
const ask = (daemon: ReturnType<typeof open>, request = asked(), also?: () => void) =>
  daemon.outlet.put([{ kind: "request", session, request }], also);

describe("what an agent asks while the edge is away", () => {
  it("is decided by a rule: noted with the request, given once, and its end told", async () => {
    const daemon = open();
    let noted = false;
    ask(daemon, asked(), () => (noted = true));
    expect([noted, decisions]).toEqual([true, []]); // the journal first
    expect(daemon.told()).toMatchObject([
      { kind: "request", request: { id: "one" }, decided: { rule: RULE.id, by: "ann" } },
    ]);
    await eventually("its end", () => daemon.told().length > 1);
    expect(daemon.told()[1]).toMatchObject({ kind: "request_ended", request: "one", end: "applied" });
    expect(decisions).toEqual([{ request: "one", allow: true }]);
    expect(daemon.seen).toEqual(["Bash make in /w"]);
    open();
    await new Promise(setImmediate);
    expect(decisions).toHaveLength(1);
  });

  it("waits for a person when no rule allows it, when it is a question, and while the edge is there", async () => {
    for (const [find, request] of [
      [() => null, asked()],
      [() => RULE, asked({ id: "two", questions: [] })],
    ] as const) {
      const daemon = open(agent(), find);
      ask(daemon, request);
      expect(daemon.told().at(-1)).not.toHaveProperty("decided");
    }
    offline = false;
    const daemon = open();
    ask(daemon, asked({ id: "three" }));
    await new Promise(setImmediate);
    expect(daemon.told().at(-1)).not.toHaveProperty("decided");
    expect([daemon.seen, decisions]).toEqual([[], []]);
  });

  it("is not decided when the journal does not take it", async () => {
    const daemon = open();
    daemon.store.db.exec("UPDATE link_journal SET bytes = 2000000");
    expect(ask(daemon)).toBe(false);
    await new Promise(setImmediate);
    expect(decisions).toEqual([]);
  });

  it("is not decided when what it belongs to is undone", async () => {
    const daemon = open();
    expect(() =>
      daemon.store.transaction(() => {
        ask(daemon);
        throw new Error("undone");
      }),
    ).toThrow("undone");
    await new Promise(setImmediate);
    expect([decisions, daemon.told()]).toEqual([[], []]);
  });

  it("is given by the next process when this one died before, or said not to be known when it died while it gave it", async () => {
    const first = open(null); // its agents do not run yet
    ask(first);
    await new Promise(setImmediate);
    expect([first.told().length, decisions]).toEqual([1, []]);
    const next = open();
    await eventually("its end", () => next.told().length > 1);
    expect(decisions).toHaveLength(1);

    const { promise: never } = Promise.withResolvers<never>();
    const dying = open(agent({ run: () => never }));
    ask(dying, asked({ id: "two" }));
    await new Promise(setImmediate);
    dying.stop();
    const after = open();
    await eventually("its end", () => after.told().length > 3);
    expect(after.told().at(-1)).toMatchObject({ request: "two", end: "indeterminate" });
    expect(decisions).toHaveLength(1);

    const again = open(agent({ run: () => never, repeats: () => true }));
    ask(again, asked({ id: "three" }));
    await new Promise(setImmediate);
    again.stop();
    const last = open(agent({ repeats: () => true }));
    await eventually("its end", () => last.told().length > 5);
    expect(last.told().at(-1)).toMatchObject({ request: "three", end: "applied" });
  });

  it("has gone when nobody knows the request any more", async () => {
    const daemon = open(agent({ handles: () => false }));
    ask(daemon);
    await eventually("its end", () => daemon.told().length > 1);
    expect(daemon.told()[1]).toMatchObject({ end: "gone" });
  });
});
