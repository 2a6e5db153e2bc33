import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import type { Approval, Rule } from "../../protocol/approvals.ts";
import type { Session } from "../../protocol/session.ts";
import { createLogin } from "../../worker/auth/logins.ts";
import { COOKIE } from "../../worker/auth/requireRole.ts";
import { aChat, carryOut, decide, output } from "./support/chat.ts";
import { call, enrolHost, FakeDaemon, ORIGIN } from "./support/edge.ts";
import { query, runAlarms, without } from "./support/faults.ts";

const approvalsOf = async (id: string) =>
  (await (await call(`/api/approvals?session=${id}`)).json<{ items: Approval[] }>()).items;

const only = (approvals: Approval[] | null): Approval => {
  const [first] = approvals ?? [];
  if (first === undefined) throw new Error("no approval");
  return first;
};

const command = (id: string, body: object) => call(`/api/sessions/${id}/commands`, { body });

const sessionOf = async (id: string) => (await call(`/api/sessions/${id}`)).json<Session>();

describe("an approval", () => {
  test("is withdrawn everywhere when its chat is deleted, and cannot be decided any more", async ({
    expect,
  }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const approval = only(await chat.pending());
    await chat.say("run echo two");
    expect((await call(`/api/sessions/${chat.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await decide(approval, { decision: "allow" })).status).toBe(404);
    await vi.waitUntil(async () =>
      (await approvalsOf(chat.id)).every(({ status }) => status === "withdrawn"),
    );
    expect((await call(`/api/sessions/${chat.id}`)).status).toBe(404);
    expect(await (await call(`/api/sessions/${chat.id}/queue`)).json()).toMatchObject({ items: [] });
  });

  test("of a very long path, or a long line with secrets, is shown cut, and is decided as any other", async ({
    expect,
  }) => {
    const chat = await aChat();
    const long = Array.from({ length: 12 }, () => "d".repeat(100)).join("/");
    await chat.say(`call write_file ${JSON.stringify({ path: long, text: "x" })}`);
    const path = only(await chat.pending());
    expect([path.summary.length, path.touches.map(({ length }) => length)]).toEqual([500, [500]]);
    expect(path.input).toContain(long);
    expect((await decide(path, { decision: "deny" })).status).toBe(200);
    await chat.until("idle");
    await chat.say(`run curl ${"a_token=abcdef ".repeat(40)}`);
    expect((await decide(only(await chat.pending()), { decision: "deny" })).status).toBe(200);
    await chat.until("idle");
  });

  test("lets the call run where it was asked for, though the chat has moved since", async ({ expect }) => {
    const chat = await aChat();
    const other = await enrolHost("other");
    await FakeDaemon.connect(other.token, `epoch-${other.id}`);
    await chat.say("run rm -rf build");
    const approval = only(await chat.pending());
    await command(chat.id, { type: "hop", host: other.id, workspace: "/elsewhere" });
    expect((await sessionOf(chat.id)).host).toBe(other.id);
    await decide(approval, { decision: "allow" });
    const sent = await carryOut(chat.daemon, chat.id, output("gone"));
    expect(sent.command).toMatchObject({ root: "/work" });
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([{ state: "completed", host: chat.host }]);
  });

  test("allowed always makes a rule for the input that was allowed, and releases what it covers", async ({
    expect,
  }) => {
    const chat = await aChat();
    const name = crypto.randomUUID();
    await chat.say(`run rm ${name}\nrun mv ${name}\nrun mv ${name}`);
    const first = (await chat.pending(3))?.find(({ input }) => input.includes("rm"));
    if (first === undefined) throw new Error("no approval");
    const wrong = await decide(first, { decision: "allow", scope: "always", pattern: "run_command ls" });
    expect(wrong.status).toBe(400);
    await decide(first, { decision: "allow", scope: "always", input: { argv: ["mv", name] } });
    const sent = [await chat.daemon.command(), await chat.daemon.command(), await chat.daemon.command()];
    for (const { id } of sent)
      await chat.daemon.tell({ kind: "result", id, session: chat.id, result: output("") });
    for (const each of sent) expect(each.command).toMatchObject({ input: { argv: ["mv", name] } });
    await chat.until("idle");
    const another = await aChat();
    const hash = await vi.waitUntil(async () => {
      const { items } = await (await call("/api/rules")).json<{ items: Rule[] }>();
      return items.find(({ host }) => host === chat.host)?.input_sha256;
    });
    expect(hash).not.toBe(first.input_sha256);
    await another.say(`run mv ${name}`);
    await another.pending(); // the rule names the host
    await chat.say(`run rm ${name}`);
    await chat.pending(); // what was edited away is not allowed
  });

  test("is applied once leave to read is given; another host is not read by it", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("access /etc/hosts\nthen read /etc/hosts");
    await decide(only(await chat.pending()), { decision: "allow" });
    const sent = await carryOut(chat.daemon, chat.id, output("localhost"));
    expect(sent.command).toMatchObject({ outside: ["/etc/hosts"] });
    await chat.until("idle");
    await vi.waitUntil(async () => (await approvalsOf(chat.id))[0]?.delivery === "applied");
    const other = await enrolHost("elsewhere");
    const { daemon } = await FakeDaemon.connect(other.token, `epoch-${other.id}`);
    await command(chat.id, { type: "hop", host: other.id, workspace: "/work" });
    await chat.say("read notes.txt");
    expect((await carryOut(daemon, chat.id, output(""))).command).toMatchObject({ outside: [] });
  });
});

describe("who may decide", () => {
  test("a viewer nothing, an operator for the session, an admin for the team", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const approval = only(await chat.pending());
    const decideAs = async (role: "operator" | "viewer", body: object) => {
      const cookie = `${COOKIE}=${await createLogin(env.DB, `an ${role}`, role)}`;
      const path = `/api/approvals/${approval.id}/decision`;
      return (await call(path, { body, token: null, headers: { cookie, origin: ORIGIN } })).status;
    };
    expect(await decideAs("viewer", { decision: "deny" })).toBe(403);
    expect(await decideAs("operator", { decision: "allow", scope: "always", pattern: "run_command" })).toBe(
      403,
    );
    expect((await approvalsOf(chat.id))[0]?.status).toBe("pending");
    expect(await decideAs("operator", { decision: "deny" })).toBe(200);
  });
});

describe("a grant", () => {
  test("releases what waits when it is given, and what was read by it is closed when it is revoked", async ({
    expect,
  }) => {
    const chat = await aChat();
    await chat.say("access /etc/hosts");
    await chat.pending();
    const given = await call(`/api/sessions/${chat.id}/grants`, { body: { scope: "read_outside" } });
    await chat.until("idle");
    expect(await approvalsOf(chat.id)).toMatchObject([{ status: "allowed", decision_scope: "session" }]);
    await chat.say("read /etc/hosts");
    expect((await carryOut(chat.daemon, chat.id, output(""))).command).toMatchObject({
      outside: ["/etc/hosts"],
    });
    await chat.until("idle");
    const { id } = await given.json<{ id: string }>();
    await call(`/api/sessions/${chat.id}/grants/${id}`, { method: "DELETE" });
    await chat.say("read /etc/hosts");
    expect((await carryOut(chat.daemon, chat.id, output(""))).command).toMatchObject({ outside: [] });
  });

  test("given by a decision ends at its time", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const expires_at = Date.now() + 600;
    await decide(only(await chat.pending()), { decision: "allow", scope: "session", expires_at });
    await carryOut(chat.daemon, chat.id, output("one"));
    await vi.waitUntil(
      async () => (await chat.events()).some((event) => event.type === "grant" && event.state === "expired"),
      { timeout: 5_000 },
    );
    await chat.say("run echo two");
    expect(await chat.pending()).toHaveLength(1);
  });
});

test("a chat that is being deleted takes nothing that would go on without it", async ({ expect }) => {
  const chat = await aChat();
  await call(`/api/sessions/${chat.id}/grants`, { body: { scope: "execute" } });
  chat.daemon.socket.close();
  const host = env.HOST.getByName(`main/${chat.host}`);
  await vi.waitUntil(async () => (await host.read())?.presence === "offline");
  await chat.say("run echo one");
  await vi.waitUntil(async () => (await chat.cards())[0]?.state === "dispatched");
  const at = { asked: false, goesOn: false };
  const slowly = async () => {
    at.asked = true;
    while (!at.goesOn) await new Promise((resolve) => setTimeout(resolve, 5));
    return true;
  };
  const slow = (name: string) =>
    new Proxy(env.HOST.getByName(name), {
      get: (target, key) => (key === "cancel" ? slowly : Reflect.get(target, key)),
    });
  await without(
    env.SESSION.getByName(`main/${chat.id}`),
    ["HOST"],
    async () => {
      const deleted = call(`/api/sessions/${chat.id}`, { method: "DELETE" });
      await vi.waitUntil(() => at.asked);
      const said = await chat.say("run echo two");
      at.goesOn = true;
      expect((await deleted).status).toBe(204);
      expect(said.status).toBe(404);
    },
    () => ({ getByName: slow }),
  );
  const waiting = await query(host, "SELECT json FROM command");
  expect(waiting.filter(({ json }) => String(json).includes("two"))).toEqual([]);
});

describe("a turn", () => {
  test("is cancelled while its call waits for a host that sleeps: the call never runs", async ({
    expect,
  }) => {
    const chat = await aChat();
    chat.daemon.socket.close();
    await vi.waitUntil(async () =>
      (await (await call(`/api/hosts`)).json<{ items: { id: string; online: boolean }[] }>()).items.every(
        ({ id, online }) => id !== chat.host || !online,
      ),
    );
    await chat.say("run echo one");
    await decide(only(await chat.pending()), { decision: "allow" });
    await vi.waitUntil(async () => (await chat.cards())[0]?.state === "dispatched");
    await command(chat.id, { type: "cancel_turn" });
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([{ state: "cancelled" }]);
    await vi.waitUntil(async () => (await approvalsOf(chat.id))[0]?.delivery === "gone");
    const { welcome } = await FakeDaemon.connect(chat.token, `epoch-${chat.host}`);
    expect(welcome.type).toBe("welcome");
  });

  test("goes on without its host when that is removed, and the chat does not end", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const approval = only(await chat.pending());
    expect((await call(`/api/hosts/${chat.host}`, { method: "DELETE" })).status).toBeLessThan(300);
    await vi.waitUntil(async () => (await chat.events()).some(({ type }) => type === "notice"));
    expect(await sessionOf(chat.id)).toMatchObject({ ended_at: null, status: "waiting" });
    await decide(approval, { decision: "allow" });
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([
      { state: "failed", error: "The host was removed; the command never reached it." },
    ]);
    await chat.say("say still here");
    await vi.waitUntil(async () => (await chat.answer()).includes("still here"));
  });

  test("in a long step holds up no other alarm of its object", async ({ expect }) => {
    const chat = await aChat();
    const object = env.SESSION.getByName(`main/${chat.id}`);
    await chat.say("slow 100");
    await vi.waitUntil(async () => (await chat.answer()) !== "");
    await runAlarms(object);
    expect(await sessionOf(chat.id)).toMatchObject({ status: "working" });
    const [alarm] = await query(object, "SELECT at FROM alarm WHERE name = 'turn'");
    expect(Number(alarm?.at)).toBeGreaterThan(Date.now());
    await command(chat.id, { type: "cancel_turn" });
    await chat.until("idle");
  });

  test("that is stopped for going in a circle leaves nothing that waits", async ({ expect }) => {
    const chat = await aChat();
    await call(`/api/sessions/${chat.id}/grants`, { body: { scope: "execute" } });
    await chat.say("loop true");
    for (let i = 0; i < 3; i++) await carryOut(chat.daemon, chat.id, output(""));
    await chat.until("trouble");
    expect((await chat.events()).at(-2)).toMatchObject({ type: "turn_failed" });
    expect((await sessionOf(chat.id)).pending_approvals ?? 0).toBe(0);
    await chat.say("say still here");
    await vi.waitUntil(async () => (await chat.answer()).includes("still here"));
  });
});
