import { and, asc, desc, eq, isNull, lt, sql } from "drizzle-orm";
import type { AttachmentRef, Usage } from "../../../protocol/events.ts";
import type { EditMessage, QueuedMessage } from "../../../protocol/api.ts";
import type { Database } from "../../shared/database.ts";
import { nextPosition } from "../../shared/nextPosition.ts";
import { calls, parts, queue, turns } from "../schema.ts";
import type { Call } from "./callResult.ts";

export type Turn = typeof turns.$inferSelect;

export const NO_USAGE: Usage = {
  input_tokens: 0,
  cached_input_tokens: 0,
  cache_write_input_tokens: 0,
  output_tokens: 0,
  reasoning_output_tokens: 0,
};

/** The rows of turns, calls and the queue. Synchronous; joins the caller's transaction. */
export class TurnStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The turn that runs, or null. */
  active(): Turn | null {
    return this.#db.select().from(turns).where(isNull(turns.ended_at)).get() ?? null;
  }

  /** Tokens of these turns. */
  usageOf(numbers: number[]): Usage {
    return this.#db
      .select({ number: turns.number, usage: turns.usage })
      .from(turns)
      .all()
      .filter(({ number }) => numbers.includes(number))
      .reduce((sum, { usage }) => addUsage(sum, JSON.parse(usage)), NO_USAGE);
  }

  begin(model: string, now: number, compact: Turn["compact"] = null): Turn {
    const last = this.#db
      .select({ number: turns.number })
      .from(turns)
      .orderBy(desc(turns.number))
      .limit(1)
      .get();
    const fresh = {
      number: (last?.number ?? 0) + 1,
      model,
      usage: JSON.stringify(NO_USAGE),
      started_at: now,
      compact,
    };
    return this.#db.insert(turns).values(fresh).returning().get();
  }

  update(turn: number, set: Partial<Omit<Turn, "number">>): void {
    this.#db.update(turns).set(set).where(eq(turns.number, turn)).run();
  }

  addCall(call: Call): void {
    this.#db.insert(calls).values(call).run();
  }

  updateCall(id: string, set: Partial<Omit<Call, "id">>): Call | null {
    return this.#db.update(calls).set(set).where(eq(calls.id, id)).returning().all()[0] ?? null;
  }

  call(id: string): Call | null {
    return this.#db.select().from(calls).where(eq(calls.id, id)).get() ?? null;
  }

  callOfCommand(command: string): Call | null {
    return this.#db.select().from(calls).where(eq(calls.command, command)).get() ?? null;
  }

  callOfApproval(approval: string): Call | null {
    return this.#db.select().from(calls).where(eq(calls.approval, approval)).get() ?? null;
  }

  /** The calls of a step, in the order the model made them. */
  calls(turn: number, step: number): Call[] {
    return this.#db
      .select()
      .from(calls)
      .where(and(eq(calls.turn, turn), eq(calls.step, step)))
      .orderBy(sql`length(${calls.id})`, asc(calls.id)) // c100 comes after c99
      .all();
  }

  /** The calls of the turn's earlier steps. */
  earlierCalls(turn: number, step: number): Call[] {
    return this.#db
      .select()
      .from(calls)
      .where(and(eq(calls.turn, turn), lt(calls.step, step)))
      .all();
  }

  /** Paths outside the workspace of a host that have been given to read, and by which approval, if by one. */
  readablePaths(host: string | null): { path: string; approval: string | null }[] {
    if (host === null) return [];
    const given = this.#db
      .select({ input: calls.input, approval: calls.approval })
      .from(calls)
      .where(and(eq(calls.tool, "request_read_access"), eq(calls.state, "completed"), eq(calls.host, host)))
      .all();
    return given.map(({ input, approval }) => ({ path: String(JSON.parse(input).path), approval }));
  }

  /** Forgets everything, for a session that is deleted. */
  clear(): void {
    for (const table of [turns, calls, queue, parts]) this.#db.delete(table).run();
  }

  /** Puts a message into the queue, or notes that it left it at once; returns the one that has its id, when there is or was such a one. */
  enqueue(message: QueuedMessage, left_at: number | null): QueuedMessage | null {
    const known = this.#db.select(MESSAGE).from(queue).where(eq(queue.id, message.id)).get();
    if (known !== undefined) return messageOf(known);
    this.#db
      .delete(queue)
      .where(lt(queue.left_at, message.created_at - KEEP_IDS_MS))
      .run();
    this.#db
      .insert(queue)
      .values({ ...message, position: nextPosition(queue.position), left_at })
      .run();
    return null;
  }

  /** The messages that wait. */
  queued(): QueuedMessage[] {
    return this.#db
      .select(MESSAGE)
      .from(queue)
      .where(isNull(queue.left_at))
      .orderBy(asc(queue.position))
      .all()
      .map(messageOf);
  }

  /** Changes a message that waits; null when it does not (any more). */
  editQueued(id: string, set: EditMessage): QueuedMessage | null {
    const edited = this.#db.update(queue).set(set).where(waits(id)).returning(MESSAGE).all()[0];
    return edited === undefined ? null : messageOf(edited);
  }

  /** Takes a message out of the queue; null when it is not there (any more). */
  takeQueued(id: string, now: number): QueuedMessage | null {
    const left = { left_at: now };
    const taken = this.#db.update(queue).set(left).where(waits(id)).returning(MESSAGE).all()[0];
    return taken === undefined ? null : messageOf(taken);
  }
}

/** The id of a message that has left the queue is known this long: sent again within it, it is not said again. */
const KEEP_IDS_MS = 24 * 60 * 60 * 1000;

const MESSAGE = {
  id: queue.id,
  text: queue.text,
  by: queue.by,
  created_at: queue.created_at,
  attachments: queue.attachments,
  steer: queue.steer,
};

function messageOf({
  attachments,
  steer,
  ...message
}: Omit<QueuedMessage, "attachments"> & { attachments: AttachmentRef[] | null }): QueuedMessage {
  return {
    ...message,
    ...(attachments === null ? {} : { attachments }),
    ...(steer === true ? { steer } : {}),
  };
}

function waits(id: string) {
  return and(eq(queue.id, id), isNull(queue.left_at));
}

/** The sum of two usages. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input_tokens: a.input_tokens + b.input_tokens,
    cached_input_tokens: a.cached_input_tokens + b.cached_input_tokens,
    cache_write_input_tokens: a.cache_write_input_tokens + b.cache_write_input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    reasoning_output_tokens: a.reasoning_output_tokens + b.reasoning_output_tokens,
  };
}
