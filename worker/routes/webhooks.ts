import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Hono, type Context } from "hono";
import * as z from "zod";
import { deleteBlobs } from "../../durable-objects/shared/deleteBlobs.ts";
import { DeliveryId, newId, WebhookId } from "../../protocol/ids.ts";
import { tellNews } from "../../durable-objects/shared/tellNews.ts";
import {
  type Delivery,
  PostWebhook,
  RotateSecret,
  type Webhook,
  WebhookChange,
  type WebhookWithSecret,
} from "../../protocol/webhooks.ts";
import { requireRole } from "../auth/requireRole.ts";
import { note } from "../db/audit.ts";
import { deliveries, webhooks } from "../db/schema.ts";
import type { App } from "../env.ts";
import { Problem } from "../problem.ts";
import { validate } from "../validate.ts";
import { problemOfArgs } from "../work/problemOfArgs.ts";
import { addDelivery, bodyFolder, bodyKey, listDeliveries, readDelivery } from "../webhooks/deliveryStore.ts";
import { readPayload, startDelivery } from "../webhooks/receiveDelivery.ts";
import { problemOf } from "../webhooks/renderWork.ts";
import {
  listWebhooks,
  newWebhookSecret,
  readWebhook,
  saveWebhook,
  sealSecret,
  webhookOf,
  type WebhookRow,
} from "../webhooks/webhookStore.ts";

const ById = validate("param", z.object({ id: WebhookId }));
const ByDelivery = validate("param", z.object({ id: WebhookId, delivery: DeliveryId }));
const LogQuery = z.object({
  cursor: DeliveryId.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const MOST_WEBHOOKS = 200;

/** `/api/webhooks`: addresses that others call to start work. */
export const webhookRoutes = new Hono<App>()
  .get("/", requireRole("viewer"), async (c) =>
    c.json({ items: await listWebhooks(c.env, c.get("actor").team), next_cursor: null }),
  )
  .post("/", requireRole("admin"), validate("json", PostWebhook), async (c) => {
    const { id = newId("whk"), secret = newWebhookSecret(), ...fresh } = c.req.valid("json");
    const actor = c.get("actor");
    await refuseUnreadable(c, fresh);
    if ((await listWebhooks(c.env, actor.team)).length >= MOST_WEBHOOKS)
      throw new Problem(409, "too_many", `A team has at most ${MOST_WEBHOOKS} webhooks.`);
    const now = Date.now();
    const stamps = { created_at: now, changed_at: now, version: 1, previous_until: null };
    const webhook: Webhook = { ...fresh, ...stamps, id, team: actor.team, by: actor.id };
    const sealed_secret = await sealSecret(c.env, id, actor.team, secret);
    if (!(await saveWebhook(c.env, webhook, { sealed_secret, sealed_previous: null })))
      throw new Problem(409, "id_taken", "There is a webhook of this id; its secret is not shown again.");
    await tellNews(c.env, actor.team, "webhooks");
    await note(c.env.DB, actor, "webhook.create", id, webhook.name);
    return c.json({ webhook, secret } satisfies WebhookWithSecret, 201);
  })
  .get("/:id", requireRole("viewer"), ById, async (c) => c.json(webhookOf(await found(c))))
  .patch("/:id", requireRole("admin"), ById, validate("json", WebhookChange), async (c) => {
    const { version, ...change } = c.req.valid("json");
    const row = await found(c);
    const before = webhookOf(row);
    if (version !== undefined && version !== before.version) throw changedMeanwhile();
    const webhook: Webhook = {
      ...before,
      name: change.name ?? before.name,
      work: change.work ?? before.work,
      events: change.events ?? before.events,
      condition: change.condition === undefined ? before.condition : change.condition,
      paused: change.paused ?? before.paused,
      changed_at: Date.now(),
      version: before.version + 1,
    };
    await refuseUnreadable(c, webhook);
    if (!(await saveWebhook(c.env, webhook, secretsOf(row)))) throw changedMeanwhile();
    await tellNews(c.env, webhook.team, "webhooks");
    await note(c.env.DB, c.get("actor"), "webhook.change", webhook.id, Object.keys(change).join(" "));
    return c.json(webhook);
  })
  .delete("/:id", requireRole("admin"), ById, async (c) => {
    const { id } = await found(c);
    const db = drizzle(c.env.DB);
    await db.batch([
      db.delete(webhooks).where(eq(webhooks.id, id)),
      db.delete(deliveries).where(eq(deliveries.webhook, id)),
    ]);
    await deleteBlobs(c.env.BLOBS, bodyFolder(id));
    await tellNews(c.env, c.get("actor").team, "webhooks");
    await note(c.env.DB, c.get("actor"), "webhook.remove", id);
    return c.body(null, 204);
  })
  .post("/:id/rotate", requireRole("admin"), ById, validate("json", RotateSecret), async (c) => {
    const row = await found(c);
    const now = Date.now();
    const secret = newWebhookSecret();
    const before = webhookOf(row);
    const previous_until = now + c.req.valid("json").overlap_ms;
    const webhook: Webhook = { ...before, previous_until, changed_at: now, version: before.version + 1 };
    const sealed_secret = await sealSecret(c.env, row.id, row.team, secret);
    const secrets = { sealed_secret, sealed_previous: row.sealed_secret };
    if (!(await saveWebhook(c.env, webhook, secrets))) throw changedMeanwhile();
    await tellNews(c.env, row.team, "webhooks");
    await note(c.env.DB, c.get("actor"), "webhook.rotate", row.id);
    return c.json({ webhook, secret } satisfies WebhookWithSecret);
  })
  .get("/:id/deliveries", requireRole("viewer"), ById, validate("query", LogQuery), async (c) => {
    const { cursor: before, limit } = c.req.valid("query");
    const items = await listDeliveries(c.env, (await found(c)).id, { before, limit });
    return c.json({ items, next_cursor: items.length < limit ? null : (items.at(-1)?.id ?? null) });
  })
  .get("/:id/deliveries/:delivery", requireRole("viewer"), ByDelivery, async (c) => {
    const delivery = await foundDelivery(c, c.req.valid("param").delivery);
    return c.json({ delivery, payload: (await readPayload(c.env, delivery)) ?? null });
  })
  /** Starts the work of a delivery once more, by the webhook as it is now. */
  .post("/:id/deliveries/:delivery/redeliver", requireRole("operator"), ByDelivery, async (c) => {
    const row = await found(c);
    const before = await foundDelivery(c, c.req.valid("param").delivery);
    const payload = await readPayload(c.env, before);
    if (payload === undefined)
      throw new Problem(409, "not_kept", "What this delivery brought is not kept any more.");
    const now = Date.now();
    const id = newId("dlv", now);
    const fresh: Delivery = {
      ...before,
      id,
      delivery: `${before.delivery} again ${id}`,
      status: "received",
      work: null,
      reason: null,
      again_of: before.id,
      received_at: now,
    };
    await c.env.BLOBS.put(bodyKey(row.id, id), JSON.stringify(payload));
    await addDelivery(c.env, fresh);
    await note(c.env.DB, c.get("actor"), "webhook.redeliver", row.id, before.id);
    return c.json(await startDelivery(c.env, webhookOf(row), fresh, payload), 202);
  });

async function found(c: Context<App>): Promise<WebhookRow> {
  const row = await readWebhook(c.env, c.req.param("id") ?? "", c.get("actor").team);
  if (row === null) throw new Problem(404, "not_found", "There is no such webhook (any more).");
  return row;
}

async function foundDelivery(c: Context<App>, id: string): Promise<Delivery> {
  const delivery = await readDelivery(c.env, (await found(c)).id, id);
  if (delivery === null) throw new Problem(404, "not_found", "There is no such delivery (any more).");
  return delivery;
}

async function refuseUnreadable(
  c: Context<App>,
  webhook: Pick<Webhook, "work" | "condition">,
): Promise<void> {
  const problem = problemOf(webhook);
  if (problem !== null) throw new Problem(400, "invalid", problem);
  // Where something is filled in, a delivery shows whether it fits.
  if (JSON.stringify(webhook.work).includes("{{")) return;
  const misfit = await problemOfArgs(c.env, c.get("actor").team, webhook.work);
  if (misfit !== null) throw new Problem(400, "invalid_args", misfit);
}

function secretsOf({ sealed_secret, sealed_previous }: WebhookRow) {
  return { sealed_secret, sealed_previous };
}

function changedMeanwhile(): Problem {
  return new Problem(409, "changed", "Somebody has changed this webhook. Look at it again.");
}
