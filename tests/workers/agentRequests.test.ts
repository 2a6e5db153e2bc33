import { describe, test, vi } from "vitest";
import type { Approval } from "../../protocol/approvals.ts";
import type { CommandResult } from "../../protocol/commands.ts";
import { newId } from "../../protocol/ids.ts";
import type { AgentRequest } from "../../protocol/requests.ts";
import type { Session } from "../../protocol/session.ts";
import { decide } from "./support/chat.ts";
import { call, enrolHost, FakeDaemon, FACTS } from "./support/edge.ts";

const QUESTION = {
  question: "Which?",
  header: null,
  options: [{ label: "a", description: null }],
  many: false,
};

function request(over: Partial<AgentRequest> = {}): AgentRequest {
  return {
    id: crypto.randomUUID(),
    requester: "claude",
    tool: "Bash",
    scope: "execute",
    input: '{"command":"make"}',
    input_sha256: "a".repeat(64),
    summary: "Bash make",
    touches: ["/work"],
    offers: ["edit", "message"],
    ...over,
  };
}

/** A pane in which an agent runs, on a host of its own. */
async function aPane() {
  const { id: host, token } = await enrolHost("box");
  const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
  const session = newId("ses");
  await daemon.tell({ kind: "session", session, provider: "tmux", title: "claude", facts: FACTS });
  const list = async (status?: string) => {
    const query = status === undefined ? "" : `&status=${status}`;
    return (await (await call(`/api/approvals?session=${session}${query}`)).json<{ items: Approval[] }>())
      .items;
  };
  return {
    host,
    token,
    daemon,
    session,
    list,
    ask: (asked: AgentRequest) => daemon.tell({ kind: "request", session, request: asked }),
    over: (id: string, end: "stale" | "gone" | "applied") =>
      daemon.tell({ kind: "request_ended", session, request: id, end }),
    one: (status: string) => vi.waitUntil(async () => (await list(status))[0], { timeout: 5_000 }),
    until: (delivery: string) =>
      vi.waitUntil(async () => (await list()).find((each) => each.delivery === delivery), { timeout: 5_000 }),
    result: (id: string, result: CommandResult) => daemon.tell({ kind: "result", id, session, result }),
  };
}
const decided = (end: "applied" | "stale" | "gone"): CommandResult => ({
  status: "done",
  value: { type: "decided", end },
});

describe("a request of an agent on a host", () => {
  test("keeps messages away while it waits: they would be taken for its answer", async ({ expect }) => {
    const pane = await aPane();
    const asked = request();
    await pane.ask(asked);
    await pane.one("pending");
    const say = () =>
      call(`/api/sessions/${pane.session}/messages`, { method: "POST", body: { text: "hi" } });
    const refused = await say();
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ error: { code: "waits_for_answer" } });
    await pane.over(asked.id, "stale");
    await vi.waitUntil(async () => (await say()).status === 200, { timeout: 5_000 });
  });

  test("is one approval, however often it comes; its decision travels as one command", async ({ expect }) => {
    const pane = await aPane();
    const asked = request();
    await pane.ask(asked);
    await pane.ask(asked);
    const approval = await pane.one("pending");
    expect(await pane.list()).toHaveLength(1);
    expect(approval).toMatchObject({
      requester: "claude",
      tool: "Bash",
      summary: "Bash make",
      host: pane.host,
    });
    const session = await (await call(`/api/sessions/${pane.session}`)).json<Session>();
    expect(session.pending_approvals).toBe(1);

    expect((await decide(approval, { decision: "allow", input: { command: "make -n" } })).status).toBe(200);
    expect((await decide(approval, { decision: "deny" })).status).toBe(409);
    const command = await pane.daemon.command();
    expect(command.command).toEqual({
      type: "decide",
      request: asked.id,
      allow: true,
      input: { command: "make -n" },
    });
    await pane.result(command.id, decided("applied"));
    expect(await pane.until("applied")).toMatchObject({
      status: "allowed",
      edited_input: '{"command":"make -n"}',
    });
  });

  test("is denied with a message", async ({ expect }) => {
    const pane = await aPane();
    await pane.ask(request());
    await decide(await pane.one("pending"), { decision: "deny", message: "not now" });
    const { command } = await pane.daemon.command();
    expect(command).toMatchObject({ allow: false, message: "not now" });
  });

  test("that was answered at the terminal can no longer be decided", async ({ expect }) => {
    const pane = await aPane();
    const asked = request();
    await pane.ask(asked);
    const approval = await pane.one("pending");
    await pane.over(asked.id, "stale");
    await pane.over(asked.id, "gone");
    expect(await pane.until("stale")).toMatchObject({ status: "withdrawn" });
    expect((await decide(approval, { decision: "allow" })).status).toBe(409);
  });

  test("whose decision came too late says so", async ({ expect }) => {
    const pane = await aPane();
    await pane.ask(request());
    await decide(await pane.one("pending"), { decision: "allow" });
    const { id } = await pane.daemon.command();
    await pane.result(id, decided("stale"));
    expect(await pane.until("stale")).toMatchObject({ status: "allowed" });
  });

  test("whose fate nobody knows is told when it is known after all", async ({ expect }) => {
    const pane = await aPane();
    const asked = request();
    await pane.ask(asked);
    await decide(await pane.one("pending"), { decision: "allow" });
    const { id } = await pane.daemon.command();
    await pane.result(id, { status: "indeterminate", message: "The daemon died." });
    await pane.until("indeterminate");
    await pane.over(asked.id, "applied");
    expect(await pane.until("applied")).toMatchObject({ status: "allowed" });
  });

  test("that was said to be applied is corrected when the terminal was faster, not by a late result", async ({
    expect,
  }) => {
    const pane = await aPane();
    const asked = request();
    await pane.ask(asked);
    await decide(await pane.one("pending"), { decision: "deny" });
    const { id } = await pane.daemon.command();
    await pane.result(id, decided("applied"));
    await pane.until("applied");
    await pane.over(asked.id, "stale");
    expect(await pane.until("stale")).toMatchObject({ status: "denied" });

    const second = request();
    await pane.ask(second);
    await decide(await pane.one("pending"), { decision: "allow" });
    const { id: late } = await pane.daemon.command();
    await pane.over(second.id, "stale");
    await pane.result(late, decided("applied"));
    await vi.waitUntil(async () => (await pane.list()).every(({ delivery }) => delivery === "stale"), {
      timeout: 5_000,
    });
  });

  test("is decided while its host is away, and told when it is back", async ({ expect }) => {
    const pane = await aPane();
    const asked = request();
    await pane.ask(asked);
    const approval = await pane.one("pending");
    pane.daemon.socket.close();
    expect((await decide(approval, { decision: "allow" })).status).toBe(200);
    const { daemon } = await FakeDaemon.connect(pane.token, `epoch-${pane.host}`);
    expect((await daemon.command()).command).toMatchObject({ type: "decide", request: asked.id });
  });

  test("is allowed by a rule, or by a grant of its session, without a person", async ({ expect }) => {
    const pane = await aPane();
    await pane.ask(request());
    await decide(await pane.one("pending"), { decision: "allow", scope: "always", pattern: "Bash make" });
    await pane.daemon.command();
    await pane.ask(
      request({ input: '{"command":"make all"}', summary: "Bash make all", input_sha256: "b".repeat(64) }),
    );
    expect((await pane.daemon.command()).command).toMatchObject({ allow: true });
    await pane.ask(request({ tool: "Write", scope: "write", summary: "Write /work/a" }));
    await decide(await pane.one("pending"), { decision: "allow", scope: "session" });
    await pane.daemon.command();
    await pane.ask(request({ tool: "Edit", scope: "write", summary: "Edit /work/b" }));
    expect((await pane.daemon.command()).command).toMatchObject({ allow: true });
  });

  test("two for the same command are two approvals", async ({ expect }) => {
    const [one, two] = [await aPane(), await aPane()];
    await Promise.all([one.ask(request()), two.ask(request())]);
    await decide(await one.one("pending"), { decision: "allow" });
    expect((await one.daemon.command()).command).toMatchObject({ allow: true });
    expect(await two.one("pending")).toMatchObject({ session: two.session });
  });

  test("a question takes an answer, and no rule", async ({ expect }) => {
    const pane = await aPane();
    await pane.ask(
      request({ tool: "AskUserQuestion", scope: "free", questions: [QUESTION], offers: ["message"] }),
    );
    const approval = await pane.one("pending");
    expect(approval.questions).toEqual([QUESTION]);
    expect((await decide(approval, { decision: "allow", scope: "always" })).status).toBe(400);
    await decide(approval, { decision: "allow", input: { answers: { "Which?": "a" } } });
    expect((await pane.daemon.command()).command).toMatchObject({ input: { answers: { "Which?": "a" } } });
  });

  test("what was read off a screen is a person's to answer, each time: no rule, no grant", async ({
    expect,
  }) => {
    const pane = await aPane();
    const prompt = { tool: "prompt", scope: "type" as const, offers: [], unverified: true };
    await pane.ask(request({ ...prompt, summary: "gemini: Allow execution?" }));
    const approval = await pane.one("pending");
    expect(approval.unverified).toBe(true);
    for (const scope of ["session", "always"] as const)
      expect((await decide(approval, { decision: "allow", scope })).status).toBe(400);
    const rule = {
      tool: "prompt",
      host: null,
      workspace: null,
      pattern: "gemini:",
      reason: "",
      expires_at: null,
    };
    expect((await call("/api/rules", { body: rule })).status).toBe(201);
    const grant = { scope: "type" };
    expect((await call(`/api/sessions/${pane.session}/grants`, { body: grant })).status).toBeLessThan(300);
    await pane.ask(request({ ...prompt, summary: "gemini: Allow execution?", input_sha256: "c".repeat(64) }));
    await vi.waitUntil(async () => (await pane.list("pending")).length === 2, { timeout: 5_000 });
    expect((await decide(approval, { decision: "allow" })).status).toBe(200);
    expect((await pane.daemon.command()).command).toMatchObject({ request: approval.request });
    await pane.until("pending");
    expect(await pane.list("pending")).toHaveLength(1);
  });

  test("an input that cannot be changed is not changed", async ({ expect }) => {
    const pane = await aPane();
    await pane.ask(request({ offers: [] }));
    const approval = await pane.one("pending");
    expect((await decide(approval, { decision: "allow", input: { command: "other" } })).status).toBe(400);
  });

  test("remembers, or stops, where its agent offers that, and nowhere else", async ({ expect }) => {
    const plain = await aPane();
    await plain.ask(request({ offers: ["edit"] }));
    const without = await plain.one("pending");
    expect((await decide(without, { decision: "allow", remember: true })).status).toBe(400);
    expect((await decide(without, { decision: "deny", interrupt: true })).status).toBe(400);
    const pane = await aPane();
    await pane.ask(request({ offers: ["remember", "interrupt"] }));
    const approval = await pane.one("pending");
    expect((await decide(approval, { decision: "allow", interrupt: true })).status).toBe(400);
    expect((await decide(approval, { decision: "deny", interrupt: true })).status).toBe(200);
    expect((await pane.daemon.command()).command).toMatchObject({ allow: false, interrupt: true });
  });

  test("is withdrawn when its session ends, also when nobody tells how it ended itself", async ({
    expect,
  }) => {
    const { daemon, session, ask, one, over } = await aPane();
    const asked = request();
    await ask(asked);
    const { id } = await one("pending");
    const exit = { code: 0, signal: null, message: null };
    await daemon.tell({
      kind: "events",
      session,
      events: [{ at: 1, event: { type: "ended", status: "done", exit } }],
    });
    expect(await one("withdrawn")).toMatchObject({ id, delivery: "gone" });
    expect(await (await call(`/api/sessions/${session}`)).json<Session>()).toMatchObject({
      status: "done",
      pending_approvals: 0,
    });
    await over(asked.id, "stale");
    expect(await one("withdrawn")).toMatchObject({ id, delivery: "gone" });
  });

  test("is withdrawn when its host is removed", async ({ expect }) => {
    const pane = await aPane();
    await pane.ask(request());
    await pane.one("pending");
    await call(`/api/hosts/${pane.host}`, { method: "DELETE" });
    expect(await pane.one("withdrawn")).toMatchObject({ delivery: "gone" });
  });

  test("no person gives the command of a decision", async ({ expect }) => {
    const pane = await aPane();
    const body = { type: "decide", request: "x", allow: true };
    expect((await call(`/api/sessions/${pane.session}/commands`, { body })).status).toBeGreaterThanOrEqual(
      400,
    );
  });
});
