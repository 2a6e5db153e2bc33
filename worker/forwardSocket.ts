import type { Context } from "hono";
import { ACTOR_HEADER } from "../durable-objects/shared/actor.ts";
import type { App } from "./env.ts";
import { Problem } from "./problem.ts";

/** Passes an upgrade on to an object, with the actor that was found, what `more` says, and nothing else of the request. */
export function forwardSocket(
  c: Context<App>,
  stub: { fetch(request: Request): Promise<Response> },
  path: string,
  more: Record<string, string> = {},
): Promise<Response> {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket")
    throw new Problem(426, "upgrade_required", "This address is a WebSocket.");
  const headers = { ...more, upgrade: "websocket", [ACTOR_HEADER]: JSON.stringify(c.get("actor")) };
  return stub.fetch(new Request(`https://object${path}`, { headers }));
}
