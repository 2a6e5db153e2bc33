import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { refuseSocket } from "../../durable-objects/shared/refuseSocket.ts";
import type { Actor } from "../../durable-objects/shared/actor.ts";
import { DEFAULT_TEAM } from "../../protocol/ids.ts";
import type { App } from "../env.ts";
import { Problem } from "../problem.ts";
import { readLogin } from "./logins.ts";
import { sameDigest, sha256 } from "./secrets.ts";

export const COOKIE = "signalbox";
const RANK = { viewer: 0, operator: 1, admin: 2 } as const;
export type Role = keyof typeof RANK;

/** Lets a request through only for a person with at least this role. Every route names one. */
export function requireRole(least: Role) {
  return createMiddleware<App>(async (c, next) => {
    const actor = await findUser(c);
    const problem =
      actor === null
        ? new Problem(401, "unauthenticated", "Sign in first. `signalbox status` prints a sign-in link.")
        : RANK[actor.role] < RANK[least]
          ? new Problem(403, "forbidden", `This needs the role ${least}; yours is ${actor.role}.`)
          : null;
    if (problem !== null || actor === null) {
      if (c.req.header("upgrade")?.toLowerCase() !== "websocket") throw problem;
      return refuseSocket(actor === null ? "unauthenticated" : "forbidden", problem?.message ?? "");
    }
    c.set("actor", actor);
    await next();
  });
}

async function findUser(c: Context<App>): Promise<Actor | null> {
  const user = { kind: "user", team: DEFAULT_TEAM } as const;
  const bearer = bearerOf(c);
  if (bearer !== null) {
    const owner = c.env.OWNER_TOKEN_SHA256;
    const right = owner !== undefined && sameDigest(await sha256(bearer), owner.toLowerCase());
    return right ? { ...user, id: "owner", role: "admin" } : null;
  }
  const cookie = getCookie(c, COOKIE);
  const login = cookie === undefined ? null : await readLogin(c.env.DB, cookie);
  return login === null ? null : { ...user, id: login.user, role: login.role, login: login.id };
}

/** The bearer token of a request, or null. */
export function bearerOf(c: Context<App>): string | null {
  return /^Bearer (\S{1,512})$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? null;
}
