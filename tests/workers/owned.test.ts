import { describe, test, vi } from "vitest";
import type { CommandResult } from "../../protocol/commands.ts";
import { newId } from "../../protocol/ids.ts";
import type { Session } from "../../protocol/session.ts";
import { call, enrolHost, FakeDaemon } from "./support/edge.ts";

const DONE: CommandResult = { status: "done", value: { type: "nothing" } };
const STARTED: CommandResult = { status: "done", value: { type: "job", pid: 7, worktree: null } };

async function aHost() {
  const { id: host, token } = await enrolHost("box");
  const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
  const make = async (body: object) => {
    const response = await call("/api/sessions", { method: "POST", body: { host, cwd: "/work", ...body } });
    return { status: response.status, session: await response.json<Session>() };
  };
  const read = async (id: string) => (await call(`/api/sessions/${id}`)).json<Session>();
  const result = (session: string, id: string, how: CommandResult) =>
    daemon.tell({ kind: "result", id, session, result: how });
  return { host, daemon, make, read, result };
}

describe("an agent without a terminal", () => {
  test("is started with what was wished; what it is told, and its model, go to its host once", async ({
    expect,
  }) => {
    const { daemon, make, read, result } = await aHost();
    const wish = { provider: "claude", prompt: "hello", model: "opus", mode: "plan", title: "A title" };
    const { status, session } = await make(wish);
    expect(status).toBe(201);
    expect(session).toMatchObject({ provider: "claude", interactive: true, model: "opus", title: "A title" });
    const start = await daemon.command();
    expect(start.command).toEqual({
      type: "agent_start",
      agent: "claude",
      cwd: "/work",
      prompt: "hello",
      model: "opus",
      mode: "plan",
    });
    await result(session.id, start.id, STARTED);

    const id = newId("msg");
    const say = () =>
      call(`/api/sessions/${session.id}/messages`, { method: "POST", body: { text: "and this", id } });
    expect([(await say()).status, (await say()).status]).toEqual([200, 200]);
    const said = await daemon.command();
    expect(said.command).toEqual({ type: "agent_prompt", text: "and this" });
    await result(session.id, said.id, DONE);

    const chosen = { type: "set_model", model: "sonnet" };
    await call(`/api/sessions/${session.id}/commands`, { method: "POST", body: chosen });
    const set = await daemon.command();
    expect(set.command).toEqual(chosen);
    await result(session.id, set.id, DONE);
    await vi.waitUntil(async () => (await read(session.id)).model === "sonnet", { timeout: 5_000 });
  });

  test("of Codex is one when it is asked for; otherwise it is a job, which takes no model", async ({
    expect,
  }) => {
    const { daemon, make } = await aHost();
    const { session } = await make({ provider: "codex", interactive: true });
    expect(session.interactive).toBe(true);
    expect((await daemon.command()).command).toEqual({
      type: "agent_start",
      agent: "codex",
      cwd: "/work",
    });
    const job = await make({ provider: "codex", prompt: "do it" });
    expect(job.session.interactive).toBeUndefined();
    expect((await daemon.command()).command).toMatchObject({ type: "codex_start", prompt: "do it" });
    const refused = await call(`/api/sessions/${job.session.id}/commands`, {
      method: "POST",
      body: { type: "set_model", model: "x" },
    });
    expect(refused.status).toBe(409);
    expect((await make({ provider: "codex" })).status).toBe(400); // a job needs something to do
  });

  test("that could not be started has ended, and says why; a message starts it again", async ({ expect }) => {
    const { daemon, make, read, result } = await aHost();
    const { session } = await make({ provider: "claude" });
    const start = await daemon.command();
    const message = "The agent did not start: claude was not found.";
    await result(session.id, start.id, { status: "failed", code: "not_started", message });
    await vi.waitUntil(async () => (await read(session.id)).status === "trouble", { timeout: 5_000 });
    expect(await read(session.id)).toMatchObject({ status_reason: message });
    await call(`/api/sessions/${session.id}/messages`, { method: "POST", body: { text: "again" } });
    expect((await daemon.command()).command).toEqual({ type: "agent_prompt", text: "again" });
  });

  test("is not started by a command that a person gives", async ({ expect }) => {
    const { daemon, make, result } = await aHost();
    const { session } = await make({ provider: "claude" });
    await result(session.id, (await daemon.command()).id, STARTED);
    const body = { type: "agent_start", agent: "claude", cwd: "/etc" };
    const answer = await call(`/api/sessions/${session.id}/commands`, { method: "POST", body });
    expect(answer.status).toBe(400);
  });
});
