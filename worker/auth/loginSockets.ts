import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Context } from "hono";
import { endedLogins } from "../../durable-objects/shared/endedLogins.ts";
import { logError } from "../../durable-objects/shared/logError.ts";
import { hubName, sessionName } from "../../durable-objects/shared/names.ts";
import { loginSessions } from "../db/schema.ts";
import type { App } from "../env.ts";
import { forwardSocket } from "../forwardSocket.ts";

type Target = {
  fetch(request: Request): Promise<Response>;
  endLogin(login: string): Promise<void>;
};

/**
 * As {@link forwardSocket}, for a person's socket: it ends when their login does. Where a login has sockets is noted
 * once for each session; the hub has them anyway. Noting comes first and looking whether the login still holds second,
 * so that a sign-out in between is found by one of the two. Neither keeps the socket waiting.
 */
export async function forwardViewer(
  c: Context<App>,
  target: Target,
  path: string,
  session: string | null,
): Promise<Response> {
  const response = await forwardSocket(c, target, path);
  const { login } = c.get("actor");
  if (login === undefined) return response;
  const noted = async () => {
    if (session !== null)
      await drizzle(c.env.DB).insert(loginSessions).values({ login, session }).onConflictDoNothing();
    if ((await endedLogins(c.env.DB, [login])).length > 0) await target.endLogin(login);
  };
  // When it fails, the object finds out the next time it looks at its viewers.
  c.executionCtx.waitUntil(noted().catch((error: unknown) => logError("login not noted", error)));
  return response;
}

/** Ends the open sockets of a login that has ended: the hub's and those of every session it looked at. */
export async function endLoginSockets(env: App["Bindings"], team: string, login: string): Promise<void> {
  const db = drizzle(env.DB);
  const rows = await db.select().from(loginSessions).where(eq(loginSessions.login, login));
  const ended = await Promise.allSettled([
    env.HUB.getByName(hubName(team)).endLogin(login),
    ...rows.map(async ({ session }) => {
      await env.SESSION.getByName(sessionName(team, session)).endLogin(login);
      await db
        .delete(loginSessions)
        .where(and(eq(loginSessions.login, login), eq(loginSessions.session, session)));
    }),
  ]);
  // Whoever could not be told finds out the next time it looks at its viewers.
  for (const each of ended)
    if (each.status === "rejected") logError("sockets of a login not ended", each.reason);
}
