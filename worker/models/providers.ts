import type { Model } from "../../protocol/api.ts";
import type { AiBinding, ModelEnv } from "./modelEnv.ts";
import { parseModelList } from "./parseModelList.ts";
import type { ListedModel } from "./parseModelList.ts";

/** How the models of a provider are reached. Holds secrets: never part of a list, an answer or an error. */
export type Connection =
  | { kind: "chat"; flavour: "plain" | "openai" | "deepseek"; baseURL: string; apiKey: string | undefined }
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
const CAREFUL_CONTEXT = 32_000;

/** Every provider that the environment configures, the offline one last. */
export function providers(env: ModelEnv): Provider[] {
  const found: Provider[] = [];
  const add = (
    id: string,
    connection: Connection,
    list: string,
    about: (model: ListedModel) => Partial<Model>,
  ) => {
    const models = parseModelList(list).map((listed) => ({
      id: `${id}/${listed.name}`,
      provider: id,
      name: listed.name,
      context: CAREFUL_CONTEXT,
      images: listed.images,
      reasoning: listed.reasoning,
      default: false,
      ...about(listed),
      ...(listed.context === null ? {} : { context: listed.context }),
    }));
    if (models.length > 0) found.push({ id, connection, models });
  };

  const compatible = said(env.OPENAI_COMPATIBLE_BASE_URL);
  if (compatible !== undefined) {
    const apiKey = said(env.OPENAI_COMPATIBLE_API_KEY);
    const connection: Connection = { kind: "chat", flavour: "plain", baseURL: compatible, apiKey };
    add("compatible", connection, said(env.OPENAI_COMPATIBLE_MODELS) ?? "", () => ({}));
  }
  const openaiKey = said(env.OPENAI_API_KEY);
  if (openaiKey !== undefined) {
    const baseURL = said(env.OPENAI_BASE_URL) ?? "https://api.openai.com/v1";
    const connection: Connection = { kind: "chat", flavour: "openai", baseURL, apiKey: openaiKey };
    add("openai", connection, said(env.OPENAI_MODELS) ?? "gpt-5.5,gpt-5-mini", ({ name, reasoning }) => ({
      context: 256_000,
      images: true,
      reasoning: (reasoning || /^(?:o\d|gpt-5)/.test(name)) && !refusesEffortWithTools(name),
    }));
  }
  const deepseekKey = said(env.DEEPSEEK_API_KEY);
  if (deepseekKey !== undefined) {
    const baseURL = said(env.DEEPSEEK_BASE_URL) ?? "https://api.deepseek.com";
    const connection: Connection = { kind: "chat", flavour: "deepseek", baseURL, apiKey: deepseekKey };
    const list = said(env.DEEPSEEK_MODELS) ?? "deepseek-flash:1M+images,deepseek-v4-pro:1M";
    add("deepseek", connection, list, () => ({ context: 128_000, reasoning: true }));
  }
  const anthropicKey = said(env.ANTHROPIC_API_KEY);
  if (anthropicKey !== undefined) {
    const baseURL = withVersion(said(env.ANTHROPIC_BASE_URL) ?? "https://api.anthropic.com");
    const list = said(env.ANTHROPIC_MODELS) ?? "claude-opus-5-5,claude-sonnet-5-5,claude-haiku-5-5";
    const connection: Connection = { kind: "anthropic", baseURL, apiKey: anthropicKey };
    add("anthropic", connection, list, () => ({ context: 200_000, images: true, reasoning: true }));
  }
  if (env.AI !== undefined) {
    const list = said(env.WORKERS_AI_MODELS) ?? "@cf/openai/gpt-oss-120b:128k+reasoning";
    add("workers-ai", { kind: "workers-ai", binding: env.AI }, list, () => ({}));
  }
  return [...found, OFFLINE];
}

/**
 * OpenAI refuses a reasoning effort beside tools in Chat Completions since GPT-5.2, even its own default one: such a
 * request must say `none`.
 */
export function refusesEffortWithTools(model: string): boolean {
  return /^gpt-5\.(?:[2-9]|\d\d)/.test(model) || /^gpt-(?:[6-9]|\d\d)/.test(model);
}

/** The value, unless it is empty: an unset variable is often passed on as an empty one. */
function said(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}

function withVersion(baseURL: string): string {
  const bare = baseURL.replace(/\/+$/, "");
  return /\/v\d+$/.test(bare) ? bare : `${bare}/v1`;
}
