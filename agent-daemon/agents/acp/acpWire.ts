import * as z from "zod";

/** The version of the protocol that is spoken here. */
export const ACP_VERSION = 1;

/** The name a request goes by, of ours or of the agent's. */
export const RpcId = z.union([z.number(), z.string().max(1000)]);
export type RpcId = z.infer<typeof RpcId>;

const Params = z.record(z.string(), z.unknown()).catch({});

const Asked = z.object({ id: RpcId, method: z.string(), params: Params.default({}) });
const Told = Asked.omit({ id: true });
/** What went wrong, in the agent's words. */
export const RpcError = z.looseObject({
  code: z.number().catch(0),
  message: z.string(),
  data: z.unknown().optional(),
});
export type RpcError = z.infer<typeof RpcError>;

/** What an agent writes, one per line: its own requests, notifications, and answers to ours. */
export const AcpMessage = z.union([
  Asked.transform((asked) => ({ kind: "asked" as const, ...asked })),
  Told.transform((told) => ({ kind: "told" as const, ...told })),
  z
    .object({ id: RpcId, error: RpcError })
    .transform((answer) => ({ kind: "answered" as const, ...answer, result: null })),
  z
    .object({ id: RpcId, result: z.unknown().optional() })
    .transform((answer) => ({ kind: "answered" as const, result: null, ...answer, error: null })),
]);
export type AcpMessage = z.infer<typeof AcpMessage>;

/** Codes of errors: JSON-RPC's, and the protocol's own. */
export const RPC_ERRORS = {
  badParams: -32602,
  noSuchMethod: -32601,
  cancelled: -32800,
  signIn: -32000,
} as const;

/** A field that may be missing, or of a kind that is not known: then it says nothing. */
function maybe<T extends z.ZodType>(type: T) {
  return type.nullish().catch(undefined);
}

const Named = z.looseObject({ name: maybe(z.string()), description: maybe(z.string()) });
const Modes = z.looseObject({
  currentModeId: maybe(z.string()),
  availableModes: z.array(Named.extend({ id: z.string() })).catch([]),
});
const Models = z.looseObject({
  currentModelId: maybe(z.string()),
  availableModels: z.array(Named.extend({ modelId: z.string() })).catch([]),
});
const ConfigOption = z.looseObject({
  id: z.string(),
  category: maybe(z.string()),
  currentValue: z.unknown().optional(),
  options: z.array(z.looseObject({ value: z.string() })).catch([]),
});

export const Initialized = z.looseObject({
  protocolVersion: z.number(),
  agentCapabilities: z
    .looseObject({
      loadSession: z.boolean().catch(false),
      sessionCapabilities: maybe(z.record(z.string(), z.unknown())),
    })
    .catch({ loadSession: false }),
  authMethods: z
    .array(Named.extend({ id: z.string() }))
    .nullish()
    .catch([]),
});

/** What the agent says of a conversation that it began or loaded: by which of its ways a model or a mode is chosen. */
export const Opened = z.looseObject({
  /** An answer to `session/load` does not repeat it. */
  sessionId: maybe(z.string().min(1).max(500)),
  modes: maybe(Modes),
  models: maybe(Models),
  configOptions: maybe(z.array(ConfigOption)),
});
export type Opened = z.infer<typeof Opened>;

const Tokens = z.number().int().min(0).catch(0);
const Usage = z.looseObject({
  inputTokens: Tokens,
  outputTokens: Tokens,
  cachedReadTokens: Tokens,
  cachedWriteTokens: Tokens,
  thoughtTokens: Tokens,
});
export const PromptEnd = z.looseObject({
  stopReason: z.string(),
  usage: maybe(Usage),
  _meta: maybe(
    z.looseObject({
      quota: maybe(
        z.looseObject({
          token_count: maybe(z.looseObject({ input_tokens: z.number(), output_tokens: z.number() })),
        }),
      ),
    }),
  ),
});
export type PromptEnd = z.infer<typeof PromptEnd>;

/** A piece of what somebody says; what is no text is named by its type. */
const Content = z.looseObject({ type: z.string(), text: maybe(z.string()), uri: maybe(z.string()) });
export type Content = z.infer<typeof Content>;

const ToolContent = z.union([
  z.looseObject({ type: z.literal("content"), content: Content }),
  z.looseObject({
    type: z.literal("diff"),
    path: z.string(),
    oldText: maybe(z.string()),
    newText: z.string(),
  }),
  z.looseObject({ type: z.string() }),
]);
export type ToolContent = z.infer<typeof ToolContent>;

/** A tool call as it begins or changes: what is not told stays as it was. */
export const ToolCallUpdate = z.looseObject({
  toolCallId: z.string().min(1).max(1000),
  title: maybe(z.string()),
  /** Claude and Codex name the tool; others do not. */
  name: maybe(z.string()),
  kind: maybe(z.string()),
  status: maybe(z.enum(["pending", "in_progress", "completed", "failed"])),
  content: maybe(z.array(ToolContent)),
  locations: maybe(z.array(z.looseObject({ path: z.string() }))),
  rawInput: z.unknown().optional(),
  rawOutput: z.unknown().optional(),
  _meta: maybe(
    z.looseObject({
      terminal_output_delta: maybe(z.looseObject({ data: z.string() })),
      terminal_exit: maybe(z.looseObject({ exit_code: maybe(z.number().int()) })),
    }),
  ),
});
export type ToolCallUpdate = z.infer<typeof ToolCallUpdate>;

const Chunk = { content: Content, messageId: maybe(z.string()) };

/** What a conversation tells, as far as it is understood here. */
export const KnownUpdate = z.discriminatedUnion("sessionUpdate", [
  z.looseObject({ sessionUpdate: z.literal("user_message_chunk"), ...Chunk }),
  z.looseObject({ sessionUpdate: z.literal("agent_message_chunk"), ...Chunk }),
  z.looseObject({ sessionUpdate: z.literal("agent_thought_chunk"), ...Chunk }),
  ToolCallUpdate.extend({ sessionUpdate: z.literal("tool_call") }),
  ToolCallUpdate.extend({ sessionUpdate: z.literal("tool_call_update") }),
  z.looseObject({
    sessionUpdate: z.literal("plan"),
    entries: z.array(z.looseObject({ content: z.string(), status: maybe(z.string()) })),
  }),
  z.looseObject({ sessionUpdate: z.literal("current_mode_update"), currentModeId: z.string() }),
]);
export type KnownUpdate = z.infer<typeof KnownUpdate>;

/** Updates that are of no interest to whoever reads the conversation. */
export const QUIET_UPDATES: ReadonlySet<string> = new Set([
  "available_commands_update",
  "config_option_update",
  "session_info_update",
  "usage_update",
]);

export const SessionUpdate = z.looseObject({
  sessionId: z.string(),
  update: z.looseObject({ sessionUpdate: z.string() }),
});

/** How an agent's option is meant. */
export const OptionKind = z.enum(["allow_once", "allow_always", "reject_once", "reject_always"]);

/** What a conversation asks of a person. */
export const PermissionAsk = z.looseObject({
  sessionId: z.string(),
  toolCall: ToolCallUpdate,
  options: z
    .array(z.looseObject({ optionId: z.string(), name: z.string(), kind: OptionKind.or(z.string()) }))
    .min(1)
    .max(50),
});
export type PermissionAsk = z.infer<typeof PermissionAsk>;

/** The agent gave a request of its own up. */
export const Withdrawn = z.looseObject({ requestId: RpcId });
