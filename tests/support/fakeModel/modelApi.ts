import type { Reply } from "./directives.ts";

/** What a request asks, in the words of no particular API. */
export type Ask = {
  model: string;
  /** The last message of the person. */
  userText: string;
  /** What tools gave back since then, oldest first. */
  toolOutputs: string[];
  /** Everything the model would read, in order, for the prompt cache. */
  prompt: string;
  /** Whether the counts of tokens belong into the stream; always where the API has no word for it. */
  wantsUsage?: boolean;
};

export type TokenCount = { input: number; cached: number; output: number; reasoning: number };

/** A frame of a stream: sent as server-sent event `event` with `data` as JSON. */
export type StreamFrame = { event: string | null; data: unknown };

/** Replies that are a stream; the others are made of HTTP itself. */
export type StreamReply = Extract<Reply, { kind: "text" | "command" | "patch" | "calls" | "stream_error" }>;

/** One API of a model server: how it is asked and how it answers. */
export type ModelApi = {
  /** Path of its POST requests, for example `/v1/responses`. */
  path: string;
  /** Null when the body is no request of this API; what is wrong with it, when the API would refuse it. */
  read(body: unknown): Ask | { refused: string } | null;
  /** The frames of an answer; text comes in pieces, and a frame may ask for a pause before it. */
  stream(reply: StreamReply, tokens: TokenCount, ask: Ask): { frame: StreamFrame; pauseMs: number }[];
  error(status: number, message: string): unknown;
  /** The answer to a request that is not to be streamed: Claude Code asks so whether a model is there. Null: it is none. */
  whole?(body: unknown): object | null;
};
