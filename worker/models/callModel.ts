import type {
  LanguageModelV4,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderOptions,
} from "@ai-sdk/provider";
import type { ModelMessage } from "ai";
import type { Usage } from "../../protocol/events.ts";
import { ModelError } from "./ModelError.ts";
import type { OpenedModel } from "./openModel.ts";
import { readCall } from "./readCall.ts";
import { readModelError } from "./readModelError.ts";
import type { ErrorContext } from "./readModelError.ts";
import { toFunctionTools } from "./toFunctionTools.ts";
import type { ToolSchemas } from "./toFunctionTools.ts";
import { ORIGIN_KEY, originOf, toPrompt } from "./toPrompt.ts";

/** Why a step ended. `length`: the model reached its longest answer; a call in it may be cut (and says so). */
export type FinishReason = "stop" | "tool_calls" | "length" | "content_filter" | "other";

export type ModelPart =
  /** More text of the part `id`; ids are unique in a step. Parts come one after the other. */
  | { type: "text" | "reasoning"; id: string; text: string }
  /** A call. With an `error` it cannot be carried out, and the error is what the model is told. Nothing may run before the step's end has come. */
  | { type: "call"; id: string; tool: string; input: unknown; error: string | null }
  | {
      type: "end";
      usage: Usage;
      finishReason: FinishReason;
      /** What to put into the conversation, as JSON; empty when the model said nothing. */
      responseMessages: ModelMessage[];
    };

export type Timeouts = {
  /** Until the first part comes. */
  firstMs: number;
  /** Between two parts. */
  chunkMs: number;
  /** For the whole step. */
  stepMs: number;
};

export const TIMEOUTS: Timeouts = { firstMs: 180_000, chunkMs: 120_000, stepMs: 1_200_000 };

export type CallOptions = Pick<OpenedModel, "model"> &
  Partial<Omit<OpenedModel, "model">> & {
    instructions: string;
    messages: ModelMessage[];
    tools: ToolSchemas;
    signal?: AbortSignal | undefined;
    timeouts?: Partial<Timeouts>;
  };

type AssistantPart = Exclude<Extract<ModelMessage, { role: "assistant" }>["content"], string>[number];
type Block = { kind: "text" | "reasoning"; id: string; text: string; options: SharedV4ProviderOptions };
type Finish = Extract<LanguageModelV4StreamPart, { type: "finish" }>;

/**
 * Asks a model for one step and passes on what comes. It carries no tool out. It ends with one `end` part, or throws
 * a {@link ModelError}; after an error the parts before it do not count, and the step can be asked again as a whole.
 * It works on the model's own stream: `streamText` spends several times as much on each delta.
 */
export async function* callModel(options: CallOptions): AsyncGenerator<ModelPart, void, undefined> {
  const { model, info, tools, signal } = options;
  const context: ErrorContext = {
    name: info?.name ?? model.modelId,
    clean: options.clean ?? ((text) => text),
  };
  const origin = originOf(model);
  const prompt = toPrompt(options.messages, {
    instructions: options.instructions,
    origin,
    images: info?.images ?? true,
  });
  const stop = new AbortController();
  const watch = startWatch({ ...TIMEOUTS, ...options.timeouts }, context.name, (late) => stop.abort(late));
  const cancelled = () => stop.abort(new ModelError("cancelled", "The step was cancelled."));
  if (signal?.aborted === true) cancelled();
  signal?.addEventListener("abort", cancelled, { once: true });

  let reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart> | null = null;
  try {
    reader = await open(model, {
      prompt,
      tools: toFunctionTools(tools),
      abortSignal: stop.signal,
      ...(options.effort && info?.reasoning !== false ? { reasoning: options.effort } : {}),
      ...(options.providerOptions === undefined ? {} : { providerOptions: options.providerOptions }),
    });
    const content: (Block | Extract<AssistantPart, { type: "tool-call" }>)[] = [];
    const blocks = new Map<string, Block>();
    const blockOf = (kind: Block["kind"], id: string): Block => {
      const found = blocks.get(`${kind} ${id}`);
      if (found !== undefined) return found;
      const block: Block = { kind, id: String(content.length), text: "", options: {} };
      blocks.set(`${kind} ${id}`, block);
      content.push(block);
      return block;
    };
    const usedIds = callIds(options.messages);
    let calls = 0;
    let finish: Finish | null = null;

    for (;;) {
      const { done, value: part } = await reader.read();
      stop.signal.throwIfAborted();
      if (done) break;
      if (part.type !== "stream-start") watch.heard();
      switch (part.type) {
        case "text-start":
        case "reasoning-start":
        case "text-end":
        case "reasoning-end": {
          const kind = part.type.startsWith("text") ? "text" : "reasoning";
          if (part.type.endsWith("start")) blocks.delete(`${kind} ${part.id}`);
          Object.assign(blockOf(kind, part.id).options, part.providerMetadata);
          // A provider may use the id again: then it is another part.
          if (part.type.endsWith("end")) blocks.delete(`${kind} ${part.id}`);
          break;
        }
        case "text-delta":
        case "reasoning-delta": {
          const kind = part.type === "text-delta" ? "text" : "reasoning";
          const block = blockOf(kind, part.id);
          if (part.providerMetadata !== undefined) Object.assign(block.options, part.providerMetadata);
          if (part.delta === "") break;
          block.text += part.delta;
          yield { type: kind, id: block.id, text: part.delta };
          break;
        }
        case "tool-call": {
          const { toolName, providerMetadata } = part;
          const toolCallId = freshId(part.toolCallId, usedIds);
          const { input, error } = readCall(tools, toolName, part.input);
          calls++;
          content.push({
            type: "tool-call",
            toolCallId,
            toolName,
            // Servers want an object here, even for what was none.
            input: asObject(part.input),
            ...withOptions(providerMetadata ?? {}),
          });
          yield { type: "call", id: toolCallId, tool: toolName, input, error };
          break;
        }
        case "finish":
          finish = part;
          break;
        case "error":
          throw part.error;
        default: // inputs of calls while they come, metadata, sources: nothing that a turn needs
      }
    }
    const reason = finish?.finishReason.unified;
    // Where the stream ended without an end, some providers say `other` and no reason of the server's.
    const endless = reason === "other" && finish?.finishReason.raw === undefined;
    if (
      finish === null ||
      reason === undefined ||
      endless ||
      reason === "interrupted" ||
      reason === "error"
    ) {
      throw new ModelError("broken", `The answer of ${context.name} broke off.`);
    }
    yield {
      type: "end",
      usage: toUsage(finish.usage),
      finishReason: toFinishReason(reason, calls),
      responseMessages: toMessages(content, origin),
    };
  } catch (error) {
    // What was thrown after the stop is its echo in some shape; the stop itself says why.
    throw stop.signal.aborted ? readModelError(stop.signal.reason, context) : readModelError(error, context);
  } finally {
    watch.stop();
    signal?.removeEventListener("abort", cancelled);
    // Also when the caller stops listening: the server must not go on for nobody.
    stop.abort(new ModelError("cancelled", "The step is over."));
    reader?.cancel().catch(() => undefined); // it has ended already: nothing to end
  }
}

/** Starts the stream; ends the waiting, and later the stream, when the signal is raised, whatever the model does. */
async function open(
  model: LanguageModelV4,
  options: Parameters<LanguageModelV4["doStream"]>[0] & { abortSignal: AbortSignal },
): Promise<ReadableStreamDefaultReader<LanguageModelV4StreamPart>> {
  const signal = options.abortSignal;
  signal.throwIfAborted();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const raised = () => reject(signal.reason);
  signal.addEventListener("abort", raised, { once: true });
  const started = Promise.resolve(model.doStream(options)).then(({ stream }) => {
    const reader = stream.getReader();
    const cancel = () => void reader.cancel().catch(() => undefined); // it ends by itself, with an error
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
    return reader;
  });
  try {
    return await Promise.race([started, stopped]);
  } finally {
    signal.removeEventListener("abort", raised);
  }
}

/** Watches that something comes. One timer at a time, looked at when it rings: a part costs no timer. */
function startWatch(timeouts: Timeouts, name: string, late: (error: ModelError) => void) {
  const began = Date.now();
  let last = began;
  let limit = timeouts.firstMs;
  let timer: ReturnType<typeof setTimeout>;
  const look = () => {
    const now = Date.now();
    if (now - began >= timeouts.stepMs) {
      return late(
        new ModelError("stalled", `${name} did not come to an end in ${seconds(timeouts.stepMs)}.`),
      );
    }
    if (now - last >= limit) {
      return late(new ModelError("stalled", `Nothing came from ${name} for ${seconds(limit)}.`));
    }
    arm(now);
  };
  const arm = (now: number) => {
    timer = setTimeout(look, Math.max(1, Math.min(last + limit, began + timeouts.stepMs) - now));
  };
  arm(began);
  return {
    heard() {
      last = Date.now();
      if (limit === timeouts.chunkMs) return;
      limit = timeouts.chunkMs;
      clearTimeout(timer);
      arm(last);
    },
    stop: () => clearTimeout(timer),
  };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function callIds(messages: ModelMessage[]): Set<string> {
  const ids = new Set<string>();
  for (const message of messages) {
    if (message.role !== "assistant" || typeof message.content === "string") continue;
    for (const part of message.content) if (part.type === "tool-call") ids.add(part.toolCallId);
  }
  return ids;
}

/** Some servers count calls anew in each answer, or give none an id: an id must name one call of the conversation. */
function freshId(id: string, used: Set<string>): string {
  const base = id.trim() === "" ? "call" : id.slice(0, 60);
  let fresh = base;
  for (let n = 2; used.has(fresh); n++) fresh = `${base}-${n}`;
  used.add(fresh);
  return fresh;
}

function asObject(json: string): unknown {
  try {
    const value: unknown = json.trim() === "" ? {} : JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : { input: value };
  } catch {
    return { unreadable_input: json }; // as the model wrote it, so that it sees its mistake
  }
}

function toMessages(
  content: (Block | Extract<AssistantPart, { type: "tool-call" }>)[],
  origin: string,
): ModelMessage[] {
  const parts = content.flatMap((part): AssistantPart[] => {
    if (!("kind" in part)) return [part];
    const known = Object.keys(part.options).length > 0;
    if (part.kind === "reasoning") {
      // A redacted thought has no text, but its metadata must go back.
      if (part.text === "" && !known) return [];
      const providerOptions = { ...part.options, [ORIGIN_KEY]: { origin } };
      return [{ type: "reasoning", text: part.text, providerOptions }];
    }
    if (part.text === "") return [];
    return [{ type: "text", text: part.text, ...withOptions(part.options) }];
  });
  if (!parts.some((part) => part.type !== "reasoning")) return [];
  return [{ role: "assistant", content: parts }];
}

/**
 * What goes back with a text or a call. OpenAI's ids of them do not: it keeps nothing of ours, and would look for the
 * reasoning that belonged to the id, which is left out when another model goes on.
 */
function withOptions({ openai, ...others }: SharedV4ProviderOptions): {
  providerOptions?: SharedV4ProviderOptions;
} {
  const options = openai?.phase == null ? others : { ...others, openai: { phase: openai.phase } };
  return Object.keys(options).length > 0 ? { providerOptions: options } : {};
}

function toFinishReason(reason: Finish["finishReason"]["unified"], calls: number): FinishReason {
  if (reason === "length") return "length";
  if (calls > 0) return "tool_calls"; // some servers say `stop` beside their calls
  if (reason === "content-filter") return "content_filter";
  return reason === "stop" ? "stop" : "other";
}

/** Usage in the words of the protocol. What a provider does not tell is 0. */
export function toUsage({ inputTokens, outputTokens }: LanguageModelV4Usage): Usage {
  return {
    input_tokens: count(inputTokens.total),
    cached_input_tokens: count(inputTokens.cacheRead),
    cache_write_input_tokens: count(inputTokens.cacheWrite),
    output_tokens: count(outputTokens.total),
    reasoning_output_tokens: count(outputTokens.reasoning),
  };
}

function count(tokens: number | undefined): number {
  return tokens !== undefined && Number.isFinite(tokens) && tokens > 0 ? Math.round(tokens) : 0;
}
