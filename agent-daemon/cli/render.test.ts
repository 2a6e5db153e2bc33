import { describe, test } from "vitest";
import type { AgentStatus } from "../agentStatus.ts";
import type { RunRecord } from "../edge/runRecord.ts";
import { newId } from "../../protocol/ids.ts";
import type { Session } from "../../protocol/session.ts";
import { isHealthy } from "./gatherStatus.ts";
import type { StatusReport } from "./gatherStatus.ts";
import { chooseSession } from "./findSession.ts";
import { renderSessions } from "./renderSessions.ts";
import { ago, renderStatus } from "./renderStatus.ts";
import { describeAnswer } from "./commands/send.ts";
import { checkNode, renderFindings } from "./commands/doctor.ts";

const NOW = 1_000_000_000;
const RECORD: RunRecord = {
  run: "r",
  supervisor: { pid: 1, started: "s" },
  port: 1,
  url: "http://127.0.0.1:1",
  started_at: NOW - 65_000,
  ready: true,
  edge: { state: "running", restarts: 0, process: null, children: [] },
  agent: { state: "running", restarts: 2, process: null },
};
const STATUS: AgentStatus = {
  pid: 1,
  version: "0",
  url: "https://box",
  started_at: 0,
  host: { id: "h", name: "desk" },
  link: { state: "online", since: NOW - 3_700_000, problem: null },
  problems: [],
  journal: { unacked: 0, bytes: 0 },
};

function session(over: Partial<Session>): Session {
  return {
    id: newId("ses"),
    team: "main",
    host: null,
    provider: "tmux",
    title: "title",
    status: "idle",
    status_reason: null,
    status_since: NOW,
    exit: null,
    thread: null,
    seq: 1,
    created_at: 0,
    updated_at: 0,
    ended_at: null,
    version: 1,
    cwd: "/work",
    command: "bash",
    agent: "shell",
    git: null,
    pane: null,
    worktree: null,
    preview: null,
    ...over,
  };
}

describe("status", () => {
  const local = (over: Partial<NonNullable<StatusReport["local"]>> = {}): StatusReport => ({
    local: { home: "/h", running: true, record: RECORD, agent: { running: true, status: STATUS }, ...over },
    connected: null,
  });

  test("of what runs", ({ expect }) => {
    expect(renderStatus(local(), NOW, "http://127.0.0.1:1/sign-in?code=c")).toEqual([
      "Signalbox  runs at http://127.0.0.1:1 (since 1 min)",
      "edge       runs",
      "daemon     online as desk for 1 h 1 min",
      "sign in    http://127.0.0.1:1/sign-in?code=c",
    ]);
    expect(isHealthy(local())).toBe(true);
  });

  test("of what is in trouble", ({ expect }) => {
    const link = {
      state: "waiting" as const,
      since: NOW,
      problem: { code: "refused", message: "The token was revoked." },
    };
    const status = {
      ...STATUS,
      link,
      problems: ["tmux is not installed."],
      journal: { unacked: 12, bytes: 5 },
    };
    expect(renderStatus(local({ agent: { running: true, status } }), NOW, null).slice(2)).toEqual([
      "daemon     not connected: The token was revoked.; 12 messages wait for the edge",
      "           tmux is not installed.",
    ]);
    expect(renderStatus(local({ agent: null }), NOW, null)[2]).toBe(
      "daemon     runs (started again 2 times)",
    );
    expect(renderStatus(local({ agent: { running: false, status: STATUS } }), NOW, null)[2]).toBe(
      "daemon     is not running",
    );
    expect(isHealthy(local({ agent: { running: true, status } }))).toBe(false);
  });

  test("of nothing", ({ expect }) => {
    const stopped = local({ running: false });
    expect([renderStatus(stopped, NOW, null), isHealthy(stopped)]).toEqual([
      ["Signalbox is not running here. Start it: npm start"],
      false,
    ]);
    expect(renderStatus({ local: null, connected: null }, NOW, null)[0]).toMatch(
      /^Nothing of Signalbox runs here\./,
    );
  });

  test("of a host of another machine's Signalbox", ({ expect }) => {
    const report: StatusReport = {
      local: null,
      connected: { stateDir: "/s", agent: { running: true, status: STATUS } },
    };
    expect(renderStatus(report, NOW, null)).toEqual([
      "host       of https://box",
      "daemon     online as desk for 1 h 1 min",
    ]);
    expect(isHealthy(report)).toBe(true);
  });

  test("spans in words", ({ expect }) => {
    expect([-5, 0, 59_400, 61_000, 3_600_000, 90_000_000].map(ago)).toEqual([
      "0 s",
      "0 s",
      "59 s",
      "1 min",
      "1 h 0 min",
      "1 d 1 h",
    ]);
  });
});

describe("sessions", () => {
  test("are a table, what needs a person first, without control characters", ({ expect }) => {
    const idle = session({ title: "quiet", updated_at: 9 });
    const waiting = session({
      title: "asks\u001b[31m",
      status: "waiting",
      git: { root: "/", branch: "main", dirty: 0 },
      agent: "claude",
    });
    const lines = renderSessions([idle, waiting], NOW, 200);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^! waiting +\w{8} +asks�\[31m +claude · main +\/work +0 s$/);
    expect(lines[2]).toContain("quiet");
    expect(renderSessions([], NOW, 80)).toEqual(["No sessions."]);
    expect(
      Math.max(...renderSessions([session({ title: "x".repeat(300) })], NOW, 80).map((line) => line.length)),
    ).toBe(80);
  });

  test("are meant by id, part of it, or title; an ended one only if no other is", ({ expect }) => {
    const a = session({ title: "Build" });
    const ended = session({ title: "build", ended_at: 5 });
    const b = session({ title: "other" });
    const all = [a, ended, b];
    expect(chooseSession(all, a.id)).toBe(a);
    expect(chooseSession(all, b.id.slice(-6))).toBe(b);
    expect(chooseSession(all, "build")).toBe(a);
    expect(chooseSession([ended, b], "BUILD")).toBe(ended);
    expect(() => chooseSession(all, "nothing")).toThrow(
      "There is no session nothing. `signalbox sessions` lists them.",
    );
    expect(() => chooseSession(all, "ses_")).toThrow(/^ses_ could be 2 sessions: /);
  });
});

test("what became of a message is a sentence", ({ expect }) => {
  const answer = { id: newId("cmd"), session: newId("ses") };
  expect(
    describeAnswer(
      { ...answer, status: "done", result: { status: "done", value: { type: "nothing" } } },
      "build",
    ),
  ).toBe("Sent to build.");
  expect(describeAnswer({ ...answer, status: "queued", result: null }, "build")).toMatch(
    /will when its host is back/,
  );
  expect(
    describeAnswer(
      { ...answer, status: "failed", result: { status: "failed", code: "x", message: "The pane is gone." } },
      "build",
    ),
  ).toBe("build did not take it: The pane is gone.");
});

test("doctor knows the least Node and puts what is bad last", ({ expect }) => {
  expect(["22.12.0", "22.13.0", "24.0.0", "18.20.1"].map((version) => checkNode(version).state)).toEqual([
    "bad",
    "ok",
    "ok",
    "bad",
  ]);
  const findings = [
    checkNode("18.0.0"),
    { state: "note", what: "codex", says: "is not installed" } as const,
    checkNode("24.0.0"),
  ];
  expect(renderFindings(findings)).toEqual([
    "✓ node   24.0.0",
    "· codex  is not installed",
    "✗ node   18.0.0 is too old; 22.13 or newer is needed",
  ]);
});
