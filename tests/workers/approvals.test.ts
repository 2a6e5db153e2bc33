import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import type { Approval, Rule } from "../../protocol/approvals.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import type { LinkServerFrame } from "../../protocol/link.ts";
import { newId } from "../../protocol/ids.ts";
import { PARKED_AFTER } from "../../durable-objects/shared/Publisher.ts";
import { publishRule } from "../../durable-objects/shared/publishRule.ts";
import { Random } from "../../protocol/testing/mutate.ts";
import { createLogin } from "../../worker/auth/logins.ts";
import { COOKIE } from "../../worker/auth/requireRole.ts";
import { aChat, carryOut, chatOn, decide, output } from "./support/chat.ts";
import { call, enrolHost, FakeDaemon, open, ORIGIN } from "./support/edge.ts";
import { partly, query, runAlarms, without } from "./support/faults.ts";

type Chat = Awaited<ReturnType<typeof chatOn>>;

const objectOf = (id: string) => env.SESSION.getByName(`main/${id}`);

const only = (approvals: Approval[] | null): Approval => {
  const [first] = approvals ?? [];
  if (first === undefined) throw new Error("no approval");
  return first;
};

/** The approvals of a chat as its own log tells them: nothing else is asked. */
async function told(chat: Chat): Promise<Approval[]> {
  const newest = new Map<string, Approval>();
  for (const event of await chat.events())
    if (event.type === "approval") newest.set(event.approval.id, event.approval);
  return [...newest.values()];
}

const waits = (chat: Chat) =>
  vi.waitUntil(async () => {
    const waiting = (await told(chat)).filter(({ status }) => status === "pending");
    return waiting.length > 0 ? waiting : null;
  });

/** Somebody signed in by cookie, as a browser is. */
async function person(name: string, role: "admin" | "operator" | "viewer" = "operator") {
  const cookie = `${COOKIE}=${await createLogin(env.DB, name, role)}`;
  return (path: string, body: unknown, method = "POST") =>
    call(path, { method, body, token: null, headers: { cookie, origin: ORIGIN } });
}

const auditOf = async (target: string) =>
  (
    await env.DB.prepare("SELECT actor, action, detail FROM audit WHERE target = ? ORDER BY at, id")
      .bind(target)
      .all<{ actor: string; action: string; detail: string }>()
  ).results;

const rules = async () => (await (await call("/api/rules")).json<{ items: Rule[] }>()).items;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("two who decide the same approval within 50 ms, 200 times", () => {
  test("one wins each time, the other is told who and when, both pages see the same, and what was allowed runs once", async ({
    expect,
  }) => {
    const ROUNDS = 10;
    const SIDE_BY_SIDE = 20;
    const random = new Random(11);
    const chat = await aChat();
    const [ann, bob] = await Promise.all([person("ann"), person("bob")]);
    const pages = await Promise.all([1, 2].map(() => open(`/api/sessions/${chat.id}/live`)));
    const seen = pages.map(() => new Map<string, Approval[]>());
    for (const [index, page] of pages.entries()) {
      page.send({ type: "hello", version: 1 });
      page.ws.addEventListener("message", ({ data }) => {
        const frame: { type: string; events?: SessionEvent[] } = JSON.parse(String(data));
        const last = frame.events?.at(-1);
        if (last !== undefined) page.send({ type: "ack", seq: last.seq });
        for (const event of frame.events ?? [])
          if (event.type === "approval" && event.approval.status !== "pending") {
            const { approval } = event;
            seen[index]?.set(approval.id, [...(seen[index]?.get(approval.id) ?? []), approval]);
          }
      });
    }
    const ran: string[] = [];
    const { socket } = chat.daemon;
    socket.ws.addEventListener("message", ({ data }) => {
      if (data === "pong") return;
      const frame: LinkServerFrame = JSON.parse(String(data));
      if (frame.type !== "command") return;
      ran.push(frame.id);
      const result = { kind: "result", id: frame.id, session: chat.id, result: output("ran") };
      socket.send({ type: "messages", messages: [{ seq: ++chat.daemon.seq, message: result }] });
    });
    const alive = setInterval(() => socket.send("ping"), 5_000);
    const winners = new Map<string, string>();
    for (let round = 0; round < ROUNDS; round++) {
      await chat.say(Array.from({ length: SIDE_BY_SIDE }, (_, i) => `run echo ${round}.${i}`).join("\n"));
      for (const { id } of (await chat.pending(SIDE_BY_SIDE)) ?? []) {
        const after = async (by: typeof ann, decision: object) => {
          await sleep(random.below(2) === 0 ? 0 : random.below(50));
          return by(`/api/approvals/${id}/decision`, decision);
        };
        const answers = await Promise.all([
          after(ann, { decision: "allow" }),
          after(bob, { decision: "deny", message: "mine" }),
        ]);
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
        const won = answers.findIndex(({ status }) => status === 200);
        const winner = await answers[won]?.json<Approval>();
        const loser = await answers[1 - won]?.json<{ error: { code: string; message: string } }>();
        const name = won === 0 ? "ann" : "bob";
        expect(winner).toMatchObject({ decided_by: name, status: won === 0 ? "allowed" : "denied" });
        expect(loser?.error.code).toBe("already_decided");
        const when = new Date(winner?.decided_at ?? 0).toISOString();
        expect(loser?.error.message).toBe(`${name} has ${winner?.status} this already at ${when}.`);
        winners.set(id, name);
      }
      await chat.until("idle");
    }
    clearInterval(alive);
    expect(winners.size).toBe(ROUNDS * SIDE_BY_SIDE);
    const allowed = [...winners.values()].filter((name) => name === "ann").length;
    expect(ran).toHaveLength(allowed);
    expect(new Set(ran).size).toBe(ran.length);
    await vi.waitUntil(() => seen.every((page) => page.size === winners.size));
    for (const page of seen)
      for (const [id, name] of winners)
        expect(new Set(page.get(id)?.map(({ decided_by, status }) => `${status} by ${decided_by}`))).toEqual(
          new Set([name === "ann" ? "allowed by ann" : "denied by bob"]),
        );
  });
});

describe("an approval that nobody decides", () => {
  const overdue = (id: string) =>
    query(
      objectOf(id),
      "UPDATE approval SET expires_at = 1, json = json_set(json, '$.expires_at', 1) WHERE status = 'pending'",
    );

  test("waits for a week unless the deployment says otherwise", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const { created_at, expires_at } = only(await waits(chat));
    expect((expires_at ?? 0) - created_at).toBe(7 * 24 * 60 * 60 * 1000);
    expect(await query(objectOf(chat.id), "SELECT at FROM alarm WHERE name = 'approvals'")).toEqual([
      { at: expires_at },
    ]);
  });

  test("expires by the alarm: the call with it, the model is told, and a decision comes too late", async ({
    expect,
  }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const approval = only(await chat.pending());
    await overdue(chat.id);
    await runAlarms(objectOf(chat.id));
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([
      { state: "expired", error: "Nobody decided on this in time, so it did not run." },
    ]);
    const [said] = await query(objectOf(chat.id), "SELECT json FROM message WHERE json LIKE '%tool-result%'");
    expect(said?.json).toContain("[expired] Nobody decided on this in time");
    const late = await decide(approval, { decision: "allow" });
    expect(late.status).toBe(409);
    expect((await late.json<{ error: { message: string } }>()).error.message).toMatch(/has expired at 20/);
    await vi.waitUntil(async () => (await auditOf(approval.id)).length > 0);
    expect(await auditOf(approval.id)).toMatchObject([{ actor: "clock", action: "approval.expire" }]);
    const session = await (await call(`/api/sessions/${chat.id}`)).json();
    expect(session).toMatchObject({ pending_approvals: 0 });
  });

  test("is over at its time, also when the alarm is late", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const approval = only(await waits(chat));
    await overdue(chat.id);
    expect((await decide(approval, { decision: "allow" })).status).toBe(409);
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([{ state: "expired" }]);
    expect(await told(chat)).toMatchObject([{ status: "expired", decided_by: null }]);
  });

  test("is not released by a grant that comes after its time", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    await waits(chat);
    await overdue(chat.id);
    await call(`/api/sessions/${chat.id}/grants`, { body: { scope: "execute" } });
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([{ state: "expired" }]);
  });
});

describe("a decision", () => {
  test("finds its session at once, before the index knows of the approval; its audit comes after it for sure", async ({
    expect,
  }) => {
    const chat = await aChat();
    const object = objectOf(chat.id);
    await without(object, ["DB"], async () => {
      await chat.say("run echo one");
      const approval = only(await waits(chat));
      const row = env.DB.prepare("SELECT count(*) AS n FROM approval WHERE id = ?").bind(approval.id);
      expect(await row.first()).toEqual({ n: 0 });
      expect((await decide(approval, { decision: "deny", message: "no" })).status).toBe(200);
      expect(await auditOf(approval.id)).toEqual([]);
    });
    await runAlarms(object);
    await runAlarms(object);
    expect(await auditOf(only(await told(chat)).id)).toEqual([
      { actor: "owner", action: "approval.deny", detail: "once run_command echo one" },
    ]);
  });

  test("on an approval that never was, or of another session, is 404", async ({ expect }) => {
    const chat = await aChat();
    const foreign = `${newId("apr")}${chat.id.slice(4)}`;
    for (const id of [newId("apr"), foreign, `${newId("apr")}${newId("ses").slice(4)}`]) {
      const answer = await call(`/api/approvals/${id}/decision`, { body: { decision: "allow" } });
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ error: { message: "There is no such approval." } });
    }
  });

  test("while the host is offline is kept, and carried out once when it is back", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const approval = only(await chat.pending());
    chat.daemon.socket.close();
    await vi.waitUntil(async () => {
      const host = await (await call(`/api/hosts/${chat.host}`)).json<{ presence: string }>();
      return host.presence === "offline";
    });
    expect((await decide(approval, { decision: "allow" })).status).toBe(200);
    await vi.waitUntil(async () => (await chat.cards())[0]?.state === "dispatched");
    const { daemon } = await FakeDaemon.connect(chat.token, `epoch-${chat.host}`);
    await carryOut(daemon, chat.id, output("one"));
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([{ state: "completed", output: "one" }]);
    await vi.waitUntil(async () => (await told(chat))[0]?.delivery === "applied");
  });

  test("after the session was deleted says so", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run echo one");
    const approval = only(await waits(chat));
    await call(`/api/sessions/${chat.id}`, { method: "DELETE" });
    const answer = await decide(approval, { decision: "allow" });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      error: { message: "The session of this approval was deleted; nothing of it runs." },
    });
  });

  test("on one of several that wait leaves the others waiting", async ({ expect }) => {
    const chat = await aChat();
    await chat.say("run echo one\nrun echo two\nrun echo three");
    const [one, two, three] = (await chat.pending(3)) ?? [];
    if (one === undefined || two === undefined || three === undefined) throw new Error("no approvals");
    await decide(two, { decision: "allow", input: { argv: ["echo", "2"] } });
    expect((await carryOut(chat.daemon, chat.id, output("2"))).command).toMatchObject({
      input: { argv: ["echo", "2"] },
    });
    expect((await chat.cards()).map(({ state }) => state)).toEqual(["waiting", "completed", "waiting"]);
    await decide(three, { decision: "deny", message: "not this" });
    expect(await chat.status()).toBe("waiting");
    await decide(one, { decision: "deny" });
    await chat.until("idle");
    expect((await chat.cards()).map(({ state }) => state)).toEqual(["denied", "completed", "denied"]);
  });
});

describe("a grant that ends", () => {
  const sleepingHost = async () => {
    const chat = await aChat();
    const given = await call(`/api/sessions/${chat.id}/grants`, { body: { scope: "execute" } });
    chat.daemon.socket.close();
    await vi.waitUntil(async () => {
      const host = await (await call(`/api/hosts/${chat.host}`)).json<{ presence: string }>();
      return host.presence === "offline";
    });
    return { chat, grant: (await given.json<{ id: string }>()).id };
  };

  test("by revocation takes back what waits for a host that sleeps: the person is asked", async ({
    expect,
  }) => {
    const { chat, grant } = await sleepingHost();
    await chat.say("run echo one");
    await vi.waitUntil(async () => (await chat.cards())[0]?.state === "dispatched");
    await call(`/api/sessions/${chat.id}/grants/${grant}`, { method: "DELETE" });
    const approval = only(await waits(chat));
    const { daemon } = await FakeDaemon.connect(chat.token, `epoch-${chat.host}`);
    await decide(approval, { decision: "allow" });
    const { id } = await carryOut(daemon, chat.id, output("one"));
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([{ state: "completed" }]);
    const [row] = await query(objectOf(chat.id), "SELECT command FROM call");
    expect(row?.command).toBe(id);
  });

  test("by its time does so too", async ({ expect }) => {
    const { chat } = await sleepingHost();
    await chat.say("run echo one");
    await vi.waitUntil(async () => (await chat.cards())[0]?.state === "dispatched");
    await query(
      objectOf(chat.id),
      "UPDATE grant_given SET expires_at = 1, json = json_set(json, '$.expires_at', 1)",
    );
    await query(objectOf(chat.id), "INSERT INTO alarm (name, at) VALUES ('grants', 1)");
    await runAlarms(objectOf(chat.id));
    await waits(chat);
    expect(await chat.cards()).toMatchObject([{ state: "waiting" }]);
  });

  test.for(["revoked", "narrowed"])(
    "a rule that is %s does so too, unless another allows it",
    async (how, { expect }) => {
      const { chat, grant } = await sleepingHost();
      await call(`/api/sessions/${chat.id}/grants/${grant}`, { method: "DELETE" });
      const body = { tool: "run_command", host: chat.host, workspace: null, reason: "", expires_at: null };
      const make = async (pattern: string) =>
        (await call("/api/rules", { body: { ...body, pattern } })).json<{ id: string }>();
      const [one, both] = [await make("run_command echo one"), await make("run_command echo")];
      await chat.say("run echo one\nrun echo two");
      await vi.waitUntil(async () => (await chat.cards()).every(({ state }) => state === "dispatched"));
      await chat.until("working");
      const change = { method: "PATCH", body: { pattern: "run_command echo three" } };
      await call(`/api/rules/${both.id}`, how === "revoked" ? { method: "DELETE" } : change);
      expect(only(await waits(chat))).toMatchObject({ summary: "run_command echo two" });
      await vi.waitUntil(async () => (await chat.cards())[0]?.state === "dispatched");
      await call(`/api/rules/${one.id}`, { method: "DELETE" });
      await vi.waitUntil(async () => (await chat.pending(2)).length === 2);
    },
  );

  test("lets what a host has go on, and leaves alone what a person allowed", async ({ expect }) => {
    const chat = await aChat();
    const given = await call(`/api/sessions/${chat.id}/grants`, { body: { scope: "execute" } });
    const { id: grant } = await given.json<{ id: string }>();
    await chat.say("run echo one");
    const running = await chat.daemon.command();
    await call(`/api/sessions/${chat.id}/grants/${grant}`, { method: "DELETE" });
    await chat.daemon.tell({ kind: "result", id: running.id, session: chat.id, result: output("one") });
    await chat.until("idle");
    expect(await chat.cards()).toMatchObject([{ state: "completed", output: "one" }]);
    await vi.waitUntil(async () => (await auditOf(chat.id)).some(({ action }) => action === "grant.revoke"));
    expect((await auditOf(chat.id)).map(({ action }) => action)).toEqual(
      expect.arrayContaining(["grant.give", "grant.revoke"]),
    );
  });

  test("while a call waits for a decision changes nothing of it", async ({ expect }) => {
    const chat = await aChat();
    const given = await call(`/api/sessions/${chat.id}/grants`, { body: { scope: "write" } });
    await chat.say("run echo one");
    const approval = only(await chat.pending());
    const { id } = await given.json<{ id: string }>();
    await call(`/api/sessions/${chat.id}/grants/${id}`, { method: "DELETE" });
    expect(await chat.cards()).toMatchObject([{ state: "waiting" }]);
    await decide(approval, { decision: "allow" });
    await carryOut(chat.daemon, chat.id, output("one"));
    await chat.until("idle");
  });
});

describe("a rule", () => {
  const exactly = async (name: string) => {
    const chat = await aChat();
    const other = await chatOn(chat.host);
    await other.say(`run mv ${name}`);
    await other.pending();
    await chat.say(`run mv ${name}`);
    return { chat, other, mine: only(await chat.pending()) };
  };
  const serveBoth = async (daemon: FakeDaemon) => {
    const commands = [await daemon.command(), await daemon.command()];
    for (const { id, session } of commands)
      await daemon.tell({ kind: "result", id, session, result: output("moved") });
    return commands;
  };

  test("made by a decision releases what waits for the same in other sessions, once", async ({ expect }) => {
    const { chat, other, mine } = await exactly(crypto.randomUUID());
    await decide(mine, { decision: "allow", scope: "always", reason: "as always" });
    expect(new Set((await serveBoth(chat.daemon)).map(({ session }) => session))).toEqual(
      new Set([chat.id, other.id]),
    );
    await other.until("idle");
    expect(await told(other)).toMatchObject([
      { status: "allowed", decision_scope: "always", decided_by: "owner", delivery: "applied" },
    ]);
    const rule = (await rules()).find(({ host }) => host === chat.host);
    if (rule === undefined) throw new Error("no rule");
    await publishRule(env, rule);
    expect(await query(objectOf(other.id), "SELECT count(*) AS n FROM command")).toEqual([{ n: 1 }]);
    expect(await auditOf(rule.id)).toMatchObject([{ actor: "owner", action: "rule.create" }]);
  });

  test("reaches a session that could not be told at once", async ({ expect }) => {
    const { chat, other, mine } = await exactly(crypto.randomUUID());
    await without(objectOf(chat.id), ["SESSION"], async () => {
      await decide(mine, { decision: "allow", scope: "always" });
      await carryOut(chat.daemon, chat.id, output("moved"));
      await chat.until("idle");
      expect(await other.status()).toBe("waiting");
    });
    await runAlarms(objectOf(chat.id));
    await carryOut(chat.daemon, other.id, output("moved"));
    await other.until("idle");
    expect(await other.cards()).toMatchObject([{ state: "completed" }]);
  });

  test("reaches a session whose call the index did not know of when it was made", async ({ expect }) => {
    const name = crypto.randomUUID();
    const chat = await aChat();
    const other = await chatOn(chat.host);
    await without(objectOf(other.id), ["DB"], async () => {
      await other.say(`run mv ${name}`);
      await waits(other);
      await chat.say(`run mv ${name}`);
      await decide(only(await chat.pending()), { decision: "allow", scope: "always" });
      await carryOut(chat.daemon, chat.id, output("moved"));
      await vi.waitUntil(async () => (await rules()).some(({ host }) => host === chat.host));
      expect(await other.status()).toBe("waiting");
    });
    await runAlarms(objectOf(other.id));
    await carryOut(chat.daemon, other.id, output("moved"));
    await other.until("idle");
    expect(await told(other)).toMatchObject([{ status: "allowed", decision_scope: "always" }]);
  });

  const made = (host: string, pattern: string) => ({
    tool: "run_command",
    host,
    workspace: null,
    pattern,
    expires_at: null,
    reason: "of a test",
  });

  test("made through the API releases what waits, also when a session could not be told at once", async ({
    expect,
  }) => {
    const { chat, other } = await exactly(crypto.randomUUID());
    const hub = env.HUB.getByName("main");
    await without(
      hub,
      ["SESSION"],
      async () => {
        expect((await call("/api/rules", { body: made(chat.host, "run_command mv") })).status).toBe(201);
        await carryOut(chat.daemon, chat.id, output("moved"));
        expect(await other.status()).toBe("waiting");
      },
      (sessions) => partly(sessions, (name) => name.endsWith(other.id)),
    );
    await runAlarms(hub);
    await carryOut(chat.daemon, other.id, output("moved"));
    await other.until("idle");
    expect(await query(hub, "SELECT key FROM outbox")).toEqual([]);
  });

  test("that was removed does not come back, and releases nothing, when an old word of it arrives", async ({
    expect,
  }) => {
    const chat = await aChat();
    const answer = await call("/api/rules", { body: made(chat.host, "run_command mv") });
    const rule = await answer.json<Rule>();
    expect((await call(`/api/rules/${rule.id}`, { method: "DELETE" })).status).toBe(204);
    expect((await call(`/api/rules/${rule.id}`, { method: "DELETE" })).status).toBe(404);
    await chat.say("run mv a b");
    await chat.pending();
    await publishRule(env, rule);
    expect((await rules()).some(({ id }) => id === rule.id)).toBe(false);
    expect(await chat.status()).toBe("waiting");
    expect((await auditOf(rule.id)).map(({ action }) => action)).toEqual(["rule.create", "rule.delete"]);
  });

  test("is edited by an admin only, by the version that was seen; a wider one releases what waits", async ({
    expect,
  }) => {
    const chat = await aChat();
    const answer = await call("/api/rules", { body: made(chat.host, "run_command mv one") });
    const { id } = await answer.json<Rule>();
    await chat.say("run mv two");
    await chat.pending();
    const [operator, ann] = await Promise.all([person("olga"), person("ann", "admin")]);
    const path = `/api/rules/${id}`;
    expect((await operator(path, { reason: "mine" }, "PATCH")).status).toBe(403);
    expect((await operator(path, undefined, "DELETE")).status).toBe(403);
    expect((await operator("/api/rules", made(chat.host, "run_command"))).status).toBe(403);
    expect((await ann(path, { pattern: "run_command mv", version: 1 }, "PATCH")).status).toBe(200);
    await carryOut(chat.daemon, chat.id, output("moved"));
    await chat.until("idle");
    const late = await call(path, { method: "PATCH", body: { pattern: "run_command", version: 1 } });
    expect(late.status).toBe(409);
    expect(await late.json()).toMatchObject({
      error: { code: "changed", message: expect.stringMatching(/^ann has changed this rule at /) },
    });
    expect(await auditOf(id)).toMatchObject([
      { action: "rule.create", actor: "owner" },
      { action: "rule.change", actor: "ann", detail: "run_command mv" },
    ]);
  });

  test("that was removed or has expired while a call waits allows nothing more", async ({ expect }) => {
    const chat = await aChat();
    const gone = await (await call("/api/rules", { body: made(chat.host, "run_command mv") })).json<Rule>();
    const short = { ...made(chat.host, "run_command cp"), expires_at: Date.now() - 1 };
    await call("/api/rules", { body: short });
    await call(`/api/rules/${gone.id}`, { method: "DELETE" });
    await chat.say("run mv a b\nrun cp a b");
    expect(await chat.pending(2)).toHaveLength(2);
  });
});

describe("what is on its way out", () => {
  test("is not held up by a row that always fails; that one is parked, and tried again now and then", async ({
    expect,
  }) => {
    const chat = await aChat();
    const object = objectOf(chat.id);
    await vi.waitUntil(async () => (await query(object, "SELECT key FROM outbox")).length === 0);
    const poison = "INSERT INTO outbox (key, version, body) VALUES ('aaa', 1, '{\"approval\":{}}')";
    await query(object, poison);
    await chat.say("run echo one");
    expect(await chat.pending()).toHaveLength(1);
    const left = async () => (await query(object, "SELECT key FROM outbox")).map(({ key }) => key);
    await vi.waitUntil(async () => (await left()).length === 1);
    expect(await left()).toEqual(["aaa"]);
    await query(object, "UPDATE outbox SET failures = ?", PARKED_AFTER - 1);
    const logged = vi.spyOn(console, "error");
    await runAlarms(object);
    const lines = logged.mock.calls.map(([line]) => String(line));
    logged.mockRestore();
    expect(lines.filter((line) => line.includes("parked"))).toHaveLength(1);
    expect(await query(object, "SELECT key, failures FROM outbox")).toEqual([
      { key: "aaa", failures: PARKED_AFTER },
    ]);
    const [alarm] = await query(object, "SELECT at FROM alarm WHERE name = 'publish'");
    expect(Number(alarm?.at) - Date.now()).toBeGreaterThan(5 * 60_000);
    await decide(only(await chat.pending()), { decision: "deny" });
    await vi.waitUntil(async () => (await left()).length === 1);
  });

  test("to one host is not held up by another that cannot be reached", async ({ expect }) => {
    const chat = await aChat();
    const second = await enrolHost("second");
    const { daemon } = await FakeDaemon.connect(second.token, `epoch-${second.id}`);
    await call(`/api/sessions/${chat.id}/grants`, { body: { scope: "execute" } });
    await without(
      objectOf(chat.id),
      ["HOST"],
      async () => {
        await chat.say("run echo first");
        await vi.waitUntil(async () => (await chat.cards())[0]?.state === "dispatched");
        await query(
          objectOf(chat.id),
          "INSERT INTO command (id, position, json, expires_at, created_at, host) VALUES (?, 9, ?, 9e12, 1, ?)",
          newId("cmd"),
          JSON.stringify({
            command: { type: "tool", tool: "git_status", input: {}, root: "/w", outside: [] },
            by: "model",
          }),
          second.id,
        );
        await runAlarms(objectOf(chat.id));
        expect((await daemon.command()).command).toMatchObject({ tool: "git_status" });
      },
      (hosts) => partly(hosts, (name) => name.endsWith(chat.host)),
    );
    await runAlarms(objectOf(chat.id));
    expect((await chat.daemon.command()).command).toMatchObject({ input: { argv: ["echo", "first"] } });
  });
});

describe("removing a host", () => {
  test("ends its sessions, also those that the index does not know yet", async ({ expect }) => {
    const { id: host, token } = await enrolHost("box");
    const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
    const session = newId("ses");
    await without(objectOf(session), ["DB"], async () => {
      await daemon.tellSession(session);
      expect((await call(`/api/hosts/${host}`, { method: "DELETE" })).status).toBe(204);
    });
    expect(await (await call(`/api/sessions/${session}`)).json()).toMatchObject({
      status: "trouble",
      status_reason: "The host was removed.",
    });
  });
});

describe("a session in trouble", () => {
  test("needs nobody once somebody has seen it, on every page and in the index; with its next trouble it does", async ({
    expect,
  }) => {
    const { id: host, token } = await enrolHost("box");
    const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
    const session = newId("ses");
    await daemon.tellSession(session);
    const status = (to: "trouble" | "working", at: number) =>
      daemon.tell({
        kind: "events",
        session,
        events: [{ at, event: { type: "status", status: to, reason: null } }],
      });
    const needy = async () =>
      (await (await call(`/api/sessions?attention=true&host=${host}`)).json<{ items: unknown[] }>()).items
        .length;
    const see = async () => (await call(`/api/sessions/${session}/seen`, { method: "POST" })).status;
    await status("trouble", Date.now() + 60_000); // a host whose clock is ahead
    await vi.waitUntil(async () => (await needy()) === 1);
    const viewer = await person("vera", "viewer");
    expect((await viewer(`/api/sessions/${session}/seen`, undefined)).status).toBe(403);
    expect([await see(), await see()]).toEqual([204, 204]);
    await vi.waitUntil(async () => (await needy()) === 0);
    const events = await (await call(`/api/sessions/${session}/events`)).json<{ items: SessionEvent[] }>();
    expect(events.items.filter(({ type }) => type === "seen")).toMatchObject([{ by: "owner" }]);
    await status("working", Date.now() + 61_000);
    await status("trouble", Date.now() + 120_000);
    await vi.waitUntil(async () => (await needy()) === 1);
  });
});
