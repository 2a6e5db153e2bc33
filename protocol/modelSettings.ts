import * as z from "zod";

/** What a provider of models speaks. There can be several compatible servers, and one of each other kind. */
export const ModelProviderKind = z.enum(["anthropic", "openai", "deepseek", "compatible", "workers-ai"]);
export type ModelProviderKind = z.infer<typeof ModelProviderKind>;

/** Names a provider: the first part of its models' ids. */
export const ModelProviderId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "a name is at most 32 small letters, digits and hyphens")
  .refine((id) => id !== "offline", "offline is the name of the built-in model");

/** Where a provider's server is. The key goes there and nowhere else, so there is nothing else in it. */
const BaseUrl = z
  .string()
  .trim()
  .max(500)
  .refine(isPlainAddress, "an address is http:// or https://, without a user, a query or a fragment")
  .transform((text) => text.replace(/\/+$/, ""));

function isPlainAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === "");
}

/** `PUT /api/settings/models/providers/:id`. */
export const PutModelProvider = z.object({
  kind: ModelProviderKind,
  /** Null: the provider's own; a compatible server has none. */
  base_url: BaseUrl.nullable().default(null),
  /** A list of models as in the environment (`qwen3:8b:32k+images,gpt-oss:20b+reasoning`); empty: the usual ones. */
  models: z.string().trim().max(4000).default(""),
  /** A new key; null takes it away; not given keeps the one that is there, as long as the address stays. */
  key: z
    .string()
    .trim()
    .min(1)
    .max(1000)
    .regex(/^[\x21-\x7e]+$/, "a key has no spaces and only plain characters")
    .nullable()
    .optional(),
});
export type PutModelProvider = z.infer<typeof PutModelProvider>;

/** How a key stands. It is never told itself; `tail` is its end, when it is long enough to keep the rest secret. */
export const ModelKey = z.discriminatedUnion("state", [
  z.object({ state: z.literal("none") }),
  z.object({ state: z.literal("set"), tail: z.string().nullable() }),
  /** It was kept with another secret of the deployment, and has to be given again. */
  z.object({ state: z.literal("unreadable") }),
]);
export type ModelKey = z.infer<typeof ModelKey>;

export const ModelProvider = z.object({
  id: z.string(),
  kind: ModelProviderKind,
  /** The environment wins: what it configures is changed there alone. */
  source: z.enum(["environment", "settings"]),
  /** Set here, and without effect while the environment configures the same provider. */
  overridden: z.boolean(),
  base_url: z.string().nullable(),
  models: z.string(),
  key: ModelKey,
  updated_at: z.number().nullable(),
  updated_by: z.string().nullable(),
});
export type ModelProvider = z.infer<typeof ModelProvider>;

/** `GET /api/settings/models`, for administrators. */
export const ModelSettings = z.object({
  providers: z.array(ModelProvider),
  /** The model that a new chat begins with, and who says so. Null: the first of the list. */
  default_model: z.object({ id: z.string(), source: z.enum(["environment", "settings"]) }).nullable(),
  /** Whether keys can be kept: the deployment has a secret to encrypt them with. */
  keeps_keys: z.boolean(),
  /** Whether the deployment is bound to Workers AI. */
  workers_ai: z.boolean(),
});
export type ModelSettings = z.infer<typeof ModelSettings>;

/** `PUT /api/settings/models/default`; null goes back to the first of the list. */
export const PutDefaultModel = z.object({ model: z.string().min(1).max(200).nullable() });

/** `POST /api/settings/models/providers/:id/test`: the model to say hello to; the provider's first when none is named. */
export const TestModelProvider = z.object({ model: z.string().min(1).max(200).optional() });

/** What came of it: what the model said, or why it said nothing, in words. */
export const ModelTest = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), model: z.string(), text: z.string() }),
  z.object({ ok: z.literal(false), model: z.string().nullable(), message: z.string() }),
]);
export type ModelTest = z.infer<typeof ModelTest>;
