import * as z from "zod";

/** The longest message of Codex's app server that is taken: an answer may hold pages of a conversation. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** The number a request goes by on one connection. */
export const RpcId = z.union([z.number().int(), z.string().max(200)]);
export type RpcId = z.infer<typeof RpcId>;

const Params = z.record(z.string(), z.unknown()).default({});

/** What the app server sends: its own requests, notifications, and answers to ours. */
export const RpcMessage = z.union([
  z.object({ id: RpcId, method: z.string(), params: Params }),
  z.object({ method: z.string(), params: Params }),
  z.object({ id: RpcId, error: z.looseObject({ message: z.string() }) }),
  z.object({ id: RpcId, result: z.unknown() }),
]);

const Id = z.string().min(1).max(200);

/** A conversation, as far as it is looked at here. */
export const Thread = z.looseObject({
  id: Id,
  cwd: z.string(),
  ephemeral: z.boolean().default(false),
  parentThreadId: z.string().nullish(),
  threadSource: z.string().nullish(),
});
export type Thread = z.infer<typeof Thread>;

export const LoadedThreads = z.looseObject({ data: z.array(Id) });
/** What a conversation that was begun, resumed or copied is answered with. */
export const ThreadAnswer = z.looseObject({ thread: z.looseObject({ id: Id }) });
export const ReadThread = z.looseObject({ thread: Thread });

/** Whether a conversation is busy; kinds that are not known say nothing. */
export const ThreadStatus = z.looseObject({
  type: z.string(),
  activeFlags: z.array(z.string()).default([]),
});
export type ThreadStatus = z.infer<typeof ThreadStatus>;
const Tokens = z.looseObject({
  inputTokens: z.number().int().default(0),
  cachedInputTokens: z.number().int().default(0),
  cacheWriteInputTokens: z.number().int().default(0),
  outputTokens: z.number().int().default(0),
  reasoningOutputTokens: z.number().int().default(0),
});

/** Of a turn's items only the id is known for sure: new kinds come with new versions. */
const LiveItem = z.looseObject({ id: Id, type: z.string() });
export const Turn = z.looseObject({
  id: Id,
  items: z.array(LiveItem).default([]),
  status: z.string(),
  error: z.looseObject({ message: z.string() }).nullish(),
});
export type Turn = z.infer<typeof Turn>;
export const TurnPage = z.looseObject({ data: z.array(Turn), nextCursor: z.string().nullish() });
export const ResumedThread = z.looseObject({
  thread: z.looseObject({ status: ThreadStatus }),
  initialTurnsPage: TurnPage.nullish(),
});

const OfThread = { threadId: Id };
const OfTurn = { ...OfThread, turnId: Id };

/** The notifications that are understood here; the others are passed over. */
export const Notification = z.discriminatedUnion("method", [
  z.object({ method: z.literal("thread/started"), params: z.looseObject({ thread: Thread }) }),
  z.object({
    method: z.literal("thread/status/changed"),
    params: z.looseObject({ ...OfThread, status: ThreadStatus }),
  }),
  z.object({ method: z.literal("turn/started"), params: z.looseObject({ ...OfThread, turn: Turn }) }),
  z.object({ method: z.literal("turn/completed"), params: z.looseObject({ ...OfThread, turn: Turn }) }),
  z.object({ method: z.literal("item/started"), params: z.looseObject({ ...OfTurn, item: LiveItem }) }),
  z.object({ method: z.literal("item/completed"), params: z.looseObject({ ...OfTurn, item: LiveItem }) }),
  z.object({
    method: z.literal("thread/tokenUsage/updated"),
    params: z.looseObject({ ...OfTurn, tokenUsage: z.looseObject({ total: Tokens }) }),
  }),
  z.object({
    method: z.literal("error"),
    params: z.looseObject({
      ...OfTurn,
      error: z.looseObject({ message: z.string() }),
      willRetry: z.boolean().default(false),
    }),
  }),
  z.object({
    method: z.literal("serverRequest/resolved"),
    params: z.looseObject({ ...OfThread, requestId: RpcId }),
  }),
]);
export type Notification = z.infer<typeof Notification>;
