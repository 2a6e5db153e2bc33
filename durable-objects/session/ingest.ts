import { eq } from "drizzle-orm";
import type { CommandResult } from "../../protocol/commands.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import type { Session } from "../../protocol/session.ts";
import type { Database } from "../shared/database.ts";
import { ingested } from "./schema.ts";
import type { SessionCommands } from "./SessionCommands.ts";
import type { Change, SessionStore } from "./SessionStore.ts";

/** A daemon's message for one session, with its place in the journal. */
export type Numbered = { seq: number; message: Extract<DaemonMessage, { session: string }> };

/**
 * Takes a daemon's messages into the log, each once: what is at or below the journal's cursor was taken before.
 * Resolves when they are committed.
 */
export async function ingest(
  parts: { db: Database; store: SessionStore; commands: SessionCommands },
  epoch: string,
  messages: Numbered[],
): Promise<void> {
  const { db, store, commands } = parts;
  let results: { id: string; result: CommandResult }[] = [];
  await store.write((session) => {
    results = [];
    const cursor = db.select().from(ingested).where(eq(ingested.epoch, epoch)).get()?.seq ?? 0;
    const fresh = messages.filter(({ seq }) => seq > cursor);
    const last = fresh.at(-1);
    if (last === undefined) return null;
    db.insert(ingested)
      .values({ epoch, seq: last.seq })
      .onConflictDoUpdate({ target: ingested.epoch, set: { seq: last.seq } })
      .run();
    const sum: Change = { events: [] };
    for (const { message } of fresh) {
      const change = changeOf(message, session, commands);
      if (change?.facts !== undefined) sum.facts = change.facts;
      sum.events?.push(...(change?.events ?? []));
      if (message.kind === "result") results.push(message);
    }
    return sum;
  });
  for (const { id, result } of results) commands.announce(id, result);
}

function changeOf(message: Numbered["message"], session: Session, commands: SessionCommands): Change | null {
  switch (message.kind) {
    case "session":
    case "facts":
      return { facts: message.facts };
    case "events":
      return { events: message.events };
    case "result":
      return commands.ended(session, message.id, message.result, Date.now());
  }
}
