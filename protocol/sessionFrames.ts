import * as z from "zod";
import { AnyEvent } from "./events.ts";
import { Session } from "./session.ts";
import { Span } from "./traces.ts";

/** First frame of a client on `/api/sessions/:id/live`. Without epoch and seq it gets a tail. */
export const SessionHello = z.object({
  type: z.literal("hello"),
  version: z.number().int(),
  /** The log's epoch and the last seq the client has. */
  epoch: z.string().max(64).optional(),
  seq: z.number().int().min(0).optional(),
  /** Events wanted when there is no cursor, or it is too old. */
  tail: z.number().int().min(0).max(1000).optional(),
  /** Missed events that the client takes as they are; beyond it, a gap and a tail serve it better. */
  at_most: z.number().int().min(0).optional(),
});
export type SessionHello = z.infer<typeof SessionHello>;

/**
 * What the client has taken in; sent after about every LIVE_ACK_BYTES received. An object that has LIVE_WINDOW_BYTES
 * unacked on the way stops sending to that client and goes on from the log when the ack comes.
 */
export const SessionAck = z.object({ type: z.literal("ack"), seq: z.number().int().min(0) });

/** Client → session. */
export const SessionClientFrame = z.discriminatedUnion("type", [SessionHello, SessionAck]);
export type SessionClientFrame = z.infer<typeof SessionClientFrame>;

/**
 * Session → client. `ok`: exactly the events after the client's seq follow.
 * `gap`: the client must forget what it has; events from `first` follow, older ones are at `/events?before=first`.
 */
export const SessionServerFrame = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("ok"),
    version: z.number().int(),
    epoch: z.string(),
    head: z.number().int(),
    session: Session,
  }),
  z.object({
    type: z.literal("gap"),
    version: z.number().int(),
    epoch: z.string(),
    head: z.number().int(),
    /** Seq of the first event that follows (head + 1 when none does). */
    first: z.number().int(),
    session: Session,
  }),
  z.object({ type: z.literal("events"), first: z.number().int(), events: z.array(AnyEvent) }),
  z.object({ type: z.literal("session"), session: Session }),
  /**
   * A part that grows: text of the item `id` from `offset` on. Its item event stands in the log with the text it had
   * at first; at the end the item comes once more, whole. After `ok` or `gap` every growing part is sent from offset 0.
   */
  z.object({
    type: z.literal("delta"),
    id: z.string(),
    turn: z.number().int(),
    kind: z.enum(["message", "reasoning"]),
    offset: z.number().int(),
    text: z.string(),
  }),
  /** As a delta, of what a running call prints: the output of the item `id` from `offset` on. Its result comes with the item. */
  z.object({
    type: z.literal("output"),
    id: z.string(),
    turn: z.number().int(),
    offset: z.number().int(),
    text: z.string(),
  }),
  /** A span of the trace began or ended. Not in the log's order; the higher version is newer. */
  z.object({ type: z.literal("span"), span: Span }),
  /** Spans may have begun or ended that this client was not told of, because it was behind; `/traces` has them. */
  z.object({ type: z.literal("spans_missed") }),
]);
export type SessionServerFrame = z.infer<typeof SessionServerFrame>;
