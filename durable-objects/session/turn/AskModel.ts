import type { ModelMessage } from "ai";
import type { Usage } from "../../../protocol/events.ts";

/** What comes out of one model call, in order; `end` is last. An invalid call carries what is wrong with it. */
export type ModelPart =
  | { type: "text" | "reasoning"; id: string; text: string }
  | { type: "call"; id: string; tool: string; input: unknown; error?: string | undefined }
  | { type: "end"; usage: Usage; finishReason: string; responseMessages: ModelMessage[] };

export type ModelRequest = {
  model: string;
  effort: "low" | "medium" | "high" | null;
  instructions: string;
  messages: ModelMessage[];
  signal: AbortSignal;
};

/** One step of a model. Throws an error whose message a person can read. `onRetry`: what was said so far is void. */
export type AskModel = (request: ModelRequest, onRetry: (why: string) => void) => AsyncIterable<ModelPart>;
