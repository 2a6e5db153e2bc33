import { and, eq, gt, inArray, isNull, lte } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { codes, loginSessions, logins } from "../db/schema.ts";
import { newSecret, sha256 } from "./secrets.ts";

/** How long a browser stays signed in without coming back. */
export const LOGIN_MS = 30 * 24 * 60 * 60 * 1000;
/** A sign-in link works once, for this long. */
export const SIGN_IN_CODE_MS = 15 * 60 * 1000;
/** An enrolment code works once, for this long. */
export const ENROL_CODE_MS = 60 * 60 * 1000;

type Purpose = "enrol" | "sign_in";

/** Makes a one-time code. Only its hash is stored. */
export async function issueCode(
  d1: D1Database,
  purpose: Purpose,
  subject: string,
): Promise<{ code: string; expires_at: number }> {
  const code = newSecret();
  const expires_at = Date.now() + (purpose === "enrol" ? ENROL_CODE_MS : SIGN_IN_CODE_MS);
  await drizzle(d1)
    .insert(codes)
    .values({ sha256: await sha256(code), purpose, subject, expires_at });
  return { code, expires_at };
}

/** Uses a code up; its subject, or null when it is unknown, used or too old. Two at once: one wins. */
export async function useCode(d1: D1Database, purpose: Purpose, code: string): Promise<string | null> {
  const now = Date.now();
  const used = await drizzle(d1)
    .update(codes)
    .set({ used_at: now })
    .where(
      and(
        eq(codes.sha256, await sha256(code)),
        eq(codes.purpose, purpose),
        isNull(codes.used_at),
        gt(codes.expires_at, now),
      ),
    )
    .returning({ subject: codes.subject });
  return used[0]?.subject ?? null;
}

/** Makes every unused code of a subject worthless. */
export async function dropCodes(d1: D1Database, purpose: Purpose, subject: string): Promise<void> {
  await drizzle(d1)
    .delete(codes)
    .where(and(eq(codes.purpose, purpose), eq(codes.subject, subject), isNull(codes.used_at)));
}

/** Signs a browser in; the value of its cookie. What has run out by then is forgotten. */
export async function createLogin(
  d1: D1Database,
  user: string,
  role: "admin" | "operator" | "viewer",
): Promise<string> {
  const secret = newSecret();
  const now = Date.now();
  const fresh = { sha256: await sha256(secret), user, role, created_at: now, expires_at: now + LOGIN_MS };
  const db = drizzle(d1);
  const over = db.select({ id: logins.sha256 }).from(logins).where(lte(logins.expires_at, now));
  await db.batch([
    db.insert(logins).values(fresh),
    db.delete(codes).where(lte(codes.expires_at, now)),
    db.delete(loginSessions).where(inArray(loginSessions.login, over)),
    db.delete(logins).where(lte(logins.expires_at, now)),
  ]);
  return secret;
}

/** Who a cookie belongs to, and the id of the login. Coming back prolongs it, at most once a day. */
export async function readLogin(d1: D1Database, secret: string) {
  const db = drizzle(d1);
  const now = Date.now();
  const id = await sha256(secret);
  const login = await db
    .select()
    .from(logins)
    .where(and(eq(logins.sha256, id), gt(logins.expires_at, now)))
    .get();
  if (login === undefined) return null;
  if (login.expires_at < now + LOGIN_MS - 24 * 60 * 60 * 1000)
    await db
      .update(logins)
      .set({ expires_at: now + LOGIN_MS })
      .where(eq(logins.sha256, id));
  return { id, user: login.user, role: login.role };
}

/** Ends a login; its id. */
export async function dropLogin(d1: D1Database, secret: string): Promise<string> {
  const id = await sha256(secret);
  await drizzle(d1).delete(logins).where(eq(logins.sha256, id));
  return id;
}
