import * as z from "zod";

const Tokens = z.number().int().catch(0);
const TurnUsage = z.looseObject({
  input_tokens: Tokens,
  output_tokens: Tokens,
  cache_read_input_tokens: Tokens,
  cache_creation_input_tokens: Tokens,
});
export type TurnUsage = z.infer<typeof TurnUsage>;

/** What Claude asks of whoever started it, with a tool that it wants to use. */
export const CanUseTool = z.looseObject({
  subtype: z.literal("can_use_tool"),
  tool_name: z.string().min(1).max(200),
  input: z.record(z.string(), z.unknown()),
});

/** A line of `claude -p --output-format stream-json`, as far as it is looked at here. */
export const ClaudeLine = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("system"),
    subtype: z.string(),
    session_id: z.string().optional(),
    model: z.string().optional(),
    cwd: z.string().optional(),
    attempt: z.number().optional(),
    max_retries: z.number().optional(),
    error: z.string().optional(),
  }),
  z.looseObject({ type: z.literal("assistant"), parent_tool_use_id: z.string().nullish() }),
  z.looseObject({
    type: z.literal("user"),
    parent_tool_use_id: z.string().nullish(),
    isReplay: z.boolean().optional(),
  }),
  z.looseObject({
    type: z.literal("result"),
    subtype: z.string(),
    is_error: z.boolean().catch(false),
    result: z.string().optional(),
    usage: TurnUsage.optional().catch(undefined),
    terminal_reason: z.string().nullish(),
  }),
  z.looseObject({
    type: z.literal("control_request"),
    request_id: z.string().min(1).max(180),
    request: z.looseObject({ subtype: z.string() }),
  }),
  z.looseObject({
    type: z.literal("control_response"),
    response: z.looseObject({
      request_id: z.string(),
      subtype: z.string(),
      error: z.string().optional(),
    }),
  }),
  z.looseObject({ type: z.literal("control_cancel_request"), request_id: z.string() }),
]);
export type ClaudeLine = z.infer<typeof ClaudeLine>;
