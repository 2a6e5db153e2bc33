import type {
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4ToolResultPart,
} from "@ai-sdk/provider";
import type { ModelMessage } from "ai";

export type PromptOptions = {
  instructions: string;
  /** Who answers now (see {@link originOf}): reasoning goes back only to the model that it came from. */
  origin: string;
  images: boolean;
};

type UserContent = Extract<LanguageModelV4Message, { role: "user" }>["content"];
type AssistantContent = Extract<LanguageModelV4Message, { role: "assistant" }>["content"];
type Message<R extends ModelMessage["role"]> = Extract<ModelMessage, { role: R }>;
type UserPart = Exclude<Message<"user">["content"], string>[number];
type ToolOutput = Extract<Message<"tool">["content"][number], { type: "tool-result" }>["output"];

/** Key in the provider options of a reasoning part, under which its origin stands. */
export const ORIGIN_KEY = "signalbox";

/** Names the model that a reasoning part came from. */
export function originOf(model: { provider: string; modelId: string }): string {
  return `${model.provider} ${model.modelId}`;
}

/**
 * Makes the prompt of a model from a conversation. What providers refuse is put right here: an answer without content
 * is left out, a tool call without a result gets one that says so, a result without its call is left out, reasoning of
 * another model is left out, an image is described to a model that takes none.
 */
export function toPrompt(messages: ModelMessage[], options: PromptOptions): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Prompt = [];
  if (options.instructions !== "") prompt.push({ role: "system", content: options.instructions });
  // Calls of the last answer that have no result yet, by id.
  const open = new Map<string, string>();
  const results: LanguageModelV4ToolResultPart[] = [];
  const settle = () => {
    for (const [toolCallId, toolName] of open) {
      const output = {
        type: "error-text",
        value: "No result is known: the call did not come to its end.",
      } as const;
      results.push({ type: "tool-result", toolCallId, toolName, output });
    }
    open.clear();
    if (results.length > 0) prompt.push({ role: "tool", content: results.splice(0) });
  };
  for (const message of messages) {
    if (message.role === "tool") {
      for (const part of message.content) {
        if (part.type !== "tool-result" || !open.delete(part.toolCallId)) continue;
        const { toolCallId, toolName, output } = part;
        results.push({ type: "tool-result", toolCallId, toolName, output: toOutput(output) });
      }
      continue;
    }
    settle();
    if (message.role === "system") prompt.push({ role: "system", content: message.content });
    if (message.role === "user") {
      const content = toUserContent(message.content, options.images);
      if (content.length > 0) prompt.push({ role: "user", content });
    }
    if (message.role === "assistant") {
      const content = toAssistantContent(message.content, options.origin);
      if (content.some((part) => part.type !== "reasoning")) prompt.push({ role: "assistant", content });
      for (const part of content) if (part.type === "tool-call") open.set(part.toolCallId, part.toolName);
    }
  }
  settle();
  return prompt;
}

function toUserContent(content: Message<"user">["content"], images: boolean): UserContent {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  return content.flatMap((part): UserContent => {
    if (part.type !== "text") return [toFile(part, images)];
    const { text, providerOptions } = part;
    return text === ""
      ? []
      : [{ type: "text", text, ...(providerOptions === undefined ? {} : { providerOptions }) }];
  });
}

function toFile(part: Exclude<UserPart, { type: "text" }>, images: boolean): UserContent[number] {
  const mediaType = part.mediaType ?? "image";
  const name = part.type === "file" && part.filename !== undefined ? part.filename : "without a name";
  if (mediaType.startsWith("image") && !images) {
    return {
      type: "text",
      text: `[An image, ${name} (${mediaType}), is attached. This model takes no images.]`,
    };
  }
  const data = part.type === "image" ? part.image : part.data;
  const filename = part.type === "file" && part.filename !== undefined ? { filename: part.filename } : {};
  if (data instanceof Uint8Array)
    return { type: "file", mediaType, ...filename, data: { type: "data", data } };
  if (data instanceof URL) return { type: "file", mediaType, ...filename, data: { type: "url", url: data } };
  if (typeof data === "string") {
    const [, base64] = /^data:[^,]*;base64,(.*)$/s.exec(data) ?? [];
    const plain = base64 ?? data;
    return /^https?:/.test(plain)
      ? { type: "file", mediaType, ...filename, data: { type: "url", url: new URL(plain) } }
      : { type: "file", mediaType, ...filename, data: { type: "data", data: plain } };
  }
  return {
    type: "text",
    text: `[A file, ${name} (${mediaType}), is attached in a form that cannot be sent.]`,
  };
}

function toAssistantContent(content: Message<"assistant">["content"], origin: string): AssistantContent {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  return content.flatMap((part): AssistantContent => {
    const options =
      part.type === "text" || part.type === "reasoning" || part.type === "tool-call"
        ? part.providerOptions
        : undefined;
    const providerOptions = options === undefined ? {} : { providerOptions: options };
    if (part.type === "text")
      return part.text === "" ? [] : [{ type: "text", text: part.text, ...providerOptions }];
    if (part.type === "reasoning") {
      return options?.[ORIGIN_KEY]?.origin === origin
        ? [{ type: "reasoning", text: part.text, ...providerOptions }]
        : [];
    }
    if (part.type === "tool-call") {
      const { toolCallId, toolName, input } = part;
      return [{ type: "tool-call", toolCallId, toolName, input, ...providerOptions }];
    }
    return []; // files, sources and calls that a provider carried out: not asked for, so not there
  });
}

function toOutput(output: ToolOutput): LanguageModelV4ToolResultPart["output"] {
  switch (output.type) {
    case "text":
    case "error-text":
      return { type: output.type, value: output.value };
    case "json":
    case "error-json":
      return { type: output.type, value: output.value };
    case "execution-denied":
      return { type: output.type, ...(output.reason === undefined ? {} : { reason: output.reason }) };
    case "content":
      return {
        type: "text",
        value: output.value.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join("\n"),
      };
  }
}
