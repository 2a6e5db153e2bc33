import * as z from "zod";

const Id = z.string().min(1).max(200);

/** A field that may be missing, or of a kind that is not known: then it says nothing. */
function maybe<T extends z.ZodType>(type: T) {
  return type.nullish().catch(undefined);
}

const Tokens = z.number().int().min(0).catch(0);
/** What a step of the model used. */
export const StepTokens = z.looseObject({
  input: Tokens,
  output: Tokens,
  reasoning: Tokens,
  cache: z.looseObject({ read: Tokens, write: Tokens }).catch({ read: 0, write: 0 }),
});
export type StepTokens = z.infer<typeof StepTokens>;

export const ToolState = z.looseObject({
  status: z.enum(["pending", "running", "completed", "error"]),
  input: z.record(z.string(), z.unknown()).catch({}),
  output: maybe(z.string()),
  error: maybe(z.string()),
  metadata: maybe(
    z.looseObject({
      output: maybe(z.string()),
      exit: maybe(z.number().int()),
      filepath: maybe(z.string()),
      exists: maybe(z.boolean()),
    }),
  ),
});
export type ToolState = z.infer<typeof ToolState>;

const OfMessage = { id: Id, messageID: Id, sessionID: Id };

/** A piece of a message, as far as it is understood here. */
export const Part = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("text"),
    ...OfMessage,
    text: z.string(),
    synthetic: maybe(z.boolean()),
    time: maybe(z.looseObject({ end: maybe(z.number()) })),
  }),
  z.looseObject({
    type: z.literal("reasoning"),
    ...OfMessage,
    text: z.string(),
    time: maybe(z.looseObject({ end: maybe(z.number()) })),
  }),
  z.looseObject({
    type: z.literal("tool"),
    ...OfMessage,
    tool: z.string(),
    callID: z.string(),
    state: ToolState,
  }),
  z.looseObject({ type: z.literal("step-finish"), ...OfMessage, tokens: StepTokens }),
]);
export type Part = z.infer<typeof Part>;
export type ToolPart = Extract<Part, { type: "tool" }>;

/** Pieces that say nothing to whoever reads the conversation. */
export const QUIET_PARTS: ReadonlySet<string> = new Set([
  "agent",
  "compaction",
  "patch",
  "retry",
  "snapshot",
  "step-start",
  "subtask",
]);

const Message = z.looseObject({
  id: Id,
  sessionID: Id,
  role: z.enum(["user", "assistant"]),
  modelID: maybe(z.string()),
  providerID: maybe(z.string()),
});

/** A message with its pieces, as the server gives a conversation that has been. */
export const WholeMessage = z.looseObject({
  info: Message,
  parts: z.array(z.looseObject({ type: z.string(), id: Id })),
});
export type WholeMessage = z.infer<typeof WholeMessage>;

const Failure = z.looseObject({
  name: z.string(),
  data: maybe(z.looseObject({ message: maybe(z.string()) })),
});
export type Failure = z.infer<typeof Failure>;

const OfCall = maybe(z.looseObject({ callID: maybe(z.string()) }));

/** It waits with an act. */
export const Permission = z.looseObject({
  id: Id,
  sessionID: Id,
  permission: z.string(),
  patterns: z.array(z.string()).catch([]),
  metadata: z.record(z.string(), z.unknown()).catch({}),
  tool: OfCall,
});
export type Permission = z.infer<typeof Permission>;

/** It waits with questions. */
export const Questions = z.looseObject({
  id: Id,
  sessionID: Id,
  questions: z.array(
    z.looseObject({
      question: z.string(),
      header: maybe(z.string()),
      multiple: maybe(z.boolean()),
      options: z.array(z.looseObject({ label: z.string(), description: maybe(z.string()) })).catch([]),
    }),
  ),
  tool: OfCall,
});
export type Questions = z.infer<typeof Questions>;

const Resolved = z.looseObject({ sessionID: Id, requestID: Id });

/** What the server tells, as far as it is understood here; the rest is passed over. */
export const OpencodeEvent = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("server.connected") }),
  z.looseObject({
    type: z.literal("message.updated"),
    properties: z.looseObject({ info: Message }),
  }),
  z.looseObject({
    type: z.literal("message.part.updated"),
    properties: z.looseObject({
      part: z.looseObject({ type: z.string(), id: Id, sessionID: Id, messageID: Id }),
    }),
  }),
  z.looseObject({
    type: z.literal("message.part.delta"),
    properties: z.looseObject({
      sessionID: Id,
      messageID: Id,
      partID: Id,
      field: z.string(),
      delta: z.string(),
    }),
  }),
  z.looseObject({
    type: z.literal("session.status"),
    properties: z.looseObject({ sessionID: Id, status: z.looseObject({ type: z.string() }) }),
  }),
  z.looseObject({ type: z.literal("session.idle"), properties: z.looseObject({ sessionID: Id }) }),
  z.looseObject({
    type: z.literal("session.error"),
    properties: z.looseObject({ sessionID: maybe(Id), error: maybe(Failure) }),
  }),
  z.looseObject({ type: z.literal("permission.asked"), properties: Permission }),
  z.looseObject({ type: z.literal("permission.replied"), properties: Resolved }),
  z.looseObject({ type: z.literal("question.asked"), properties: Questions }),
  z.looseObject({ type: z.literal("question.replied"), properties: Resolved }),
  z.looseObject({ type: z.literal("question.rejected"), properties: Resolved }),
]);
export type OpencodeEvent = z.infer<typeof OpencodeEvent>;

/** The conversation that an event is of; null where it is of none. */
export function threadOf(event: OpencodeEvent): string | null {
  if (event.type === "message.updated") return event.properties.info.sessionID;
  if (event.type === "message.part.updated") return event.properties.part.sessionID;
  return event.type === "server.connected" ? null : (event.properties.sessionID ?? null);
}

/** What the server is asked, and what it answers. */
export const ServerAsk = z.object({
  ask: z.number().int(),
  method: z.enum(["GET", "POST"]),
  path: z.string().startsWith("/"),
  body: z.unknown().optional(),
});
export type ServerAsk = z.infer<typeof ServerAsk>;
export const ServerAnswer = z.object({
  answer: z.number().int(),
  /** 0 when the server could not be reached. */
  status: z.number().int(),
  body: z.unknown().optional(),
});
export type ServerAnswer = z.infer<typeof ServerAnswer>;

/** A session as the server answers with it. */
export const Conversation = z.looseObject({ id: Id });
/** An error as the server answers with it. */
export const Refusal = z.looseObject({
  name: maybe(z.string()),
  data: maybe(z.looseObject({ message: maybe(z.string()) })),
  message: maybe(z.string()),
});
