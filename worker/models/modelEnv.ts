import type { ModelProviderKind } from "../../protocol/modelSettings.ts";

/**
 * Workers AI's binding, as far as it is used here: with `returnRawResponse` it answers with the HTTP response.
 */
export type AiBinding = {
  run(
    model: string,
    input: Record<string, unknown>,
    options: { returnRawResponse: true; signal?: AbortSignal },
  ): Promise<unknown>;
};

/**
 * The environment that says which models there are. A provider is there when its key is (a compatible server: when its
 * address and models are); with none, only the built-in offline model is.
 *
 * A list of models is names with commas between them. Each may end in its context window in tokens (`:128k`, `:1M`,
 * `:65536`), `+images` when it takes images (`+noimages`: when it does
 * not, though its name says so) and `+reasoning` when it takes a reasoning effort:
 *
 *     OPENAI_COMPATIBLE_MODELS="qwen3-coder:30b:64k,gpt-oss:20b:128k+reasoning"
 *
 * Keys are secrets: they go to their provider's server and nowhere else.
 */
export interface ModelEnv {
  /** Any server of OpenAI's Chat Completions (Ollama, vLLM, a gateway); the address ends where `/chat/completions` begins. */
  OPENAI_COMPATIBLE_BASE_URL?: string;
  /** Not needed where the server wants none. */
  OPENAI_COMPATIBLE_API_KEY?: string;
  OPENAI_COMPATIBLE_MODELS?: string;

  OPENAI_API_KEY?: string;
  OPENAI_MODELS?: string;
  OPENAI_BASE_URL?: string;

  DEEPSEEK_API_KEY?: string;
  DEEPSEEK_MODELS?: string;
  DEEPSEEK_BASE_URL?: string;

  ANTHROPIC_API_KEY?: string;
  ANTHROPIC_MODELS?: string;
  /** With or without `/v1` at its end. */
  ANTHROPIC_BASE_URL?: string;

  /** Binding of Workers AI. */
  AI?: AiBinding;
  WORKERS_AI_MODELS?: string;

  /** Id of the model that a new chat begins with; the first of the list when it is not given. */
  SIGNALBOX_MODEL?: string;
}

/** A provider as it is configured, wherever that is; what is undefined is the usual. */
export type ConfiguredProvider = {
  id: string;
  kind: ModelProviderKind;
  baseURL: string | undefined;
  /** A list of models as above. */
  models: string | undefined;
  /** Empty: there is one, and it was not opened. */
  apiKey: string | undefined;
};

/** The environment, and what administrators have set beside it. The environment wins. */
export type ModelConfig = ModelEnv & {
  settings?: { providers: ConfiguredProvider[]; defaultModel: string | null };
};

/** Names of the variables above, for whatever hands the environment on to the edge. */
export const MODEL_VARIABLES = [
  "OPENAI_COMPATIBLE_BASE_URL",
  "OPENAI_COMPATIBLE_API_KEY",
  "OPENAI_COMPATIBLE_MODELS",
  "OPENAI_API_KEY",
  "OPENAI_MODELS",
  "OPENAI_BASE_URL",
  "DEEPSEEK_API_KEY",
  "DEEPSEEK_MODELS",
  "DEEPSEEK_BASE_URL",
  "ANTHROPIC_API_KEY",
  "ANTHROPIC_MODELS",
  "ANTHROPIC_BASE_URL",
  "WORKERS_AI_MODELS",
  "SIGNALBOX_MODEL",
] as const satisfies readonly Exclude<keyof ModelEnv, "AI">[];
