import type { AttachmentRef } from "../../protocol/events.ts";
import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

export { alarms, outbox } from "../shared/tables.ts";

/** The one row of the session itself: a projection of its log and of what its host reports. */
export const session = sqliteTable("session", {
  id: text().primaryKey(),
  /** Names the log; a client's cursor holds only within it. */
  epoch: text().notNull(),
  /** Last seq of the log. */
  head: integer().notNull(),
  /** {@link Session} as JSON; null once the session is deleted (a tombstone, so that late messages change nothing). */
  json: text(),
  /** The spans that run, and those that ended and were not published ({@link Span} as JSON array). */
  trace: text(),
});

/** The log: several events per row as the JSON that clients get, without the brackets. */
export const chunks = sqliteTable("chunk", {
  first: integer().primaryKey(),
  last: integer().notNull(),
  bytes: integer().notNull(),
  body: text().notNull(),
});

/** Last link message of a journal that is in the log; makes redelivery harmless. */
export const ingested = sqliteTable("ingested", {
  epoch: text().primaryKey(),
  seq: integer().notNull(),
});

/** Commands: on their way to the host object (`forwarded` 0), with the host (1), ended (`result`). */
export const commands = sqliteTable("command", {
  id: text().primaryKey(),
  /** They leave in this order; see `nextPosition`. */
  position: integer().notNull(),
  json: text().notNull(),
  /** When it expires; once it has ended, when it may be forgotten. */
  expires_at: integer(),
  forwarded: integer().notNull().default(0),
  created_at: integer().notNull(),
  result: text(),
  /** The host it goes to, when that is not the session's own (a chat that hops). */
  host: text(),
});

/** Turns of a chat. At most one has no `ended_at`. */
export const turns = sqliteTable("turn", {
  number: integer().primaryKey(),
  /** The step whose model call or tool calls are next, from 1. */
  step: integer().notNull().default(1),
  /** `model`: the model is to be asked for the step; `calls`: the step's calls are to be settled. */
  phase: text({ enum: ["model", "calls"] })
    .notNull()
    .default("model"),
  model: text().notNull(),
  cancelled_by: text(),
  /** Calls in a row that went wrong. */
  mistakes: integer().notNull().default(0),
  /** {@link Usage} summed over the steps. */
  usage: text().notNull(),
  started_at: integer().notNull(),
  ended_at: integer(),
  /** The conversation is to be shortened before the model is asked again (`first`), or to end the turn (`last`). */
  compact: text({ enum: ["first", "last"] }),
  /** The step that last shortened it. */
  shortened: integer().notNull().default(-1),
});

/** Tool calls of the model loop. The id is the item's, and the idempotency key from model to host. */
export const calls = sqliteTable("call", {
  id: text().primaryKey(),
  turn: integer().notNull(),
  step: integer().notNull(),
  /** The model's own id of the call. */
  tool_call: text().notNull(),
  tool: text().notNull(),
  input: text().notNull(),
  state: text({
    enum: [
      "proposed",
      "waiting",
      "dispatched",
      "completed",
      "failed",
      "denied",
      "expired",
      "indeterminate",
      "cancelled",
    ],
  }).notNull(),
  approval: text(),
  host: text(),
  /** The command that carries it to the host. */
  command: text(),
  output: text(),
  output_cut: integer().notNull().default(0),
  error: text(),
});

/** What the model has been told and has said, in order, as the messages of `ai`. */
export const messages = sqliteTable("message", {
  position: integer().primaryKey(),
  turn: integer().notNull(),
  json: text().notNull(),
  /** The last event of the log before it. */
  seq: integer(),
  /** Tokens of the conversation up to and with it, as the model counted them. */
  tokens: integer(),
});

/** The one row of what stands for the older part of the conversation. */
export const summaries = sqliteTable("summary", {
  id: integer().primaryKey(),
  text: text().notNull(),
  /** The last message that it replaces, and the last event of the log that tells of those. */
  upto: integer().notNull(),
  to_seq: integer().notNull(),
  /** The last message when it was made: what the model counted up to then was of a longer conversation. */
  made_at: integer().notNull(),
});

/** Messages that wait for the running turn, in order; one that was taken or removed stays a while, so that its id is known. */
export const queue = sqliteTable("queue", {
  id: text().primaryKey(),
  position: integer().notNull(),
  text: text().notNull(),
  by: text().notNull(),
  created_at: integer().notNull(),
  /** It is taken before the next step of the running turn, not after its end. */
  steer: integer({ mode: "boolean" }).notNull().default(false),
  /** When it was taken or removed; null while it waits. */
  left_at: integer(),
  /** Files that go with it. */
  attachments: text({ mode: "json" }).$type<AttachmentRef[]>(),
});

/** Files that were uploaded; the bytes are in R2 under `key`, which several rows of the same content share. */
export const attachments = sqliteTable("attachment", {
  id: text().primaryKey(),
  sha256: text().notNull(),
  key: text().notNull(),
  name: text().notNull(),
  size: integer().notNull(),
  /** By the bytes; null while they are still on their way. */
  type: text(),
  width: integer(),
  height: integer(),
  /** Messages that carry it. */
  uses: integer().notNull().default(0),
  touched_at: integer().notNull(),
  /** 1: its bytes are to be deleted, and then this row. */
  gone: integer().notNull().default(0),
});

/** Text that is being streamed: rewritten a few times a second, gone once its item is whole in the log. */
export const parts = sqliteTable("part", {
  id: text().primaryKey(),
  turn: integer().notNull(),
  kind: text({ enum: ["message", "reasoning"] }).notNull(),
  text: text().notNull(),
});

/** The ledger: {@link Approval} as JSON, with what is looked up. */
export const approvals = sqliteTable("approval", {
  id: text().primaryKey(),
  request: text().notNull().unique(),
  status: text().notNull(),
  /** When it expires, while it waits. */
  expires_at: integer(),
  json: text().notNull(),
});

/** Whole inputs and outputs of spans on their way to R2. */
export const spanTexts = sqliteTable(
  "span_text",
  {
    span: text().notNull(),
    side: text({ enum: ["input", "output"] }).notNull(),
    text: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.span, table.side] })],
);

/** {@link Grant} as JSON; a revoked one is deleted (its event stays). */
export const grants = sqliteTable("grant_given", {
  id: text().primaryKey(),
  expires_at: integer(),
  json: text().notNull(),
});

/** The one row of a session that something else started: what is asked of it, and how that ended. */
export const jobs = sqliteTable("job", {
  id: integer().primaryKey(),
  /** Counts what it was asked, from 1. */
  round: integer().notNull(),
  /** The message or command that asks. */
  asked: text().notNull(),
  /** Last event of the log before that was taken; null until then. */
  began_at: integer(),
  cancelled_by: text(),
  /** {@link JobNotice} as JSON, once it has ended. */
  notice: text(),
  /** 1: its owner has taken it. */
  told: integer().notNull().default(0),
});

/** Tasks that this session's work waits for, when it has an owner itself: until it is told how they ended, it has not ended. */
export const children = sqliteTable("child", { task: text().primaryKey() });
