import { and, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { createMiddleware } from "hono/factory";
import { closeSocket, refuseSocket } from "../../durable-objects/shared/refuseSocket.ts";
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
  const digest = await sha256(token);
  const team = await teamOf(c.env.DB, id, digest);
  if (team === null) return refuseSocket("unauthenticated", NOT_VALID);
  c.set("actor", { kind: "host", id, team, role: "operator" });
  await next();
  // Revoking changes the row, then ends the sockets: one that was let in before and arrived after is found here.
  const socket = c.res.webSocket;
  if (socket === null || (await teamOf(c.env.DB, id, digest)) === team) return undefined;
  socket.accept();
  closeSocket(socket, "unauthenticated", NOT_VALID);
  c.res = undefined; // otherwise the new answer is merged with the old one, and loses its socket
  c.res = refuseSocket("unauthenticated", NOT_VALID);
});

/** The team of an enrolled host whose token has this digest; null for any other. */
async function teamOf(d1: D1Database, id: string, digest: string): Promise<string | null> {
  const row = await drizzle(d1)
    .select({ team: hosts.team, token: hosts.token_sha256 })
    .from(hosts)
    .where(and(eq(hosts.id, id), isNull(hosts.removed_at)))
    .get();
  return row !== undefined && row.token !== null && sameDigest(digest, row.token) ? row.team : null;
}

const NOT_VALID = "The host's token is not valid. Enrol the host anew.";

const UPGRADE = { error: { code: "upgrade_required", message: "This address is a WebSocket." } };
