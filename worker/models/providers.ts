import type { Model } from "../../protocol/api.ts";
import type { ModelProviderKind } from "../../protocol/modelSettings.ts";
import type { AiBinding, ConfiguredProvider, ModelConfig, ModelEnv } from "./modelEnv.ts";
import { parseModelList } from "./parseModelList.ts";
import { takesImages } from "./takesImages.ts";
import type { ListedModel } from "./parseModelList.ts";

/** How the models of a provider are reached. Holds secrets: never part of a list, an answer or an error. */
export type Connection =
  | { kind: "chat"; flavour: "plain" | "deepseek"; baseURL: string; apiKey: string | undefined }
  | { kind: "responses"; baseURL: string; apiKey: string }
  | { kind: "anthropic"; baseURL: string; apiKey: string }
  | { kind: "workers-ai"; binding: AiBinding }
  | { kind: "offline" };

export type Provider = { id: string; connection: Connection; models: Model[] };

const OFFLINE: Provider = {
  id: "offline",
  connection: { kind: "offline" },
  models: [
    {
      id: "offline/builtin",
      provider: "offline",
      name: "Offline (built in)",
      context: 64_000,
      images: false,
      reasoning: false,
      default: false,
    },
  ],
};

/** What a window is taken for when nobody says it: small enough that a conversation is shortened in time. */
export const CAREFUL_CONTEXT = 32_000;

type Kind = {
  /** What is taken when nothing else is said. */
  models: string;
  about(model: ListedModel): Partial<Model>;
  /** Null: not reachable as it is configured. */
  connect(provider: ConfiguredProvider, env: ModelEnv): Connection | null;
};

const KINDS: Record<ModelProviderKind, Kind> = {
  compatible: {
    models: "",
    about: () => ({}),
    connect: ({ baseURL, apiKey }) =>
      baseURL === undefined ? null : { kind: "chat", flavour: "plain", baseURL, apiKey },
  },
  openai: {
    models: "gpt-5.5,gpt-5-mini",
    about: ({ name, reasoning }) => ({
      context: 256_000,
      images: true,
      reasoning: reasoning || /^(?:o\d|gpt-(?:[5-9]|\d\d))/.test(name),
    }),
    connect: ({ baseURL = "https://api.openai.com/v1", apiKey }) =>
      apiKey === undefined ? null : { kind: "responses", baseURL, apiKey },
  },
  deepseek: {
    models: "deepseek-flash:1M+images,deepseek-v4-pro:1M",
    about: () => ({ context: 128_000, reasoning: true }),
    connect: ({ baseURL = "https://api.deepseek.com", apiKey }) =>
      apiKey === undefined ? null : { kind: "chat", flavour: "deepseek", baseURL, apiKey },
  },
  anthropic: {
    models: "claude-opus-5-5,claude-sonnet-5-5,claude-haiku-5-5",
    about: () => ({ context: 200_000, images: true, reasoning: true }),
    connect: ({ baseURL = "https://api.anthropic.com", apiKey }) =>
      apiKey === undefined ? null : { kind: "anthropic", baseURL: withVersion(baseURL), apiKey },
  },
  "workers-ai": {
    models: "@cf/openai/gpt-oss-120b:128k+reasoning",
    about: () => ({}),
    connect: (_provider, { AI }) => (AI === undefined ? null : { kind: "workers-ai", binding: AI }),
  },
};

/** Every provider that is configured and can be reached, the offline one last. */
export function providers(config: ModelConfig): Provider[] {
  const fixed = environmentProviders(config);
  const free = (config.settings?.providers ?? []).filter(({ id }) => !fixed.some((other) => other.id === id));
  const all = [...fixed, ...free];
  // The binding is enough for the usual models; settings may name others.
  if (config.AI !== undefined && !all.some(({ kind }) => kind === "workers-ai"))
    all.push({ id: "workers-ai", kind: "workers-ai", ...NOTHING_SAID });
  const found = all.flatMap((provider): Provider[] => {
    const kind = KINDS[provider.kind];
    const connection = kind.connect(provider, config);
    const models = modelsOf(provider);
    return connection === null || models.length === 0 ? [] : [{ id: provider.id, connection, models }];
  });
  return [...found, OFFLINE];
}

/** The models that a provider lists. */
function modelsOf({ id, kind, models }: ConfiguredProvider): Model[] {
  const { models: usual, about } = KINDS[kind];
  return parseModelList(models ?? usual).map((listed) => ({
    id: `${id}/${listed.name}`,
    provider: id,
    name: listed.name,
    context: CAREFUL_CONTEXT,
    images: takesImages(listed.name),
    reasoning: listed.reasoning,
    default: false,
    ...about(listed),
    ...(listed.images === null ? {} : { images: listed.images }),
    ...(listed.context === null ? {} : { context: listed.context }),
  }));
}

const NOTHING_SAID = { baseURL: undefined, models: undefined, apiKey: undefined };

/** The providers that the environment configures: a key is enough for most, a compatible server needs address and models. */
export function environmentProviders(env: ModelEnv): ConfiguredProvider[] {
  const all: ConfiguredProvider[] = [
    {
      id: "compatible",
      kind: "compatible",
      baseURL: said(env.OPENAI_COMPATIBLE_BASE_URL),
      models: said(env.OPENAI_COMPATIBLE_MODELS),
      apiKey: said(env.OPENAI_COMPATIBLE_API_KEY),
    },
    {
      id: "openai",
      kind: "openai",
      baseURL: said(env.OPENAI_BASE_URL),
      models: said(env.OPENAI_MODELS),
      apiKey: said(env.OPENAI_API_KEY),
    },
    {
      id: "deepseek",
      kind: "deepseek",
      baseURL: said(env.DEEPSEEK_BASE_URL),
      models: said(env.DEEPSEEK_MODELS),
      apiKey: said(env.DEEPSEEK_API_KEY),
    },
    {
      id: "anthropic",
      kind: "anthropic",
      baseURL: said(env.ANTHROPIC_BASE_URL),
      models: said(env.ANTHROPIC_MODELS),
      apiKey: said(env.ANTHROPIC_API_KEY),
    },
    { id: "workers-ai", kind: "workers-ai", ...NOTHING_SAID, models: said(env.WORKERS_AI_MODELS) },
  ];
  return all.filter(({ kind, baseURL, models, apiKey }) => {
    if (kind === "compatible") return baseURL !== undefined && models !== undefined;
    return kind === "workers-ai" ? env.AI !== undefined && models !== undefined : apiKey !== undefined;
  });
}

/** The value, unless it is empty: an unset variable is often passed on as an empty one. */
function said(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}

function withVersion(baseURL: string): string {
  const bare = baseURL.replace(/\/+$/, "");
  return /\/v\d+$/.test(bare) ? bare : `${bare}/v1`;
}
