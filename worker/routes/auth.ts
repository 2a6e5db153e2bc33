import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import * as z from "zod";
import { Enrol } from "../../protocol/api.ts";
import { hostName } from "../../durable-objects/shared/names.ts";
import { formatHostToken } from "../../protocol/tokens.ts";
import { createLogin, dropLogin, issueCode, LOGIN_MS, useCode } from "../auth/logins.ts";
import { attachmentLimit } from "../attachments/attachmentLimit.ts";
import { COOKIE, requireRole } from "../auth/requireRole.ts";
import { endLoginSockets } from "../auth/loginSockets.ts";
import { newSecret, sha256 } from "../auth/secrets.ts";
import { note } from "../db/audit.ts";
import { hosts } from "../db/schema.ts";
import type { App } from "../env.ts";
import { Problem } from "../problem.ts";
import { validate } from "../validate.ts";
import { VERSION } from "../version.ts";

const SignIn = z.object({ code: z.string().min(10).max(200) });

/** Signing in, and enrolling a host. The two routes without a role take a one-time code instead. */
export const authRoutes = new Hono<App>()
  .get("/me", requireRole("viewer"), (c) => {
    const { id, role, team } = c.get("actor");
    const mode = c.env.SIGNALBOX_MODE === "local" ? ("local" as const) : ("deployed" as const);
    const attachment_max_bytes = attachmentLimit(c.env);
    return c.json({ user: id, role, team, mode, version: VERSION, attachment_max_bytes });
  })
  .post("/auth/codes", requireRole("admin"), async (c) => {
    const { code, expires_at } = await issueCode(c.env.DB, "sign_in", c.get("actor").id);
    return c.json({ code, expires_at, url: `${new URL(c.req.url).origin}/sign-in?code=${code}` }, 201);
  })
  .post("/auth/session", validate("json", SignIn), async (c) => {
    const user = await useCode(c.env.DB, "sign_in", c.req.valid("json").code);
    if (user === null)
      throw new Problem(
        401,
        "code_not_valid",
        "This sign-in link was used, or is too old. `signalbox status` prints a new one.",
      );
    setCookie(c, COOKIE, await createLogin(c.env.DB, user, "admin"), {
      httpOnly: true,
      sameSite: "Strict",
      path: "/",
      maxAge: LOGIN_MS / 1000,
      secure: new URL(c.req.url).protocol === "https:",
    });
    return c.body(null, 204);
  })
  .delete("/auth/session", requireRole("viewer"), async (c) => {
    const cookie = getCookie(c, COOKIE);
    if (cookie !== undefined)
      await endLoginSockets(c.env, c.get("actor").team, await dropLogin(c.env.DB, cookie));
    deleteCookie(c, COOKIE, { path: "/" });
    return c.body(null, 204);
  })
  .post("/enrol", validate("json", Enrol), async (c) => {
    const db = drizzle(c.env.DB);
    const id = await useCode(c.env.DB, "enrol", c.req.valid("json").code);
    const host = id === null ? undefined : await db.select().from(hosts).where(eq(hosts.id, id)).get();
    if (host === undefined || host.removed_at !== null)
      throw new Problem(
        401,
        "code_not_valid",
        "This code was used, or is too old. The hosts page makes a new one.",
      );
    const token = formatHostToken(host.id, newSecret());
    await db
      .update(hosts)
      .set({ token_sha256: await sha256(token) })
      .where(eq(hosts.id, host.id));
    if (host.token_sha256 !== null)
      await c.env.HOST.getByName(hostName(host.team, host.id)).dropLink("The host was enrolled anew.");
    const actor = { kind: "host", id: host.id, team: host.team, role: "operator" } as const;
    await note(c.env.DB, actor, "host.enrol", host.id, c.req.valid("json").hostname);
    return c.json({ host: host.id, name: host.name, token }, 201);
  });
