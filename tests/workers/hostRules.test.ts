import { env } from "cloudflare:test";
import { describe, test, vi } from "vitest";
import type { Approval, Rule } from "../../protocol/approvals.ts";
import { RULES_COPY_LIFE_MS, RULES_KEY_LABEL, RulesCopy } from "../../protocol/hostRules.ts";
import { newId } from "../../protocol/ids.ts";
import type { LinkServerFrame } from "../../protocol/link.ts";
import type { AgentRequest } from "../../protocol/requests.ts";
import type { Session } from "../../protocol/session.ts";
import { decide } from "./support/chat.ts";
import { call, enrolHost, FakeDaemon, FACTS } from "./support/edge.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
async function hmac(key: BufferSource, text: string): Promise<ArrayBuffer> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return crypto.subtle.sign("HMAC", imported, bytes(text));
}
const hex = (buffer: ArrayBuffer) =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The next copy that the daemon gets, checked as the daemon checks it. */
async function nextCopy(daemon: FakeDaemon, token: string): Promise<RulesCopy> {
  const { copy, signature } = await daemon.socket.until<Extract<LinkServerFrame, { type: "rules" }>>("rules");
  const key = await hmac(bytes(token), RULES_KEY_LABEL);
  if (hex(await hmac(key, copy)) !== signature) throw new Error("wrongly signed");
  return RulesCopy.parse(JSON.parse(copy));
}

async function aHost() {
  const { id, token } = await enrolHost("box");
  const { daemon } = await FakeDaemon.connect(token, `epoch-${id}`);
  return { id, token, daemon };
}
async function aRule(over: Partial<Rule> = {}): Promise<Rule> {
  const body = {
    tool: "Bash",
    host: null,
    workspace: null,
    pattern: "Bash make",
    reason: "",
    expires_at: null,
  };
  return (await call("/api/rules", { body: { ...body, ...over } })).json<Rule>();
}
const ids = ({ rules }: RulesCopy) => rules.map(({ id }) => id);

function asked(over: Partial<AgentRequest> = {}): AgentRequest {
  return {
    id: crypto.randomUUID(),
    requester: "claude",
    tool: "Bash",
    scope: "execute",
    input: '{"command":"make"}',
    input_sha256: "a".repeat(64),
    summary: "Bash make",
    touches: ["/work"],
    offers: [],
    ...over,
  };
}

describe("a host's copy of the rules", () => {
  test("comes when it is wanted: signed for this host, with what matters to it and no more, for a day", async ({
    expect,
  }) => {
    const host = await aHost();
    const [all, own, other, chats] = [
      await aRule(),
      await aRule({ host: host.id }),
      await aRule({ host: newId("hst") }),
      await aRule({ tool: "run_command", pattern: "run_command make" }),
    ];
    const over = await aRule({ expires_at: Date.now() + 1 });
    await vi.waitUntil(() => Date.now() > (over.expires_at ?? 0));
    // Each that was made has brought a copy already.
    const last = Date.now();
    host.daemon.socket.send({ type: "want_rules" });
    let copy = await nextCopy(host.daemon, host.token);
    while (copy.issued_at < last) copy = await nextCopy(host.daemon, host.token);
    expect(copy.host).toBe(host.id);
    expect(copy.expires_at - copy.issued_at).toBe(RULES_COPY_LIFE_MS);
    expect(ids(copy)).toEqual(expect.arrayContaining([all.id, own.id]));
    for (const { id } of [other, chats, over]) expect(ids(copy)).not.toContain(id);
  });

  test("is made anew at once when a rule is made, changed or revoked, and never goes back", async ({
    expect,
  }) => {
    const { daemon, token } = await aHost();
    const rule = await aRule();
    const made = await nextCopy(daemon, token);
    expect(ids(made)).toContain(rule.id);
    await call(`/api/rules/${rule.id}`, { method: "PATCH", body: { pattern: "Bash make all" } });
    const changed = await nextCopy(daemon, token);
    expect(changed.rules.find(({ id }) => id === rule.id)?.pattern).toBe("Bash make all");
    expect((await call(`/api/rules/${rule.id}`, { method: "DELETE" })).status).toBe(204);
    const revoked = await nextCopy(daemon, token);
    expect(ids(revoked)).not.toContain(rule.id);
    expect(changed.issued_at).toBeGreaterThan(made.issued_at);
    expect(revoked.issued_at).toBeGreaterThan(changed.issued_at);
  });

  test("is cut to what fits a frame, the newest first", async ({ expect }) => {
    const { id, token, daemon } = await aHost();
    const { team } = await aRule();
    const insert = env.DB.prepare(
      "INSERT INTO rule (id, team, tool, version, json) VALUES (?, ?, 'Bash', 1, ?)",
    );
    const made = Array.from({ length: 150 }, (_, at) => newId("rul", Date.now() + at));
    const workspace = `/${'"'.repeat(4_000)}`;
    const body = {
      tool: "Bash",
      host: id,
      workspace,
      pattern: "Bash x",
      input_sha256: null,
      by: "ann",
      expires_at: null,
    };
    await env.DB.batch(made.map((rule) => insert.bind(rule, team, JSON.stringify({ ...body, id: rule }))));
    const before = Date.now();
    daemon.socket.send({ type: "want_rules" });
    let copy = await nextCopy(daemon, token);
    while (copy.issued_at < before) copy = await nextCopy(daemon, token);
    expect(copy.rules.length).toBeGreaterThan(10);
    expect(ids(copy)[0]).toBe(made.at(-1));
    await env.DB.prepare("DELETE FROM rule WHERE tool = 'Bash' AND team = ?").bind(team).run();
  });

  test("has the rule that a decision made", async ({ expect }) => {
    const { daemon, token, id } = await aHost();
    const session = newId("ses");
    await daemon.tell({ kind: "session", session, provider: "tmux", title: "claude", facts: FACTS });
    const tool = `Tool${id}`;
    await daemon.tell({ kind: "request", session, request: asked({ tool, summary: `${tool} make` }) });
    const approval = await vi.waitUntil(async () => {
      const { items } = await (await call(`/api/approvals?session=${session}`)).json<{ items: Approval[] }>();
      return items[0];
    });
    await decide(approval, { decision: "allow", scope: "always" });
    const copy = await nextCopy(daemon, token);
    expect(copy.rules.filter((rule) => rule.tool === tool)).toHaveLength(1);
  });
});

describe("what a host decided by its copy while it was away", () => {
  test("is in the ledger as decided by that rule there, once, however often it is told", async ({
    expect,
  }) => {
    const { daemon, token, id: host } = await aHost();
    const session = newId("ses");
    await daemon.tell({ kind: "session", session, provider: "tmux", title: "claude", facts: FACTS });
    const request = asked();
    const decided = { rule: newId("rul"), by: "ann", at: Date.now() - 60_000 };
    const message = { kind: "request", session, request, decided } as const;
    await daemon.tell(message);
    await daemon.tell(message);
    // Its journal began anew before it heard that this had arrived.
    daemon.socket.close();
    const { daemon: again } = await FakeDaemon.connect(token, `other-${host}`);
    await again.tell(message);
    await again.tell({ kind: "request_ended", session, request: request.id, end: "applied" });
    const list = async () =>
      (await (await call(`/api/approvals?session=${session}`)).json<{ items: Approval[] }>()).items;
    await vi.waitUntil(async () => (await list())[0]?.delivery === "applied", { timeout: 5_000 });
    const approvals = await list();
    expect(approvals).toHaveLength(1);
    expect(approvals[0]).toMatchObject({
      status: "allowed",
      decided_by: "ann",
      decided_at: decided.at,
      decision_scope: "always",
      rule: decided.rule,
      decided_on_host: true,
    });
    const [approval] = approvals;
    if (approval === undefined) throw new Error("none");
    expect((await decide(approval, { decision: "deny" })).status).toBe(409);
    const { results } = await env.DB.prepare("SELECT actor, action, detail FROM audit WHERE target = ?")
      .bind(approval.id)
      .all();
    expect(results).toEqual([
      { actor: "ann", action: "approval.allow", detail: `always Bash make by ${decided.rule} on its host` },
    ]);
    const events = await (
      await call(`/api/sessions/${session}/events?after=0`)
    ).json<{ items: { type: string }[] }>();
    expect(events.items.filter(({ type }) => type === "approval")).toHaveLength(3); // asked, allowed, applied
    expect(await (await call(`/api/sessions/${session}`)).json<Session>()).toMatchObject({
      pending_approvals: 0,
    });
    // Nobody asks the host to do again what it has done.
    expect(events.items.filter(({ type }) => type === "command")).toEqual([]);
  });

  test("says so when nobody knows whether the agent had it, and takes a later word for it", async ({
    expect,
  }) => {
    const { daemon } = await aHost();
    const session = newId("ses");
    await daemon.tell({ kind: "session", session, provider: "tmux", title: "claude", facts: FACTS });
    const request = asked();
    const decided = { rule: newId("rul"), by: "ann", at: Date.now() + 3_600_000 };
    await daemon.tell({ kind: "request", session, request, decided });
    const delivery = async () =>
      (await (await call(`/api/approvals?session=${session}`)).json<{ items: Approval[] }>()).items[0];
    await daemon.tell({ kind: "request_ended", session, request: request.id, end: "indeterminate" });
    await vi.waitUntil(async () => (await delivery())?.delivery === "indeterminate", { timeout: 5_000 });
    expect((await delivery())?.decided_at).toBeLessThanOrEqual(Date.now());
    await daemon.tell({ kind: "request_ended", session, request: request.id, end: "applied" });
    await vi.waitUntil(async () => (await delivery())?.delivery === "applied", { timeout: 5_000 });
  });
});
