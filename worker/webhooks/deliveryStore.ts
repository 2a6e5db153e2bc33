import { and, count, desc, eq, gt, inArray, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { newId } from "../../protocol/ids.ts";
import { type Delivery, KEEP_DELIVERIES_MS } from "../../protocol/webhooks.ts";
import { deliveries, webhooks } from "../db/schema.ts";

/** Old deliveries that a new one takes with it. */
const FORGOTTEN_AT_ONCE = 20;
const LEFT_AT_ONCE = 100;

/** Stores a delivery, unless its sender's id is known; the one that is known then. */
export async function addDelivery(env: Env, delivery: Delivery): Promise<Delivery | null> {
  const { id, webhook, delivery: given } = delivery;
  const added = await drizzle(env.DB)
    .insert(deliveries)
    .values({ id, webhook, delivery: given, json: JSON.stringify(delivery) })
    .onConflictDoNothing()
    .returning({ id: deliveries.id });
  return added.length > 0 ? null : findDelivery(env, webhook, given);
}

/** The delivery that has its sender's id. */
export async function findDelivery(env: Env, webhook: string, delivery: string): Promise<Delivery | null> {
  const row = await drizzle(env.DB)
    .select()
    .from(deliveries)
    .where(and(eq(deliveries.webhook, webhook), eq(deliveries.delivery, delivery)))
    .get();
  return row === undefined ? null : read(row);
}

/** Notes what became of a delivery. */
export async function endDelivery(env: Env, delivery: Delivery): Promise<void> {
  await drizzle(env.DB)
    .update(deliveries)
    .set({ json: JSON.stringify(delivery) })
    .where(and(eq(deliveries.webhook, delivery.webhook), eq(deliveries.delivery, delivery.delivery)));
}

/** Some of a team's deliveries since a time that were stored and neither begun nor refused. */
export async function listUnended(env: Env, team: string, since: number): Promise<Delivery[]> {
  const rows = await drizzle(env.DB)
    .select({ json: deliveries.json })
    .from(deliveries)
    .innerJoin(webhooks, eq(webhooks.id, deliveries.webhook))
    .where(
      and(
        eq(webhooks.team, team),
        gt(deliveries.id, newId("dlv", since)),
        sql`json_extract(${deliveries.json}, '$.status') = 'received'`,
      ),
    )
    .limit(LEFT_AT_ONCE);
  return rows.map(read);
}

/** A webhook's deliveries, newest first, before one. */
export async function listDeliveries(
  env: Env,
  webhook: string,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<Delivery[]> {
  const older = before === undefined ? undefined : lt(deliveries.id, before);
  const rows = await drizzle(env.DB)
    .select()
    .from(deliveries)
    .where(and(eq(deliveries.webhook, webhook), older))
    .orderBy(desc(deliveries.id))
    .limit(limit);
  return rows.map(read);
}

/** One of a webhook's deliveries by our id. */
export async function readDelivery(env: Env, webhook: string, id: string): Promise<Delivery | null> {
  const row = await drizzle(env.DB)
    .select()
    .from(deliveries)
    .where(and(eq(deliveries.webhook, webhook), eq(deliveries.id, id)))
    .get();
  return row === undefined ? null : read(row);
}

/** How many a webhook has taken since a time. */
export async function countDeliveries(env: Env, webhook: string, since: number): Promise<number> {
  const recent = and(eq(deliveries.webhook, webhook), gt(deliveries.id, newId("dlv", since)));
  const row = await drizzle(env.DB).select({ n: count() }).from(deliveries).where(recent).get();
  return row?.n ?? 0;
}

/** Forgets some of what is older than is kept, with its bodies. */
export async function forgetOld(env: Env, webhook: string, now: number): Promise<void> {
  const db = drizzle(env.DB);
  const old = await db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(and(eq(deliveries.webhook, webhook), lt(deliveries.id, newId("dlv", now - KEEP_DELIVERIES_MS))))
    .limit(FORGOTTEN_AT_ONCE);
  if (old.length === 0) return;
  const ids = old.map(({ id }) => id);
  await env.BLOBS.delete(ids.map((id) => bodyKey(webhook, id)));
  await db.delete(deliveries).where(and(eq(deliveries.webhook, webhook), inArray(deliveries.id, ids)));
}

/** The folder of a webhook's bodies, and the key of one. */
export function bodyFolder(webhook: string): string {
  return `deliveries/${webhook}/`;
}

export function bodyKey(webhook: string, id: string): string {
  return `${bodyFolder(webhook)}${id}`;
}

function read({ json }: { json: string }): Delivery {
  return JSON.parse(json); // written by this file alone
}
