import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { eq } from "drizzle-orm";
import { afterEach, describe, test, vi } from "vitest";
import { hostName, hubName, sessionName } from "../../durable-objects/shared/names.ts";
import type { Host } from "../../protocol/host.ts";
import { DEFAULT_TEAM } from "../../protocol/ids.ts";
import { SILENCE_LIMIT_MS, VIEWER_SILENCE_MS, VIEWERS_LOOK_MS } from "../../protocol/limits.ts";
import { createLogin, issueCode, useCode } from "../../worker/auth/logins.ts";
import { COOKIE } from "../../worker/auth/requireRole.ts";
import { sha256 } from "../../worker/auth/secrets.ts";
import { codes, logins, loginSessions } from "../../worker/db/schema.ts";
import { call, enrolHost, open, type Socket } from "./support/edge.ts";

afterEach(() => void vi.restoreAllMocks());

const hub = () => env.HUB.getByName(hubName(DEFAULT_TEAM));
const sessionObject = (id: string) => env.SESSION.getByName(sessionName(DEFAULT_TEAM, id));

/** Moves the clock on; the runtime's own note of pings stays as it is. */
function later(ms: number): void {
  const now = Date.now() + ms;
  vi.spyOn(Date, "now").mockImplementation(() => now);
}

async function aLogin() {
  const secret = await createLogin(env.DB, "ann", "operator");
  return { id: await sha256(secret), headers: { cookie: `${COOKIE}=${secret}` } };
}

async function aSession(): Promise<string> {
  return (await (await call("/api/sessions", { body: { provider: "edge" } })).json<{ id: string }>()).id;
}

async function hello(socket: Socket): Promise<Socket> {
  socket.send({ type: "hello", version: 1 });
  await socket.next();
  return socket;
}

/** The hub's socket, a session's log and its console, all open, by one login or by the owner's token. */
async function look(session: string, headers: Record<string, string> | null) {
  const by = (path: string) => (headers === null ? open(path) : open(path, null, headers));
  return [
    await hello(await by("/api/live")),
    await hello(await by(`/api/sessions/${session}/live`)),
    await by(`/api/sessions/${session}/console`),
  ];
}

const noted = (login: string) =>
  drizzle(env.DB).select().from(loginSessions).where(eq(loginSessions.login, login));

/** What has ended so far, by close code; null is open. */
async function ends(sockets: Socket[]): Promise<(number | null)[]> {
  const soon = new Promise<null>((resolve) => void setTimeout(() => resolve(null), 100));
  return Promise.all(sockets.map((socket) => Promise.race([socket.closed.then(({ code }) => code), soon])));
}

describe("signing out", () => {
  test("ends every open socket of that browser, wherever it looks, and nobody else's", async ({ expect }) => {
    const session = await aSession();
    const [mine, other] = [await aLogin(), await aLogin()];
    const sockets = await look(session, mine.headers);
    const second = await look(await aSession(), mine.headers);
    const theirs = [...(await look(session, other.headers)), ...(await look(session, null))];
    await vi.waitUntil(async () => (await noted(mine.id)).length === 2);

    const out = await call("/api/auth/session", { method: "DELETE", token: null, headers: mine.headers });
    expect(out.status).toBe(204);
    for (const { closed } of [...sockets, ...second]) expect(await closed).toMatchObject({ code: 4401 });
    expect(await ends(theirs)).toEqual(theirs.map(() => null));
    expect(await noted(mine.id)).toEqual([]);
    expect(await (await open(`/api/sessions/${session}/live`, null, mine.headers)).closed).toMatchObject({
      code: 4401,
    });
    const again = await call("/api/auth/session", { method: "DELETE", token: null, headers: mine.headers });
    expect(again.status).toBe(401);
    for (const socket of theirs) socket.close();
  });

  test("ends a socket that was let in before and arrived after", async ({ expect }) => {
    const session = await aSession();
    const { id, headers } = await aLogin();
    const opened = Promise.all([
      open(`/api/sessions/${session}/live`, null, headers),
      open("/api/live", null, headers),
    ]);
    // The row alone, as when the sign-out found no socket to end yet.
    await drizzle(env.DB).delete(logins).where(eq(logins.sha256, id));
    for (const { closed } of await opened) expect(await closed).toMatchObject({ code: 4401 });
  });

  test("of which nobody signs out leaves nothing behind once somebody else signs in", async ({ expect }) => {
    const db = drizzle(env.DB);
    const [old, stays] = [await aLogin(), await aLogin()];
    await db.insert(loginSessions).values([old, stays].map(({ id }) => ({ login: id, session: "ses_x" })));
    await db.update(logins).set({ expires_at: Date.now() }).where(eq(logins.sha256, old.id));
    const code = await issueCode(env.DB, "sign_in", "ann");
    const late = await issueCode(env.DB, "sign_in", "late");
    await db.update(codes).set({ expires_at: Date.now() }).where(eq(codes.subject, "late"));
    await aLogin();
    expect(await noted(old.id)).toEqual([]);
    expect(await noted(stays.id)).toHaveLength(1);
    expect(await db.select().from(logins).where(eq(logins.sha256, old.id))).toEqual([]);
    expect((await call("/api/me", { token: null, headers: stays.headers })).status).toBe(200);
    expect(await db.select().from(codes).where(eq(codes.subject, "late"))).toEqual([]);
    expect(await useCode(env.DB, "sign_in", late.code)).toBeNull();
    expect(await useCode(env.DB, "sign_in", code.code)).toBe("ann");
  });

  test("notes a session once, however often it is opened", async () => {
    const session = await aSession();
    const { id, headers } = await aLogin();
    for (let round = 0; round < 3; round++) (await look(session, headers)).forEach((each) => each.close());
    await vi.waitUntil(async () => (await noted(id)).length === 1);
  });
});

describe("an object that is looked at", () => {
  test("ends the sockets of a login that is too old, even when nobody told it", async ({ expect }) => {
    const session = await aSession();
    const first = await look(session, null);
    later(VIEWERS_LOOK_MS);
    const { id, headers } = await aLogin();
    const sockets = await look(session, headers);
    const kept = await look(session, null);
    await vi.waitUntil(async () => (await noted(id)).length === 1);
    await drizzle(env.DB).update(logins).set({ expires_at: 1 }).where(eq(logins.sha256, id));
    await runDurableObjectAlarm(hub());
    await runDurableObjectAlarm(sessionObject(session));
    for (const { closed } of sockets) expect(await closed).toMatchObject({ code: 4401 });
    for (const { closed } of first) expect(await closed).toMatchObject({ code: 4408 });
    expect(await ends(kept)).toEqual([null, null, null]);
    for (const socket of kept) socket.close();
  });

  test("ends what is silent, keeps what speaks, and sleeps for good when nobody is left", async ({
    expect,
  }) => {
    const session = await aSession();
    const silent = await look(session, null);
    const mute = await open(`/api/sessions/${session}/live`); // never says hello
    const [live] = [await hello(await open(`/api/sessions/${session}/live`))];
    later(VIEWER_SILENCE_MS + 1);
    live.send({ type: "ack", seq: 0 });
    await vi.waitFor(() => sessionObject(session).read());
    later(VIEWERS_LOOK_MS - VIEWER_SILENCE_MS);
    await runDurableObjectAlarm(hub());
    await runDurableObjectAlarm(sessionObject(session));
    for (const { closed } of [...silent, mute]) expect(await closed).toMatchObject({ code: 4408 });
    expect(await ends([live])).toEqual([null]);
    live.close();
    await live.closed;
    later(2 * VIEWERS_LOOK_MS);
    await runDurableObjectAlarm(hub());
    await runDurableObjectAlarm(sessionObject(session));
    expect(await runDurableObjectAlarm(hub())).toBe(false);
    expect(await runDurableObjectAlarm(sessionObject(session))).toBe(false);
  });
});

describe("a link", () => {
  test("that never says hello is ended, however it pings, and its host was not there", async ({ expect }) => {
    const { id, token } = await enrolHost();
    const host = async () => (await call(`/api/hosts/${id}`)).json<Host>();
    const mute = await open("/api/link", token);
    mute.send("ping");
    expect(await mute.next()).toBe("pong");
    later(SILENCE_LIMIT_MS + 1);
    await runDurableObjectAlarm(env.HOST.getByName(hostName(DEFAULT_TEAM, id)));
    expect(await mute.closed).toMatchObject({ code: 4408 });
    expect(await host()).toMatchObject({ presence: "never", last_seen: null });
  });
});
