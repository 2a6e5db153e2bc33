import { desc } from "drizzle-orm";
import type { EventBody } from "../../protocol/events.ts";
import { MAX_EVENT_BYTES } from "../../protocol/limits.ts";
import { isEnded, needsAttention, type Session, type SessionFacts } from "../../protocol/session.ts";
import { Batcher } from "../shared/Batcher.ts";
import { logError } from "../shared/logError.ts";
import type { Database } from "../shared/database.ts";
import type { Publisher } from "../shared/Publisher.ts";
import type { EventLog, Run } from "./EventLog.ts";
import { differs, projectEvent, projectFacts } from "./projectSession.ts";
import { chunks, commands, session as sessionTable } from "./schema.ts";
import type { Span } from "../../protocol/traces.ts";
import type { Happening, ModelMark } from "./traces/follow.ts";
import type { Taken, Traces } from "./traces/Traces.ts";

/** What a step changes. Events go to the log and the trace; facts only to the projection, a mark only to the trace. */
export type Change = {
  events?: { at: number; event: EventBody }[];
  facts?: SessionFacts;
  mark?: { at: number; mark: ModelMark };
};

/** Runs inside the transaction of a flush; may write other tables; null changes nothing. */
/** The events of a change, each with its time. */
export type Events = NonNullable<Change["events"]>;

export type Step = (session: Session) => Change | null;

/** What is published of a session that was deleted. */
export type Gone = { gone: string; team: string };

export type Current = { session: Session; epoch: string; head: number };

type Parts = {
  db: Database;
  storage: DurableObjectStorage;
  log: EventLog;
  publisher: Publisher;
  traces: Traces;
  /** What follows from the events of a flush, which go into the log after `head`. Inside its transaction. */
  follow: (session: Session, head: number, events: Events) => Events;
  /** Called after each committed flush, with what clients must learn. */
  onCommit: (run: Run | null, changed: Session | null, spans: Span[]) => void;
};

/** The session's truth: every change goes through `write`, one transaction per flush, log and projection together. */
export class SessionStore {
  readonly #parts: Parts;
  readonly #batcher = new Batcher<Step>((steps) => this.#flush(steps));
  #current: Current | null;
  #deleted: boolean;

  constructor(parts: Parts) {
    this.#parts = parts;
    const row = parts.db.select().from(sessionTable).limit(1).get();
    this.#deleted = row?.json === null;
    // The head is that of the log itself, so that a flush without a changed projection writes one row less.
    const last = parts.db
      .select({ last: chunks.last })
      .from(chunks)
      .orderBy(desc(chunks.first))
      .limit(1)
      .get()?.last;
    this.#current =
      row === undefined || row.json === null
        ? null
        : { session: JSON.parse(row.json), epoch: row.epoch, head: last ?? row.head };
  }

  /** The session now; null before it is made and after it is deleted. */
  get current(): Current | null {
    return this.#current;
  }

  /** True once it was deleted: nothing brings it back. */
  get deleted(): boolean {
    return this.#deleted;
  }

  /** Makes the session. Does nothing when it exists. */
  create(session: Session): void {
    if (this.#current !== null || this.#deleted) return;
    const epoch = crypto.randomUUID();
    this.#parts.db
      .insert(sessionTable)
      .values({ id: session.id, epoch, head: 0, json: JSON.stringify(session) })
      .run();
    this.#current = { session, epoch, head: 0 };
  }

  /** Sees to it that a session that was never made never will be. */
  bury(id: string): void {
    if (this.#current !== null || this.#deleted) return;
    this.#parts.db.insert(sessionTable).values({ id, epoch: crypto.randomUUID(), head: 0, json: null }).run();
    this.#deleted = true;
  }

  /** Applies a step of about so many events; resolves when it is committed, rejects when it or its transaction failed. */
  write(step: Step, events: number = 1): Promise<void> {
    return this.#batcher.add(step, events);
  }

  /** Deletes log, commands and projection, leaves a tombstone, and notes for D1 and the hub that it is gone. `also` joins the transaction. */
  delete(also: () => void = () => undefined): void {
    const session = this.#current?.session;
    if (session === undefined) return;
    const { db, storage, log, publisher, traces } = this.#parts;
    storage.transactionSync(() => {
      also();
      log.clear();
      traces.clear();
      db.delete(commands).run();
      db.update(sessionTable).set({ json: null }).run();
      const gone: Gone = { gone: session.id, team: session.team };
      publisher.put({ key: session.id, version: session.version + 1, body: JSON.stringify(gone) });
    });
    this.#current = null;
    this.#deleted = true;
  }

  #flush(steps: Step[]): void {
    const before = this.#current;
    if (before === null) throw new Error("This session does not exist.");
    const { db, storage, log, publisher, traces, follow, onCommit } = this.#parts;
    let run: Run | null = null;
    let session = before.session;
    let changed = false;
    let trace: Taken | null = null;
    storage.transactionSync(() => {
      const events: { at: number; json: string }[] = [];
      const happened: Happening[] = [];
      const told: Events = [];
      const take = (change: Change) => {
        if (change.facts !== undefined) session = projectFacts(session, change.facts);
        if (change.mark !== undefined) happened.push(change.mark);
        happened.push(...(change.events ?? []));
        for (const { at, event } of change.events ?? []) {
          const kept = fitted(event);
          session = projectEvent(session, kept.event, at);
          events.push({ at, json: kept.json });
          told.push({ at, event: kept.event });
        }
      };
      for (const step of steps) {
        const change = step(session);
        if (change !== null) take(change);
      }
      take({ events: follow(session, before.head, told) });
      if (events.length > 0) run = log.append(before.head, events);
      if (happened.length > 0) trace = traces.take({ team: session.team, session: session.id }, happened);
      const head = before.head + events.length;
      // Version 0 is a session that nobody has been told of.
      changed =
        before.session.version === 0 || (session !== before.session && differs(session, before.session));
      if (changed) {
        session = { ...session, seq: head, updated_at: Date.now(), version: session.version + 1 };
        publisher.changed(isAwaited(before.session, session) ? "now" : "soon");
      } else {
        session = { ...before.session, seq: head };
      }
      const row = {
        ...(changed ? { json: JSON.stringify(session), head } : {}),
        ...(typeof trace?.row === "string" ? { trace: trace.row } : {}),
      };
      if (Object.keys(row).length > 0) db.update(sessionTable).set(row).run();
    });
    const appended = run as Run | null;
    const traced = trace as Taken | null;
    const spans = traced === null ? [] : traces.keep(traced);
    this.#current = { ...before, session, head: appended?.last ?? before.head };
    try {
      onCommit(appended, changed ? session : null, spans);
    } catch (error) {
      logError("committed, but not told to everybody", error); // thrown on, it would look like a rollback
    }
  }
}

/** Whether somebody waits for what has changed: the session is new, needs a person or does so no longer, or has ended. */
function isAwaited(before: Session, after: Session): boolean {
  return (
    before.version === 0 ||
    after.status === "waiting" ||
    needsAttention(before) !== needsAttention(after) ||
    isEnded(after)
  );
}

/** An event with its JSON; one that is too large to keep is replaced by a notice that says so. */
function fitted(event: EventBody): { event: EventBody; json: string } {
  const json = JSON.stringify(event);
  if (json.length <= MAX_EVENT_BYTES) return { event, json };
  // What a call would write may be long; the card and the approval stay, and the whole input is in the ledger.
  const shorter = withShortInput(event);
  if (shorter !== null) return { event: shorter, json: JSON.stringify(shorter) };
  const notice: EventBody = {
    type: "notice",
    level: "warning",
    message: `An event of type ${event.type} was too large to keep (${json.length} bytes).`,
  };
  return { event: notice, json: JSON.stringify(notice) };
}

/** The same event with the long texts of its call's input cut; null when it is no call's. */
function withShortInput(event: EventBody): EventBody | null {
  if (event.type === "item" && event.item.kind === "call")
    return { ...event, item: { ...event.item, input: shortInput(event.item.input) } };
  if (event.type !== "approval") return null;
  const { input, edited_input } = event.approval;
  const edited = edited_input === null ? null : shortInput(edited_input);
  return { ...event, approval: { ...event.approval, input: shortInput(input), edited_input: edited } };
}

/** JSON text whose long strings are cut, and say so. */
function shortInput(json: string): string {
  const cut = (_: string, value: unknown) =>
    typeof value === "string" && value.length > MOST_INPUT_CHARS
      ? `${value.slice(0, MOST_INPUT_CHARS)}… (${value.length - MOST_INPUT_CHARS} characters more)`
      : value;
  const short = JSON.stringify(JSON.parse(json), cut);
  return short.length > 4 * MOST_INPUT_CHARS
    ? JSON.stringify({ cut: short.slice(0, MOST_INPUT_CHARS) })
    : short;
}
const MOST_INPUT_CHARS = 8 * 1024;
