import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Hono, type Context } from "hono";
import * as z from "zod";
import {
  ModelProviderId,
  PutDefaultModel,
  PutModelProvider,
  TestModelProvider,
  type ModelKey,
  type ModelProvider,
  type ModelSettings,
  type ModelTest,
} from "../../protocol/modelSettings.ts";
import { requireRole } from "../auth/requireRole.ts";
import { note } from "../db/audit.ts";
import { defaultModels, modelProviders } from "../db/schema.ts";
import type { App } from "../env.ts";
import { listModels } from "../models/listModels.ts";
import type { ConfiguredProvider } from "../models/modelEnv.ts";
import { environmentProviders } from "../models/providers.ts";
import {
  keyOwner,
  openStoredKey,
  readModelConfig,
  readModelSettings,
  type StoredProvider,
} from "../models/readModelConfig.ts";
import { sealKey } from "../models/sealKey.ts";
import { testModel } from "../models/testModel.ts";
import { Problem } from "../problem.ts";
import { validate } from "../validate.ts";

const ById = validate("param", z.object({ id: ModelProviderId }));
const MOST_PROVIDERS = 30;
const TAIL_CHARACTERS = 4;
/** Of a shorter key, its end would tell too much. */
const SHORTEST_WITH_TAIL = 20;

/** `/api/settings/models`: the providers of models, for administrators. Keys go in and never come out. */
export const modelSettingsRoutes = new Hono<App>()
  .use(requireRole("admin"))
  .get("/", async (c) => c.json(await describe(c)))
  .put("/providers/:id", ById, validate("json", PutModelProvider), async (c) => {
    const { id } = c.req.valid("param");
    const wish = c.req.valid("json");
    const actor = c.get("actor");
    refuseFixed(c, id);
    refuseWrongKind(c, id, wish);
    const { providers } = await readModelSettings(c.env.DB, actor.team);
    const before = providers.find((stored) => stored.id === id);
    if (before === undefined && providers.length >= MOST_PROVIDERS)
      throw new Problem(409, "too_many", `There are at most ${MOST_PROVIDERS} providers.`);
    const place = { team: actor.team, id, kind: wish.kind, base_url: wish.base_url };
    const key = await keyFor(c, place, wish, before);
    const row = { ...place, ...key, models: wish.models, updated_at: Date.now(), updated_by: actor.id };
    await drizzle(c.env.DB)
      .insert(modelProviders)
      .values(row)
      .onConflictDoUpdate({ target: [modelProviders.team, modelProviders.id], set: row });
    const what = wish.key === undefined ? "key kept" : wish.key === null ? "no key" : "new key";
    await note(c.env.DB, actor, "model_provider.set", id, [wish.kind, wish.base_url, what].join(" "));
    return c.json(await describe(c));
  })
  .delete("/providers/:id", ById, async (c) => {
    const { id } = c.req.valid("param");
    const { team } = c.get("actor");
    const gone = await drizzle(c.env.DB)
      .delete(modelProviders)
      .where(and(eq(modelProviders.team, team), eq(modelProviders.id, id)))
      .returning({ id: modelProviders.id });
    if (gone.length === 0) throw new Problem(404, "not_found", "No such provider is set here.");
    await note(c.env.DB, c.get("actor"), "model_provider.remove", id);
    return c.json(await describe(c));
  })
  .post("/providers/:id/test", ById, validate("json", TestModelProvider), async (c) => {
    const { id } = c.req.valid("param");
    const { model } = c.req.valid("json");
    const config = await readModelConfig(c.env, c.get("actor").team, `${id}/`);
    const first = listModels(config).find((each) => each.provider === id);
    const wanted = model ?? first?.id ?? null;
    if (wanted === null || !wanted.startsWith(`${id}/`))
      return c.json<ModelTest>({ ok: false, model: null, message: "This provider lists no such model." });
    return c.json<ModelTest>(await testModel(config, wanted));
  })
  .put("/default", validate("json", PutDefaultModel), async (c) => {
    const { model } = c.req.valid("json");
    const { team } = c.get("actor");
    const db = drizzle(c.env.DB);
    if (model === null) await db.delete(defaultModels).where(eq(defaultModels.team, team));
    else {
      const models = listModels(await readModelConfig(c.env, team, null));
      if (!models.some(({ id }) => id === model))
        throw new Problem(400, "invalid", "There is no such model among those that are configured.");
      await db
        .insert(defaultModels)
        .values({ team, model })
        .onConflictDoUpdate({ target: defaultModels.team, set: { model } });
    }
    await note(c.env.DB, c.get("actor"), "default_model.set", model ?? "");
    return c.json(await describe(c));
  });

/** Everything that is configured, without any key. */
async function describe(c: Context<App>): Promise<ModelSettings> {
  const { providers, defaultModel } = await readModelSettings(c.env.DB, c.get("actor").team);
  const fixed = environmentProviders(c.env);
  const own = providers.map(async (stored): Promise<ModelProvider> => {
    const { id, kind, base_url, models, updated_at, updated_by } = stored;
    const overridden = fixed.some((other) => other.id === id);
    const key = await keyState(c, stored);
    return { id, kind, source: "settings", overridden, base_url, models, key, updated_at, updated_by };
  });
  const named = c.env.SIGNALBOX_MODEL?.trim();
  return {
    providers: [...fixed.map(fromEnvironment), ...(await Promise.all(own))],
    default_model: named
      ? { id: named, source: "environment" }
      : defaultModel === null
        ? null
        : { id: defaultModel, source: "settings" },
    keeps_keys: Boolean(c.env.SETTINGS_SECRET),
    workers_ai: c.env.AI !== undefined,
  };
}

/** Of a key in the environment nothing is told, not even its end: it is not this page's to tell. */
function fromEnvironment({ id, kind, baseURL, models, apiKey }: ConfiguredProvider): ModelProvider {
  return {
    id,
    kind,
    source: "environment",
    overridden: false,
    base_url: baseURL === undefined ? null : withoutUser(baseURL),
    models: models ?? "",
    key: apiKey === undefined ? { state: "none" } : { state: "set", tail: null },
    updated_at: null,
    updated_by: null,
  };
}

/** An address in the environment may be anything, a password in it included. */
function withoutUser(address: string): string {
  if (!URL.canParse(address)) return "(not an address)";
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}`.replace(/\/+$/, "");
}

async function keyState(c: Context<App>, stored: StoredProvider): Promise<ModelKey> {
  if (stored.sealed_key === null) return { state: "none" };
  const readable = (await openStoredKey(c.env, stored)) !== null;
  return readable ? { state: "set", tail: stored.key_tail } : { state: "unreadable" };
}

type SealedKey = Pick<StoredProvider, "sealed_key" | "key_tail">;

/** What is stored as the key: a new one sealed, none, or the one before, which never follows to another address. */
async function keyFor(
  c: Context<App>,
  place: Pick<StoredProvider, "team" | "id" | "kind" | "base_url">,
  { key }: PutModelProvider,
  before: StoredProvider | undefined,
): Promise<SealedKey> {
  if (key === undefined && before !== undefined && before.sealed_key !== null) {
    if (before.base_url !== place.base_url || before.kind !== place.kind)
      throw new Problem(
        400,
        "key_needed",
        "The address changed, and a key belongs to its address: give the key again.",
      );
    return { sealed_key: before.sealed_key, key_tail: before.key_tail };
  }
  if (key === undefined || key === null) {
    if (NEEDS_KEY.has(place.kind)) throw new Problem(400, "key_needed", "This provider needs a key.");
    return { sealed_key: null, key_tail: null };
  }
  const secret = c.env.SETTINGS_SECRET;
  if (!secret)
    throw new Problem(
      409,
      "no_secret",
      "This deployment has no secret to keep keys with. Set SETTINGS_SECRET, or give the key in the environment.",
    );
  return {
    sealed_key: await sealKey(secret, keyOwner(place), key),
    key_tail: key.length >= SHORTEST_WITH_TAIL ? key.slice(-TAIL_CHARACTERS) : null,
  };
}

const NEEDS_KEY = new Set<string>(["anthropic", "openai", "deepseek"]);

/** What the environment configures is changed there. */
function refuseFixed(c: Context<App>, id: string): void {
  if (environmentProviders(c.env).some((provider) => provider.id === id))
    throw new Problem(
      409,
      "set_by_environment",
      `${id} is configured by the environment of this deployment, and changed there.`,
    );
}

/** A name tells the kind, except of compatible servers, which may be several. */
function refuseWrongKind(
  c: Context<App>,
  id: string,
  { kind, base_url, models, key }: PutModelProvider,
): void {
  const reserved = NEEDS_KEY.has(id) || id === "workers-ai";
  if (kind === "compatible" ? reserved : id !== kind)
    throw new Problem(400, "invalid", `A provider of the kind ${kind} cannot be called ${id}.`);
  if (kind === "compatible" && (base_url === null || models === ""))
    throw new Problem(400, "invalid", "A compatible server needs its address and at least one model.");
  if (kind !== "workers-ai") return;
  if (c.env.AI === undefined)
    throw new Problem(409, "no_binding", "This deployment is not bound to Workers AI.");
  if (base_url !== null || (key !== undefined && key !== null))
    throw new Problem(400, "invalid", "Workers AI has no address and no key: the deployment is bound to it.");
}
