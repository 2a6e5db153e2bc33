import { drizzle } from "drizzle-orm/d1";
import { newId } from "../../protocol/ids.ts";
import { redact } from "../../protocol/redact.ts";
import type { Actor } from "../../durable-objects/shared/actor.ts";
import { audit } from "./schema.ts";

/** Notes who did what to what. */
export async function note(
  d1: D1Database,
  actor: Actor,
  action: string,
  target: string,
  detail = "",
): Promise<void> {
  await drizzle(d1)
    .insert(audit)
    .values({
      id: newId("aud"),
      team: actor.team,
      at: Date.now(),
      actor: actor.id,
      action,
      target,
      detail: redact(detail).slice(0, 1000),
    });
}
