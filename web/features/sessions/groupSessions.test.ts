import { describe, expect, it } from "vitest";
import { sampleHost, sampleSession } from "../../fixtures/sample.ts";
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
    row.kind === "session" ? row.session.title : `# ${row.host?.name ?? row.group} ${row.count}`,
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
