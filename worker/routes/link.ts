import { Hono } from "hono";
import * as z from "zod";
import { SessionId } from "../../protocol/ids.ts";
import { hostName, sessionName } from "../../durable-objects/shared/names.ts";
import { RULES_KEY_HEADER } from "../../durable-objects/host/signRules.ts";
import { bearerOf } from "../auth/requireRole.ts";
import { requireHost } from "../auth/requireHost.ts";
import { rulesKey } from "../../durable-objects/host/signRules.ts";
import type { App } from "../env.ts";
import { forwardSocket } from "../forwardSocket.ts";
import { validate } from "../validate.ts";

/** `/api/link`: the daemon's sockets. */
export const linkRoutes = new Hono<App>()
  .get("/", requireHost, async (c) => {
    const { team, id } = c.get("actor");
    const key = { [RULES_KEY_HEADER]: await rulesKey(bearerOf(c) ?? "") };
    return forwardSocket(c, c.env.HOST.getByName(hostName(team, id)), "/link", key);
  })
  .get("/console/:session", requireHost, validate("param", z.object({ session: SessionId })), (c) => {
    const name = sessionName(c.get("actor").team, c.req.valid("param").session);
    return forwardSocket(c, c.env.SESSION.getByName(name), "/daemon");
  });
