import { join } from "node:path";
import * as z from "zod";
import { expect, it, onTestFinished } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import { openStore } from "../../store.ts";
import { tempDir } from "../../testing/tempDir.ts";
import { openRequestStore } from "./openRequestStore.ts";

const session = newId("ses");
const Asked = z.looseObject({ tool: z.string() });
const asked = { tool: "Bash" };

function open(path = join(tempDir(), "agent.db")) {
  const store = openStore(path);
  onTestFinished(() => store.close());
  return { store, requests: (requester: string) => openRequestStore(store, requester, Asked) };
}

it("ends a request once, forgets what was asked, and keeps how it ended", () => {
  const requests = open().requests("claude");
  requests.add({ id: "a", session, asked, createdAt: 1 });
  requests.decide("a", { type: "decide", request: "a", allow: true }, 2);
  expect(requests.get("a")).toMatchObject({ asked, decision: { allow: true }, createdAt: 1 });
  expect(requests.end("a", "applied", 3)).toBe(true);
  expect(requests.end("a", "stale", 4)).toBe(false);
  expect([requests.get("a"), requests.endOf("a"), requests.knows("a")]).toEqual([null, "applied", true]);
  expect(requests.open()).toEqual([]);
});

it("keeps one requester's from another's, also under the same id", () => {
  const { requests } = open();
  const [claude, codex] = [requests("claude"), requests("codex-live")];
  claude.add({ id: "a", session, asked, createdAt: 1, call: "thread call" });
  expect(codex.knows("a")).toBe(false);
  codex.add({ id: "a", session, asked, createdAt: 1, call: "thread call" });
  codex.end("a", "gone", 2);
  expect(claude.open()).toHaveLength(1);
  expect(claude.untold("thread call")).toHaveLength(1);
  codex.prune(10);
  claude.prune(10);
  expect([claude.knows("a"), codex.knows("a")]).toEqual([true, false]);
});

it("is corrected by what the agent's own record tells, once", () => {
  const requests = open().requests("claude");
  for (const id of ["b", "a"]) requests.add({ id, session, asked, createdAt: id === "a" ? 1 : 2, call: "c" });
  requests.decide("a", { type: "decide", request: "a", allow: true }, 3);
  requests.end("a", "applied", 4);
  expect(requests.untold("c")).toEqual([
    { id: "a", session, decided: true, allowed: true, ended: "applied" },
    { id: "b", session, decided: false, allowed: null, ended: null },
  ]);
  requests.tell("a", "stale", 5);
  expect(requests.endOf("a")).toBe("stale");
  expect(requests.untold("c").map(({ id }) => id)).toEqual(["b"]);
});

it("forgets what ended or was decided long ago, never what waits", () => {
  const requests = open().requests("claude");
  for (const id of ["waits", "decided", "ended", "late"]) requests.add({ id, session, asked, createdAt: 1 });
  requests.decide("decided", { type: "decide", request: "decided", allow: true }, 2);
  requests.end("ended", "gone", 2);
  requests.end("late", "gone", 20);
  requests.prune(10);
  expect(["waits", "decided", "ended", "late"].filter(requests.knows)).toEqual(["waits", "late"]);
});

it("takes over what waits in the tables of an older daemon, and how requests ended there", () => {
  const path = join(tempDir(), "agent.db");
  const older = openStore(path);
  older.db.exec(`
    CREATE TABLE claude_asked (
      id TEXT PRIMARY KEY, session TEXT NOT NULL, hello TEXT NOT NULL, created_at INTEGER NOT NULL, decision TEXT,
      ended TEXT, thread TEXT NOT NULL, call TEXT NOT NULL, decided INTEGER NOT NULL, told INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX claude_asked_by_call ON claude_asked (call) WHERE told = 0;
    CREATE TABLE codex_requests (
      id TEXT PRIMARY KEY, session TEXT NOT NULL, asked TEXT NOT NULL, created_at INTEGER NOT NULL, decision TEXT,
      ended TEXT, ended_at INTEGER
    ) STRICT;
    INSERT INTO claude_asked VALUES
      ('open', '${session}', '{"tool":"Bash"}', 1, '{"type":"decide","request":"open","allow":true}', NULL, 't', 'c', 1, 0),
      ('over', '${session}', '', 2, NULL, 'applied', 't', 'c', 1, 0),
      ('told', '${session}', '', 3, NULL, 'stale', 't', 'c', 0, 1);
    INSERT INTO codex_requests VALUES
      ('open', '${session}', '{"tool":"shell"}', 1, NULL, NULL, NULL),
      ('over', '${session}', '', 2, NULL, 'gone', 9);
  `);
  older.close();
  for (const { requests } of [open(path), open(path)]) {
    const [claude, codex] = [requests("claude"), requests("codex-live")];
    expect(claude.open()).toMatchObject([{ id: "open", session, asked, decision: { allow: true } }]);
    expect([claude.endOf("over"), claude.endOf("told")]).toEqual(["applied", "stale"]);
    expect(claude.untold("t c")).toMatchObject([
      { id: "open", decided: true, ended: null },
      { id: "over", decided: true, ended: "applied" },
    ]);
    expect(codex.open()).toMatchObject([{ id: "open", asked: { tool: "shell" }, decision: null }]);
    expect(codex.endOf("over")).toBe("gone");
  }
});
