import { and, desc, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import type { Webhook } from "../../protocol/webhooks.ts";
import { webhooks } from "../db/schema.ts";
import { openKey, sealKey } from "../models/sealKey.ts";
import { Problem } from "../problem.ts";

/** A webhook and its secrets, as they are stored. */
export type WebhookRow = typeof webhooks.$inferSelect;

/** A team's webhooks, newest first. */
export async function listWebhooks(env: Env, team: string): Promise<Webhook[]> {
  const rows = await drizzle(env.DB)
    .select()
    .from(webhooks)
    .where(eq(webhooks.team, team))
    .orderBy(desc(webhooks.id));
  return rows.map(webhookOf);
}

/** The row of a webhook; of any team when none is named. */
export async function readWebhook(env: Env, id: string, team?: string): Promise<WebhookRow | null> {
  const mine = and(eq(webhooks.id, id), team === undefined ? undefined : eq(webhooks.team, team));
  return (await drizzle(env.DB).select().from(webhooks).where(mine).get()) ?? null;
}

/** Stores a webhook whose version is the next after the stored one; false when somebody else was faster. */
export async function saveWebhook(
  env: Env,
  webhook: Webhook,
  secrets: Pick<WebhookRow, "sealed_secret" | "sealed_previous">,
): Promise<boolean> {
  const { id, team, version, previous_until } = webhook;
  const row = { id, team, version, previous_until, ...secrets, json: JSON.stringify(webhook) };
  const db = drizzle(env.DB);
  const saved =
    version === 1
      ? await db.insert(webhooks).values(row).onConflictDoNothing().returning({ id: webhooks.id })
      : await db
          .update(webhooks)
          .set(row)
          .where(and(eq(webhooks.id, id), eq(webhooks.version, version - 1)))
          .returning({ id: webhooks.id });
  return saved.length > 0;
}

export function webhookOf({ json }: WebhookRow): Webhook {
  return JSON.parse(json); // written by saveWebhook alone
}

/** A new secret: 32 random bytes as Standard Webhooks writes them. */
export function newWebhookSecret(): string {
  return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
}

/** Encrypts a secret for its webhook. */
export async function sealSecret(env: Env, id: string, team: string, secret: string): Promise<string> {
  return sealKey(keeper(env), ownerOf(id, team), secret);
}

/** The secrets that are valid now. */
export async function openSecrets(env: Env, row: WebhookRow, now: number): Promise<string[]> {
  const previous = row.previous_until !== null && row.previous_until > now ? row.sealed_previous : null;
  const sealed = [row.sealed_secret, previous].filter((each) => each !== null);
  const opened = sealed.map((each) => openKey(keeper(env), ownerOf(row.id, row.team), each));
  return (await Promise.all(opened)).filter((each) => each !== null);
}

function ownerOf(id: string, team: string) {
  return { team, provider: id, kind: "webhook", baseURL: null };
}

function keeper(env: Env): string {
  if (env.SETTINGS_SECRET) return env.SETTINGS_SECRET;
  throw new Problem(
    409,
    "no_settings_secret",
    "This deployment has no secret to keep secrets with. Set SETTINGS_SECRET.",
  );
}
