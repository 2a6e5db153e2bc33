import { describe, expect, it } from "vitest";
import { newId } from "../../protocol/ids.ts";
import type { PaneRow } from "./paneFormat.ts";
import { planPanes, type Known } from "./planPanes.ts";
import type { Listing } from "./server.ts";
import type { PaneKey, SessionRecord } from "./sessionRecords.ts";

const socket = "/tmp/tmux-0/default";
const key = (pane: string, serverPid = 10, serverStart = 1700): PaneKey => ({
  socket,
  serverPid,
  serverStart,
  pane,
});

function record(over: Partial<SessionRecord> = {}): SessionRecord {
  return {
    session: newId("ses"),
    socket,
    key: key("%1"),
    spawned: false,
    killed: false,
    title: "t",
    worktree: null,
    facts: null,
    status: "working",
    reason: null,
    endedAt: null,
    endReason: null,
    ...over,
  };
}

function row(over: Partial<PaneRow> = {}): PaneRow {
  return {
    serverPid: 10,
    serverStart: 1700,
    tmuxSessionId: "$0",
    tmuxSession: "main",
    sessionActivity: 0,
    windowId: "@0",
    windowIndex: "0",
    windowName: "w",
    windowPanes: 1,
    windowActivity: 0,
    pane: "%1",
    panePid: 99,
    command: "bash",
    cwd: "/",
    title: "",
    cols: 80,
    rows: 24,
    dead: false,
    deadStatus: "",
    deadSignal: "",
    piped: false,
    mark: "",
    sessions: ["$0"],
    ...over,
  };
}

function plan(
  listing: Listing,
  records: SessionRecord[],
  options: { first?: boolean; spawning?: string[]; awaitsStatus?: boolean } = {},
) {
  const known: Known = {
    all: () => records,
    get: (session) => records.find((one) => one.session === session),
    byPane: (wanted) =>
      records.find((one) => one.endedAt === null && JSON.stringify(one.key) === JSON.stringify(wanted)),
  };
  return planPanes(new Map([[socket, listing]]), known, {
    first: () => options.first ?? false,
    spawning: new Set(options.spawning),
    awaitsStatus: () => options.awaitsStatus ?? false,
  });
}

const ok = (...panes: PaneRow[]): Listing => ({ status: "ok", panes });

describe("planPanes", () => {
  it("knows a pane by its server and number, whatever its mark says", () => {
    const one = record();
    expect(plan(ok(row()), [one]).live.map((live) => live.record)).toEqual([one]);
    expect(plan(ok(row({ mark: "rubbish" })), [one]).live).toHaveLength(1);
  });

  it("clears away only the dead pane of an ended session that it made itself", () => {
    const one = record({ spawned: true, endedAt: 1 });
    const dead = row({ dead: true, deadStatus: "0", mark: one.session });
    expect(plan(ok(dead), [one]).corpses.map((corpse) => corpse.record)).toEqual([one]);
    expect(plan(ok({ ...dead, dead: false }), [one]).corpses).toEqual([]);
    expect(plan(ok({ ...dead, pane: "%2" }), [one]).corpses).toEqual([]);
    expect(plan(ok({ ...dead, serverPid: 11 }), [one]).corpses).toEqual([]);
    expect(plan(ok(dead), [{ ...one, spawned: false }]).corpses).toEqual([]);
  });

  it("never takes %1 of a new server for %1 of the old one", () => {
    const one = record();
    const restarted = plan(ok(row({ serverPid: 11 })), [one]);
    expect(restarted.live).toEqual([]);
    expect(restarted.free).toHaveLength(1);
    expect(restarted.ended).toMatchObject([{ record: one, status: "done" }]);
    const samePid = plan(ok(row({ serverStart: 1800 })), [one]);
    expect(samePid.free).toHaveLength(1);
  });

  it("takes up a marked pane again when the store was lost, once", () => {
    const session = newId("ses");
    const { returning, free } = plan(ok(row({ mark: session }), row({ pane: "%2", mark: session })), []);
    expect(returning.map((pane) => [pane.key.pane, pane.session])).toEqual([["%1", session]]);
    expect(free.map((pane) => pane.key.pane)).toEqual(["%2"]);
  });

  it("does not reopen a session that has ended, nor give away one that lives elsewhere", () => {
    const ended = record({ endedAt: 5 });
    expect(plan(ok(row({ pane: "%7", mark: ended.session })), [ended]).free).toHaveLength(1);
    const alive = record();
    const both = plan(ok(row({ pane: "%7", mark: alive.session }), row({ mark: alive.session })), [alive]);
    expect(both.live.map((live) => live.key.pane)).toEqual(["%1"]);
    expect(both.free.map((pane) => pane.key.pane)).toEqual(["%7"]);
  });

  it("finds the pane of a spawn that the daemon did not live to record, and lets one that runs alone", () => {
    const born = record({ key: null, spawned: true });
    const listing = ok(row({ mark: born.session }));
    expect(plan(listing, [born]).live).toMatchObject([{ record: born, key: key("%1") }]);
    const running = plan(listing, [born], { spawning: [born.session] });
    expect([running.live, running.free, running.ended]).toEqual([[], [], []]);
    expect(plan(ok(), [born], { first: true }).ended).toMatchObject([{ status: "trouble" }]);
  });

  it.each([
    [{ deadStatus: "0" }, {}, "done", { code: 0, signal: null }],
    [{ deadStatus: "7" }, {}, "trouble", { code: 7, signal: null }],
    [{ deadSignal: "9" }, {}, "trouble", { code: null, signal: "SIGKILL" }],
    [{ deadSignal: "TERM" }, {}, "trouble", { code: null, signal: "SIGTERM" }],
    [
      { deadSignal: "1" },
      { killed: true },
      "done",
      { code: null, signal: "SIGHUP", message: "Ended by a command." },
    ],
    [
      { deadStatus: "1" },
      {
        facts: {
          cwd: null,
          command: null,
          agent: "shell",
          git: null,
          pane: null,
          worktree: null,
          preview: null,
        },
      },
      "done",
      { code: 1 },
    ],
  ] as const)("reads the end of a dead pane: %j %j", (dead, over, status, exit) => {
    const one = record({ spawned: true, ...over });
    const { ended, live } = plan(ok(row({ dead: true, ...dead })), [one]);
    expect(live).toEqual([]);
    expect(ended).toMatchObject([{ status, exit, corpse: { key: key("%1") } }]);
  });

  it("waits for the status of a pane that has just died, but not for ever", () => {
    const one = record({ spawned: true });
    const waiting = plan(ok(row({ dead: true })), [one], { awaitsStatus: true });
    expect([waiting.live, waiting.ended, waiting.free]).toEqual([[], [], []]);
    expect(plan(ok(row({ dead: true })), [one]).ended).toMatchObject([
      {
        status: "trouble",
        exit: { code: null, signal: null, message: expect.stringMatching(/how is not known/) },
      },
    ]);
  });

  it("leaves a dead pane of nobody alone", () => {
    const { free, returning } = plan(ok(row({ dead: true, mark: newId("ses") })), []);
    expect([free, returning]).toEqual([[], []]);
  });

  it.each([
    [{ status: "ok", panes: [] }, {}, false, "done", /tmux does not tell/],
    [{ status: "ok", panes: [] }, { spawned: true }, false, "done", /was closed/],
    [{ status: "ok", panes: [] }, {}, true, "done", /while the daemon was away/],
    [{ status: "ok", panes: [] }, { killed: true }, true, "done", /by a command/],
    [{ status: "dead" }, {}, false, "trouble", /server ended\./],
    [{ status: "dead" }, { status: "idle" }, true, "done", /server ended while the daemon was away/],
  ] as const)("says how a missing pane ended: %j %j", (listing, over, first, status, message) => {
    const outcome = plan(listing.status === "ok" ? ok() : listing, [record(over)], { first });
    expect(outcome.ended).toMatchObject([
      { status, exit: { message: expect.stringMatching(message) }, corpse: null },
    ]);
  });

  it("says nothing of panes on a server that cannot be asked, or was not", () => {
    expect(plan({ status: "unreachable", message: "no answer" }, [record()]).ended).toEqual([]);
    expect(plan(ok(), [record({ socket: "/other" })]).ended).toEqual([]);
    expect(plan(ok(), [record({ endedAt: 1 })]).ended).toEqual([]);
  });
});
