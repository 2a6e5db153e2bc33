import { describe, expect, it } from "vitest";
import { sampleApproval, sampleHost, sampleSession } from "../../fixtures/sample.ts";
import type { Session } from "../../../protocol/session.ts";
import { countByStatus, groupSessions, type ListRow } from "./groupSessions.ts";

const alpha = sampleHost({ name: "alpha" });
const beta2 = sampleHost({ name: "beta 2" });
const beta10 = sampleHost({ name: "beta 10" });
const hosts = new Map([alpha, beta10, beta2].map((host) => [host.id, host]));

const sessions = [
  sampleSession({ title: "old", host: alpha.id, created_at: 1 }),
  sampleSession({ title: "new", host: alpha.id, created_at: 9, status: "working" }),
  sampleSession({ title: "ten", host: beta10.id }),
  sampleSession({ title: "two", host: beta2.id }),
  sampleSession({ title: "asks", host: beta2.id, status: "waiting", status_since: 20 }),
  sampleSession({ title: "failed", host: alpha.id, status: "trouble", status_since: 10, ended_at: 10 }),
  sampleSession({ title: "ended first", host: alpha.id, status: "done", ended_at: 1 }),
  sampleSession({ title: "ended last", host: beta2.id, status: "done", ended_at: 2 }),
];
const names = (rows: ListRow[]): string[] =>
  rows.map((row) =>
    row.kind === "session"
      ? row.session.title
      : row.kind === "fold"
        ? `${row.fold.title}: ${row.fold.words}`
        : `# ${row.host?.name ?? row.group} ${row.count}`,
  );

describe("the list of sessions", () => {
  it("has what needs the person first, then hosts by name, then what has ended", () => {
    expect(names(groupSessions(sessions, hosts, {}).rows)).toEqual([
      "# attention 2",
      "asks",
      "failed",
      "# alpha 2",
      "new",
      "old",
      "# beta 2 1",
      "two",
      "# beta 10 1",
      "ten",
      "# ended 2",
      "ended last",
      "ended first",
    ]);
  });

  it("has the agents of a run as one row where it goes on, or among what has ended; who needs a person stands alone", () => {
    const agent = (run: string, over: Partial<Session>): Session =>
      sampleSession({ host: alpha.id, job: { kind: "run", id: run, title: run }, ...over });
    const list = [
      sampleSession({ title: "newest", host: alpha.id, created_at: 99 }),
      sampleSession({ title: "oldest", host: alpha.id, created_at: 1 }),
      agent("goes on", { created_at: 50, status: "working" }),
      agent("goes on", { created_at: 51, status: "done", ended_at: 60, host: null }),
      agent("goes on", { title: "asks", status: "waiting", created_at: 52 }),
      agent("is over", { status: "done", ended_at: 20 }),
      agent("is over", { status: "trouble", ended_at: 30 }),
      sampleSession({ title: "ended before", status: "done", ended_at: 10, host: alpha.id }),
      sampleSession({ title: "ended after", status: "done", ended_at: 40, host: alpha.id }),
    ];
    const { rows, count } = groupSessions(list, hosts, {});
    expect(count).toBe(list.length);
    expect(names(rows)).toEqual([
      "# attention 1",
      "asks",
      "# alpha 4",
      "newest",
      "goes on: 2 agents, 1 working",
      "oldest",
      "# ended 4",
      "ended after",
      "is over: 2 agents, 1 failed",
      "ended before",
    ]);
  });

  it("puts a wish for permission before a question, that before trouble, and holds up what has finished until it is looked at", () => {
    const now = 1_000_000;
    const make = (title: string, over: Partial<Session>): Session =>
      sampleSession({ title, host: alpha.id, agent: "claude", status: "waiting", status_since: 5, ...over });
    const asks = make("asks", { status_since: 1 });
    const wants = make("wants", { status_since: 9 });
    const done = make("done", { status: "idle", finished_at: now - 5 });
    const doneLater = make("done later", { status: "idle", finished_at: now - 2 });
    const longAgo = make("long ago", { status: "idle", finished_at: now - 2 * 24 * 60 * 60_000 });
    const failed = make("failed", { status: "trouble", status_since: 3 });
    const question = { question: "Which?", header: null, options: [], many: false };
    const news = {
      approvals: [
        sampleApproval({ session: asks.id, questions: [question], created_at: 1 }),
        sampleApproval({ session: wants.id, summary: "Bash make", created_at: 9 }),
        sampleApproval({ session: wants.id, created_at: 10 }),
        sampleApproval({ session: failed.id, status: "denied" }),
      ],
      looked: new Map<string, number>(),
      now,
    };
    const all = [longAgo, done, failed, asks, doneLater, wants];
    const { rows } = groupSessions(all, hosts, {}, news);
    expect(names(rows)).toEqual([
      "# attention 3",
      "wants",
      "asks",
      "failed",
      "# finished 2",
      "done later",
      "done",
      "# alpha 1",
      "long ago",
    ]);
    const needs = rows.flatMap((row) => (row.kind === "session" && row.need !== null ? [row.need] : []));
    expect(needs.map(({ words }) => words)).toEqual([
      "Asks: Bash make and 1 more",
      "Which?",
      "Trouble",
      "Finished",
      "Finished",
    ]);
    const after = groupSessions(all, hosts, {}, { ...news, looked: new Map([[done.id, now - 5]]) });
    expect(names(after.rows)).toContain("# finished 1");
  });

  it("has each session once, in the same order whatever order they came in", () => {
    const there = groupSessions(sessions, hosts, {});
    expect(groupSessions(sessions.toReversed(), hosts, {})).toEqual(there);
    expect(new Set(there.rows.map((row) => row.key)).size).toBe(there.rows.length);
    expect(there.count).toBe(sessions.length);
  });

  it("keeps only what the filter wants", () => {
    expect(names(groupSessions(sessions, hosts, { host: beta2.id, ended: false }).rows)).toEqual([
      "# attention 1",
      "asks",
      "# beta 2 1",
      "two",
    ]);
    expect(groupSessions(sessions, hosts, { text: "nothing like it" })).toEqual({ rows: [], count: 0 });
  });

  it("shows sessions of a host that is not known (yet)", () => {
    expect(
      names(groupSessions([sampleSession({ title: "lost", host: sampleHost().id })], hosts, {}).rows),
    ).toEqual(["# host 1", "lost"]);
  });

  it("counts states as if the state were not filtered", () => {
    expect(Object.fromEntries(countByStatus(sessions, { status: ["done"], host: alpha.id }))).toEqual({
      idle: 1,
      working: 1,
      trouble: 1,
      done: 1,
    });
  });
});
