import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { logError } from "../../durable-objects/shared/logError.ts";
import { defaultModels, modelProviders } from "../db/schema.ts";
import { ModelError } from "./ModelError.ts";
import type { ConfiguredProvider, ModelConfig, ModelEnv } from "./modelEnv.ts";
import { openKey } from "./sealKey.ts";

/** What the settings of models are read from. */
export type SettingsEnv = ModelEnv & { DB: D1Database; SETTINGS_SECRET?: string };

export type StoredProvider = typeof modelProviders.$inferSelect;

/** What administrators have set, as it is stored. */
export async function readModelSettings(
  d1: D1Database,
  team: string,
): Promise<{ providers: StoredProvider[]; defaultModel: string | null }> {
  const db = drizzle(d1);
  const [providers, chosen] = await db.batch([
    db.select().from(modelProviders).where(eq(modelProviders.team, team)).orderBy(modelProviders.id),
    db.select().from(defaultModels).where(eq(defaultModels.team, team)),
  ]);
  return { providers, defaultModel: chosen[0]?.model ?? null };
}

/**
 * The environment with a team's settings, as they are now: nothing is kept between two readings. Of the keys, only that
 * of the provider of `model` is opened.
 */
export async function readModelConfig(
  env: SettingsEnv,
  team: string,
  model: string | null,
): Promise<ModelConfig> {
  const { providers, defaultModel } = await readModelSettings(env.DB, team).catch((error: unknown) => {
    logError("settings of models not read", error);
    throw new ModelError("unavailable", "The settings of models cannot be read just now.");
  });
  const wanted = model === null ? null : model.slice(0, model.indexOf("/"));
  const configured = providers.map(async (stored): Promise<ConfiguredProvider> => {
    const { id, kind, base_url, models, sealed_key } = stored;
    const unopened = sealed_key === null ? undefined : "";
    return {
      id,
      kind,
      baseURL: base_url ?? undefined,
      models: models === "" ? undefined : models,
      apiKey: id === wanted ? ((await openStoredKey(env, stored)) ?? unopened) : unopened,
    };
  });
  return { ...env, settings: { providers: await Promise.all(configured), defaultModel } };
}

/** The key of a stored provider; null when there is none, or it cannot be read any more. */
export async function openStoredKey(env: SettingsEnv, stored: StoredProvider): Promise<string | null> {
  const secret = env.SETTINGS_SECRET;
  if (stored.sealed_key === null || !secret) return null;
  return openKey(secret, keyOwner(stored), stored.sealed_key);
}

/** Whom the key of a stored provider was sealed for. */
export function keyOwner({
  team,
  id,
  kind,
  base_url,
}: Pick<StoredProvider, "team" | "id" | "kind" | "base_url">) {
  return { team, provider: id, kind, baseURL: base_url };
}
