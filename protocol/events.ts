import * as z from "zod";
import { CommandResult } from "./commands.ts";
import { CommandId, HostId } from "./ids.ts";
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

/** One thing in a conversation. The same `id` within a session is the same card, as it changes. */
export const Item = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("user_message"), text: z.string() }),
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
  z.object({ type: z.literal("turn_started"), turn: z.number().int(), thread: z.string().nullable() }),
  z.object({ type: z.literal("turn_completed"), turn: z.number().int(), usage: Usage.nullable() }),
  z.object({ type: z.literal("turn_failed"), turn: z.number().int(), message: z.string() }),
  z.object({ type: z.literal("item"), id: z.string(), turn: z.number().int(), item: Item }),
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
