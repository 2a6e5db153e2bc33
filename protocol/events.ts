import * as z from "zod";
import { CommandResult } from "./commands.ts";
import { Approval, Grant } from "./approvals.ts";
import { ApprovalId, AttachmentId, CommandId, HostId, MessageId } from "./ids.ts";
import { Exit, Provider, SessionStatus } from "./session.ts";

/** Tokens of one turn (not cumulative). */
export const Usage = z.object({
  input_tokens: z.number().int(),
  cached_input_tokens: z.number().int(),
  cache_write_input_tokens: z.number().int(),
  output_tokens: z.number().int(),
  reasoning_output_tokens: z.number().int(),
});
export type Usage = z.infer<typeof Usage>;

const ItemStatus = z.enum(["in_progress", "completed", "failed", "declined"]);

/** A file that was sent along with a message. */
export const AttachmentRef = z.object({
  id: AttachmentId,
  name: z.string().max(255),
  /** By its bytes: one of four kinds of image, `application/pdf`, `text/plain` for every text, or `application/octet-stream`. */
  type: z.string().max(100),
  size: z.number().int(),
  /** Pixels of an image, as far as its head tells them. */
  width: z.number().int().optional(),
  height: z.number().int().optional(),
});
export type AttachmentRef = z.infer<typeof AttachmentRef>;

/** Where a tool call stands. The last six are final. */
export const CallState = z.enum([
  "proposed",
  "waiting",
  "dispatched",
  "completed",
  "failed",
  "denied",
  "expired",
  "indeterminate",
  "cancelled",
]);
export type CallState = z.infer<typeof CallState>;

/** One thing in a conversation. The same `id` within a session is the same card, as it changes. */
export const Item = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("user_message"),
    text: z.string(),
    attachments: z.array(AttachmentRef).optional(),
    /** It was said while the turn ran, and taken here, between two of its steps. */
    steered: z.boolean().optional(),
  }),
  /** Without text: what an attempt had begun to say that does not count; nothing is shown. The same for reasoning. */
  z.object({ kind: z.literal("message"), text: z.string() }),
  z.object({ kind: z.literal("reasoning"), text: z.string() }),
  z.object({
    kind: z.literal("command"),
    command: z.string(),
    output: z.string(),
    /** Bytes of output that were cut from the middle; 0 when it is whole. */
    output_cut: z.number().int(),
    exit_code: z.number().int().nullable(),
    status: ItemStatus,
  }),
  z.object({
    kind: z.literal("file_change"),
    changes: z.array(z.object({ path: z.string(), change: z.enum(["add", "update", "delete"]) })),
    status: ItemStatus,
  }),
  z.object({
    kind: z.literal("tool"),
    name: z.string(),
    input: z.string(),
    output: z.string().nullable(),
    error: z.string().nullable(),
    status: ItemStatus,
  }),
  z.object({ kind: z.literal("plan"), steps: z.array(z.object({ text: z.string(), done: z.boolean() })) }),
  z.object({ kind: z.literal("web_search"), query: z.string() }),
  /** A tool call of the model loop, from proposal to result: one card. `input` is JSON text. */
  z.object({
    kind: z.literal("call"),
    tool: z.string(),
    input: z.string(),
    state: CallState,
    /** The approval it waits for or waited for. */
    approval: ApprovalId.nullable(),
    host: HostId.nullable(),
    output: z.string().nullable(),
    output_cut: z.number().int(),
    error: z.string().nullable(),
  }),
  z.object({
    kind: z.literal("question"),
    question: z.string(),
    options: z.array(z.string()),
    answer: z.string().nullable(),
  }),
  /** What earlier turns came to, put in their place before the model; the log still has them, as its events `from` … `to`. */
  z.object({
    kind: z.literal("summary"),
    text: z.string(),
    turns: z.number().int(),
    from: z.number().int().optional(),
    to: z.number().int().optional(),
  }),
  z.object({ kind: z.literal("warning"), text: z.string() }),
  /** Something the agent said that we do not know; shown as it came. */
  z.object({ kind: z.literal("other"), name: z.string(), json: z.string() }),
]);
export type Item = z.infer<typeof Item>;

/** What happened in a session. An event of the log is one of these with its `seq`, and `at` in milliseconds. */
export const EventBody = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("created"),
    provider: Provider,
    host: HostId.nullable(),
    cwd: z.string().nullable(),
    title: z.string(),
  }),
  /** Somebody has seen the trouble that the session is in. */
  z.object({ type: z.literal("seen"), by: z.string() }),
  z.object({ type: z.literal("renamed"), title: z.string(), by: z.string() }),
  z.object({ type: z.literal("status"), status: SessionStatus, reason: z.string().nullable() }),
  z.object({ type: z.literal("ended"), status: z.enum(["done", "trouble"]), exit: Exit }),
  /** A command was accepted; `summary` is what it does, in words, with secrets removed. */
  z.object({
    type: z.literal("command"),
    id: CommandId,
    command: z.string(),
    summary: z.string(),
    by: z.string(),
    expires_at: z.number().nullable(),
  }),
  z.object({ type: z.literal("command_result"), id: CommandId, command: z.string(), result: CommandResult }),
  /** `thread`: the agent's own id of the conversation. */
  z.object({
    type: z.literal("turn_started"),
    turn: z.number().int(),
    thread: z.string().nullable(),
    model: z.string().optional(),
  }),
  z.object({
    type: z.literal("turn_completed"),
    turn: z.number().int(),
    usage: Usage.nullable(),
    /** Somebody stopped it before its end. */
    interrupted: z.boolean().optional(),
  }),
  z.object({
    type: z.literal("turn_failed"),
    turn: z.number().int(),
    message: z.string(),
    usage: Usage.nullable().optional(),
  }),
  z.object({ type: z.literal("item"), id: z.string(), turn: z.number().int(), item: Item }),
  /** A message that waits for the running turn to end. */
  z.object({
    type: z.literal("queued"),
    id: MessageId,
    text: z.string(),
    state: z.enum(["queued", "edited", "removed", "taken"]),
    by: z.string(),
    attachments: z.array(AttachmentRef).optional(),
    /** It is taken before the next step of the running turn. */
    steer: z.boolean().optional(),
  }),
  /** An approval came, or changed. */
  z.object({ type: z.literal("approval"), approval: Approval }),
  z.object({
    type: z.literal("grant"),
    grant: Grant,
    state: z.enum(["given", "revoked", "expired"]),
    by: z.string(),
  }),
  z.object({
    type: z.literal("model"),
    model: z.string(),
    effort: z.enum(["low", "medium", "high"]).nullable(),
    by: z.string(),
  }),
  z.object({ type: z.literal("hopped"), host: HostId, host_name: z.string(), workspace: z.string() }),
  /** A command of a chat that goes on in the background on a host began, or ended (`exit`). */
  z.object({
    type: z.literal("background"),
    id: CommandId,
    host: HostId,
    summary: z.string(),
    exit: Exit.nullable(),
  }),
  z.object({ type: z.literal("turn_cancelled"), turn: z.number().int(), by: z.string() }),
  z.object({ type: z.literal("notice"), level: z.enum(["info", "warning", "error"]), message: z.string() }),
  /** Events were lost on the host (its journal was full); how many, and since when. */
  z.object({ type: z.literal("gap"), lost: z.number().int(), since: z.number(), reason: z.string() }),
]);
export type EventBody = z.infer<typeof EventBody>;

/** A row of a session's log. Unknown types are kept and shown as such, so an old page can read a newer log. */
export type SessionEvent = EventBody & { seq: number; at: number };

/** What a client trusts of an event it may not know. */
export const AnyEvent = z.looseObject({ seq: z.number().int(), at: z.number(), type: z.string() });

/** Reads an event from the wire; null for a type this version does not know. */
export function readEvent(value: unknown): SessionEvent | null {
  const base = AnyEvent.safeParse(value);
  const body = EventBody.safeParse(value);
  return base.success && body.success ? { ...body.data, seq: base.data.seq, at: base.data.at } : null;
}
