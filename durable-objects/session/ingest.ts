import { eq, sql } from "drizzle-orm";
import type { CommandResult } from "../../protocol/commands.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import type { Session } from "../../protocol/session.ts";
import type { Database } from "../shared/database.ts";
import { ingested } from "./schema.ts";
import type { AgentRequests } from "./approvals/AgentRequests.ts";
import type { SessionCommands } from "./SessionCommands.ts";
import type { Change, SessionStore } from "./SessionStore.ts";

/** A daemon's message for one session, with its place in the journal. */
export type Numbered = { seq: number; message: Extract<DaemonMessage, { session: string }> };

export type IngestParts = {
  cursors: JournalCursors;
  store: SessionStore;
  commands: SessionCommands;
  requests: AgentRequests;
};

/** Last message of each journal that is in the log. Prepared once: it is asked for every frame of a link. */
export class JournalCursors {
  readonly #read;
  readonly #write;

  constructor(db: Database) {
    const epoch = sql.placeholder("epoch");
    const seq = sql.placeholder("seq");
    this.#read = db.select({ seq: ingested.seq }).from(ingested).where(eq(ingested.epoch, epoch)).prepare();
    this.#write = db
      .insert(ingested)
      .values({ epoch, seq })
      .onConflictDoUpdate({ target: ingested.epoch, set: { seq: sql`excluded.seq` } })
      .prepare();
  }

  get(epoch: string): number {
    return this.#read.get({ epoch })?.seq ?? 0;
  }

  /** Part of the caller's transaction. */
  set(epoch: string, seq: number): void {
    this.#write.run({ epoch, seq });
  }
}

/**
 * Takes a daemon's messages into the log, each once: what is at or below the journal's cursor was taken before.
 * Resolves when they are committed.
 */
export async function ingest(
  { cursors, store, commands, requests }: IngestParts,
  epoch: string,
  messages: Numbered[],
): Promise<void> {
  let results: { id: string; result: CommandResult }[] = [];
  await store.write((session) => {
    results = [];
    const cursor = cursors.get(epoch);
    const fresh = messages.filter(({ seq }) => seq > cursor);
    const last = fresh.at(-1);
    if (last === undefined) return null;
    cursors.set(epoch, last.seq);
    const sum: Change = { events: [] };
    for (const { message } of fresh) {
      const change = changeOf(message, session, commands, requests);
      if (change?.facts !== undefined) sum.facts = change.facts;
      sum.events?.push(...(change?.events ?? []));
      if (message.kind === "result") results.push(message);
    }
    return sum;
  }, messages.length);
  for (const { id, result } of results) commands.announce(id, result);
}

function changeOf(
  message: Numbered["message"],
  session: Session,
  commands: SessionCommands,
  requests: AgentRequests,
): Change | null {
  switch (message.kind) {
    case "session":
    case "facts":
      return { facts: message.facts };
    case "events":
      return { events: [...message.events, ...abandoned(message.events, requests)] };
    case "background":
      return backgroundChange(message, hostOfBackground(session, commands, message.id));
    case "request":
      return { events: requests.opened(session, message.request, Date.now(), message.decided) };
    case "request_ended":
      return { events: requests.ended(message.request, message.end, Date.now()) };
    case "result":
      return commands.ended(session, message.id, message.result, Date.now());
  }
}

/** What still waited when the session ended has nobody who waits for it. */
function abandoned(events: SessionEvents, requests: AgentRequests): SessionEvents {
  return events.some(({ event }) => event.type === "ended") ? requests.abandon(Date.now()) : [];
}
type SessionEvents = NonNullable<Change["events"]>;

/** A background command begins where its call was sent, and ends where it began. */
function backgroundChange(
  { id, summary, exit }: Extract<DaemonMessage, { kind: "background" }>,
  host: string | null,
): Change | null {
  return host === null
    ? null
    : { events: [{ at: Date.now(), event: { type: "background", id, host, summary, exit } }] };
}

/** The host of a background command: where it runs, or where its call was sent; null when it is not known (any more). */
export function hostOfBackground(session: Session, commands: SessionCommands, id: string): string | null {
  return session.background?.find((each) => each.id === id)?.host ?? commands.hostOf(id);
}

/** A host may speak for its own session; for a chat that hopped, only of the commands that were sent to it. */
export function mayTell(
  session: Session | undefined,
  commands: SessionCommands,
  host: string,
  messages: Numbered[],
): boolean {
  if (session?.provider !== "edge") return session?.host === host;
  return messages.every(({ message }) => {
    if (message.kind === "result") return commands.hostOf(message.id) === host;
    // Of one that nobody knows any more nothing is noted.
    return (
      message.kind === "background" && [host, null].includes(hostOfBackground(session, commands, message.id))
    );
  });
}
