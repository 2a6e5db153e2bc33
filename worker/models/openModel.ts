import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModelV4, SharedV4ProviderOptions } from "@ai-sdk/provider";
import type { Model } from "../../protocol/api.ts";
import { ModelError } from "./ModelError.ts";
import { listModels } from "./listModels.ts";
import type { ModelConfig } from "./modelEnv.ts";
import { fetchWithoutRedirects } from "./fetchWithoutRedirects.ts";
import { createOfflineModel } from "./offlineModel.ts";
import { providers } from "./providers.ts";
import type { Connection } from "./providers.ts";
import { fetchFromBinding } from "./workersAi.ts";

export type Effort = "low" | "medium" | "high";

/** A model that can be called; spread it into the options of `callModel`. */
export type OpenedModel = {
  /** A `LanguageModel` of `ai`. */
  model: LanguageModelV4;
  info: Model;
  /** The effort that is sent: null when none was chosen or the model takes none. */
  effort: Effort | null;
  providerOptions: SharedV4ProviderOptions;
  /** Takes the provider's key out of a text. */
  clean: (text: string) => string;
};

/** Opens a model by its id; throws a {@link ModelError} `unknown_model` when it is not configured. */
export function openModel(config: ModelConfig, id: string, effort: Effort | null = null): OpenedModel {
  const models = listModels(config);
  const info = models.find((model) => model.id === id);
  const provider = providers(config).find((candidate) => candidate.id === info?.provider);
  if (info === undefined || provider === undefined) {
    const there = models.map((model) => model.id).join(", ");
    throw new ModelError("unknown_model", `The model ${id} is not configured here. There are: ${there}.`);
  }
  const { connection } = provider;
  const secret = "apiKey" in connection ? connection.apiKey : undefined;
  if (secret === "")
    throw new ModelError(
      "unauthorized",
      `The key of ${provider.id} cannot be read any more; an administrator has to set it again.`,
    );
  const clean = (text: string) => (secret === undefined ? text : text.replaceAll(secret, "[secret]"));
  const sent = info.reasoning ? effort : null;
  return {
    model: connect(connection, info.provider, info.name, clean),
    info,
    effort: sent,
    providerOptions: optionsOf(connection, sent),
    clean,
  };
}

function connect(
  connection: Connection,
  provider: string,
  name: string,
  clean: (text: string) => string,
): LanguageModelV4 {
  if (connection.kind === "offline") return createOfflineModel();
  if (connection.kind === "anthropic") {
    const { baseURL, apiKey } = connection;
    return createAnthropic({ baseURL: checked(baseURL, provider), apiKey, fetch: fetchWithoutRedirects })(
      name,
    );
  }
  if (connection.kind === "responses") {
    const { baseURL, apiKey } = connection;
    const settings = { baseURL: checked(baseURL, provider), apiKey, fetch: fetchWithoutRedirects };
    return createOpenAI(settings).responses(name);
  }
  if (connection.kind === "workers-ai") {
    // The address is never asked: the binding answers.
    const settings = { name: provider, baseURL: "https://workers-ai.invalid", includeUsage: true };
    return createOpenAICompatible({ ...settings, fetch: fetchFromBinding(connection.binding, clean) })(name);
  }
  const { apiKey, baseURL, flavour } = connection;
  return createOpenAICompatible({
    name: provider,
    baseURL: checked(baseURL, provider),
    ...(apiKey === undefined ? {} : { apiKey }),
    includeUsage: true,
    fetch: fetchWithoutRedirects,
    ...(flavour === "deepseek"
      ? { convertUsage: usageOfDeepSeek, transformRequestBody: withReasoningBack }
      : {}),
  })(name);
}

/**
 * Anthropic caches a prompt only when it is asked to. OpenAI keeps a conversation unless it is asked not to: then its
 * reasoning comes encrypted, and goes back with the next step. Its summary is asked for only with an effort, since
 * OpenAI tells it to verified organizations alone.
 */
function optionsOf(connection: Connection, effort: Effort | null): SharedV4ProviderOptions {
  if (connection.kind === "anthropic") return { anthropic: { cacheControl: { type: "ephemeral" } } };
  if (connection.kind !== "responses") return {};
  return { openai: { store: false, ...(effort === null ? {} : { reasoningSummary: "auto" }) } };
}

function checked(baseURL: string, provider: string): string {
  if (URL.canParse(baseURL) && /^https?:/.test(baseURL)) return baseURL;
  throw new ModelError(
    "refused",
    `The address of ${provider} is not one (http:// or https://); an administrator has to set it.`,
  );
}

type ConvertUsage = NonNullable<Parameters<typeof createOpenAICompatible>[0]["convertUsage"]>;

/** DeepSeek tells cached tokens in fields of its own, and not always in OpenAI's. */
const usageOfDeepSeek: ConvertUsage = (usage) => {
  const hit = usage?.prompt_cache_hit_tokens;
  const cached = typeof hit === "number" ? hit : (usage?.prompt_tokens_details?.cached_tokens ?? 0);
  const input = usage?.prompt_tokens ?? undefined;
  const output = usage?.completion_tokens ?? undefined;
  const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
  return {
    inputTokens: {
      total: input,
      noCache: input === undefined ? undefined : input - cached,
      cacheRead: cached,
      cacheWrite: undefined,
    },
    outputTokens: {
      total: output,
      text: output === undefined ? undefined : output - reasoning,
      reasoning,
    },
  };
};

/**
 * DeepSeek wants its reasoning back in every answer of a conversation with tools, and refuses the request otherwise;
 * answers that another model gave have none.
 */
function withReasoningBack(body: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(body.messages)) return body;
  const messages = body.messages.map((message: Record<string, unknown>) =>
    message.role === "assistant" && message.reasoning_content === undefined
      ? { ...message, reasoning_content: "" }
      : message,
  );
  return { ...body, messages };
}
