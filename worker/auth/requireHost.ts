import { and, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { createMiddleware } from "hono/factory";
import { refuseSocket } from "../../durable-objects/shared/refuseSocket.ts";
import { hostOfToken } from "../../protocol/tokens.ts";
import { hosts } from "../db/schema.ts";
import type { App } from "../env.ts";
import { bearerOf } from "./requireRole.ts";
import { sameDigest, sha256 } from "./secrets.ts";

/** Lets a daemon's socket through only with the token of a host that is still enrolled. */
export const requireHost = createMiddleware<App>(async (c, next) => {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") return c.json(UPGRADE, 426);
  const token = bearerOf(c);
  const id = token === null ? null : hostOfToken(token);
  if (token === null || id === null)
    return refuseSocket("unauthenticated", "The host's token is missing or malformed.");
  const row = await drizzle(c.env.DB)
    .select({ team: hosts.team, token: hosts.token_sha256 })
    .from(hosts)
    .where(and(eq(hosts.id, id), isNull(hosts.removed_at)))
    .get();
  if (row === undefined || row.token === null || !sameDigest(await sha256(token), row.token))
    return refuseSocket("unauthenticated", "The host's token is not valid. Enrol the host anew.");
  c.set("actor", { kind: "host", id, team: row.team, role: "operator" });
  return next();
});

const UPGRADE = { error: { code: "upgrade_required", message: "This address is a WebSocket." } };
