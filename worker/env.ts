import type { Env } from "../durable-objects/shared/env.ts";
import type { Actor } from "../durable-objects/shared/actor.ts";

/** Hono's environment: the bindings, and who acts once `requireRole` has let them through. */
export type App = { Bindings: Env; Variables: { actor: Actor } };
