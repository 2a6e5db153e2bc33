import { and, asc, eq, isNotNull, isNull, lt } from "drizzle-orm";
import { type Command, type CommandOf, CommandResult } from "../../protocol/commands.ts";
import { DEFAULT_COMMAND_TTL_MS } from "../../protocol/limits.ts";
import type { CommandAnswer } from "../../protocol/api.ts";
import type { Session } from "../../protocol/session.ts";
import { allDone } from "../shared/allDone.ts";
import type { Database } from "../shared/database.ts";
import { nextPosition } from "../shared/nextPosition.ts";
import { describeCommand } from "./describeCommand.ts";
import { commands } from "./schema.ts";
import type { Change, SessionStore } from "./SessionStore.ts";

/** A command on its way to the host object. */
export type Forwarded = {
  id: string;
  session: string;
  command: Command;
  expires_at: number;
  /** The host it goes to; null: the session's own. */
  host: string | null;
};

/** Ended commands are remembered this long, so that a repeated request gets the same answer. */
const KEEP_ENDED_MS = 24 * 60 * 60 * 1000;

type Parts = {
  db: Database;
  store: SessionStore;
  /** Hands a command to the host's outbox; idempotent by id. Resolves to its result when the host will never get it. */
  forward: (command: Forwarded) => Promise<CommandResult | null>;
  /** Takes a command back from the host's outbox. True when it had not been sent and never will be. */
  cancel: (id: string) => Promise<boolean>;
  /** As `cancel`, but lets one that was sent go on. */
  takeBack: (id: string) => Promise<boolean>;
  /** A model's call has ended: the events that tell its card. Runs inside the step that stores the result. */
  callEnded: (
    session: Session,
    id: string,
    result: CommandResult,
    at: number,
  ) => NonNullable<Change["events"]>;
  /** A decision has reached its agent, or never will: the events that tell it. Inside the step, too. */
  decided: (command: CommandOf<"decide">, result: CommandResult, at: number) => NonNullable<Change["events"]>;
  /** Makes sure that `forwardAll` runs again. */
  retryAt: (at: number) => void;
};

/** A command's row; what it holds was parsed when it came, and an older version's must not hold up what comes now. */
type Stored = { command: Command; by: string };

/** The commands of a session: recorded before they leave, ended once, remembered by id. */
export class SessionCommands {
  readonly #parts: Parts;
  readonly #waiting = new Map<string, Set<(result: CommandResult) => void>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Records a command as an event and hands it to the host. The same id again changes nothing. */
  async start(id: string, command: Command, by: string, expiresInMs: number | undefined): Promise<void> {
    const { db, store } = this.#parts;
    const now = Date.now();
    const expires_at = now + (expiresInMs ?? DEFAULT_COMMAND_TTL_MS);
    await store.write(() => {
      if (db.select({ id: commands.id }).from(commands).where(eq(commands.id, id)).get()) return null;
      const json = JSON.stringify({ command, by } satisfies Stored);
      db.insert(commands)
        .values({ id, position: nextPosition(commands.position), json, expires_at, created_at: now })
        .run();
      this.#parts.retryAt(now + 2_000);
      const event = {
        type: "command",
        id,
        command: command.type,
        summary: describeCommand(command),
        by,
        expires_at,
      } as const;
      return { events: [{ at: now, event }] };
    });
    await this.forwardAll();
  }

  /** Records a model's call inside the caller's step: its card tells of it, so it makes no event of its own. Call `forwardAll` after it. */
  stage(id: string, command: Command, by: string, host: string | null): void {
    const now = Date.now();
    const json = JSON.stringify({ command, by } satisfies Stored);
    this.#parts.db
      .insert(commands)
      .values({
        id,
        position: nextPosition(commands.position),
        json,
        expires_at: now + DEFAULT_COMMAND_TTL_MS,
        created_at: now,
        host,
      })
      .run();
    this.#parts.retryAt(now + 2_000);
  }

  /** Whether a command was given, as long as it is remembered. */
  knows(id: string): boolean {
    const { db } = this.#parts;
    return db.select({ id: commands.id }).from(commands).where(eq(commands.id, id)).get() !== undefined;
  }

  /** The host a command went to, when it was not the session's own. */
  hostOf(id: string): string | null {
    return (
      this.#parts.db.select({ host: commands.host }).from(commands).where(eq(commands.id, id)).get()?.host ??
      null
    );
  }

  /** Hands everything to the host objects that they may not have. A host that cannot be reached holds up no other; then it throws. */
  async forwardAll(): Promise<void> {
    const session = this.#parts.store.current?.session.id;
    if (session === undefined) return;
    const rows = this.#parts.db
      .select()
      .from(commands)
      .where(and(eq(commands.forwarded, 0), isNull(commands.result)))
      .orderBy(asc(commands.position))
      .all();
    const byHost = Map.groupBy(rows, ({ host }) => host);
    await allDone([...byHost.values()].map((some) => this.#forward(session, some)));
  }

  /** The commands for one host, in order. */
  async #forward(session: string, rows: (typeof commands.$inferSelect)[]): Promise<void> {
    const { db, forward } = this.#parts;
    for (const { id, json, expires_at, host } of rows) {
      const { command }: Stored = JSON.parse(json);
      const result = await forward({ id, session, command, expires_at: expires_at ?? 0, host });
      if (result !== null) await this.end(id, result);
      db.update(commands).set({ forwarded: 1 }).where(eq(commands.id, id)).run();
    }
  }

  /** The change that a result makes; null when the command has ended before. Runs inside a step. */
  ended(session: Session, id: string, result: CommandResult, at: number): Change | null {
    const { db } = this.#parts;
    const row = db.select().from(commands).where(eq(commands.id, id)).get();
    if (row === undefined || row.result !== null) return null;
    const { command, by }: Stored = JSON.parse(row.json);
    db.update(commands)
      .set({ result: JSON.stringify(forLater(result)), expires_at: at + KEEP_ENDED_MS })
      .where(eq(commands.id, id))
      .run();
    db.delete(commands)
      .where(and(isNotNull(commands.result), lt(commands.expires_at, at)))
      .run();
    if (command.type === "decide") return { events: this.#parts.decided(command, result, at) };
    if (command.type === "tool") return { events: this.#parts.callEnded(session, id, result, at) };
    const event = { type: "command_result", id, command: command.type, result: forLog(result) } as const;
    const chosen = command.type === "set_model" && result.status === "done" ? [command] : [];
    const model = chosen.map(({ model }) => ({
      at,
      event: { type: "model", model, effort: null, by } as const,
    }));
    return {
      events: [
        { at, event },
        ...model,
        ...(session.status === "starting" ? failedStart(command, result, at) : []),
      ],
    };
  }

  /** Ends a command, unless it has ended before. */
  async end(id: string, result: CommandResult): Promise<void> {
    await this.#parts.store.write((session) => this.ended(session, id, result, Date.now()));
    this.announce(id, result);
  }

  /** The commands that have no result yet. */
  open(): string[] {
    const { db } = this.#parts;
    const rows = db.select({ id: commands.id }).from(commands).where(isNull(commands.result)).all();
    return rows.map(({ id }) => id);
  }

  /** Wakes those who wait for a command; call it once its end is committed. */
  announce(id: string, result: CommandResult): void {
    for (const resolve of this.#waiting.get(id) ?? []) resolve(result);
    this.#waiting.delete(id);
  }

  /** Takes back a command that has not left the host object, and tells nothing of it; false when only the host knows. `then` joins the step. */
  async takeBack(id: string, then: () => Change | null): Promise<boolean> {
    const { db, store } = this.#parts;
    if (!(await this.#parts.takeBack(id))) return false;
    let taken = false;
    await store.write(() => {
      const mine = and(eq(commands.id, id), isNull(commands.result));
      taken = db.delete(commands).where(mine).returning({ id: commands.id }).all().length > 0;
      return taken ? then() : null;
    });
    return taken;
  }

  /** Ends a command that has not left the host object; false when only the host knows. */
  async cancel(id: string): Promise<boolean> {
    const known = this.#parts.db.select().from(commands).where(eq(commands.id, id)).get();
    if (known === undefined || known.result !== null) return false;
    if (!(await this.#parts.cancel(id))) return false;
    await this.end(id, { status: "cancelled" });
    return true;
  }

  /** How a command stands; waits up to `waitMs` for its result. Null when it is not known. */
  async answer(id: string, waitMs: number): Promise<CommandAnswer | null> {
    const session = this.#parts.store.current?.session.id;
    const row = this.#parts.db.select().from(commands).where(eq(commands.id, id)).get();
    if (row === undefined || session === undefined) return null;
    let result = row.result === null ? null : CommandResult.parse(JSON.parse(row.result));
    if (result === null && waitMs > 0) result = await this.#wait(id, waitMs);
    return { id, session, status: result?.status ?? "queued", result };
  }

  #wait(id: string, waitMs: number): Promise<CommandResult | null> {
    const { promise, resolve } = Promise.withResolvers<CommandResult | null>();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(resolve));
    const timer = setTimeout(() => resolve(null), waitMs);
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(resolve);
      if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
    });
  }
}

/** A session that could not be started has ended. */
function failedStart(
  command: Command,
  result: CommandResult,
  at: number,
): { at: number; event: StartFailed }[] {
  if (!STARTS.has(command.type)) return [];
  if (result.status === "done") return [];
  const message = "message" in result ? result.message : `The start was ${result.status}.`;
  const exit = { code: null, signal: null, message };
  return [{ at, event: { type: "ended", status: "trouble", exit } }];
}
const STARTS = new Set<Command["type"]>(["spawn", "adopt", "codex_start", "agent_start"]);
type StartFailed = { type: "ended"; status: "trouble"; exit: { code: null; signal: null; message: string } };

/** Bulky values (screen text, matches) go to whoever waits, not into the log. */
function forLog(result: CommandResult): CommandResult {
  if (result.status !== "done") return result;
  const { value } = result;
  if (value.type === "snapshot") return { status: "done", value: { type: "nothing" } };
  if (value.type === "search") return { status: "done", value: { ...value, matches: [] } };
  return result;
}

/** What a repeated request gets: all of it, unless it is larger than a row should be. */
function forLater(result: CommandResult): CommandResult {
  return JSON.stringify(result).length > 512 * 1024 ? forLog(result) : result;
}
