import { randomBytes } from "node:crypto";
import type { EventBody } from "../../protocol/events.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import type { Log, Outlet } from "../parts.ts";
import type { Store } from "../store.ts";
import { byteLength, fitMessage } from "./fitMessage.ts";
import { makeLinkTables } from "./linkTables.ts";
import { storageTrouble } from "./storageErrors.ts";

/** Room above the quota for results of commands and for gaps: both are few, and both must get through. */
export const RESERVE_BYTES = 4 * 1024 * 1024;
/** Acks are written down at the latest after this many messages … */
const ACK_BATCH = 128;
/** … or this long: an ack that a crash forgets only means that the edge gets again what it has, and drops it. */
const ACK_DELAY_MS = 250;
/** Gaps are told once the journal is this empty again; at the brim every ack would make another small gap. */
const GAP_FILL = 0.9;
/** How long after a failed write the losses are tried again, when nothing else makes us try. */
const GAP_RETRY_MS = 5_000;
/** A full journal is told once, and again after this long. */
const FULL_LOG_INTERVAL_MS = 60_000;

export type JournalItem = { seq: number; json: string; bytes: number };

export type StoreOptions = {
  /** Runs in the same transaction, with the seq of the last message. */
  also?: ((seq: number) => void) | undefined;
  /** May use {@link RESERVE_BYTES} above the quota. */
  reserve?: boolean;
};

/** The daemon's side of the reliable link: numbered messages that are kept until the edge has acked them. */
export type Journal = Outlet & {
  /** Names this journal; a wiped or renewed one has another. */
  epoch(): string;
  /** Last seq known to be acked. */
  acked(): number;
  /** Last seq given to a message. */
  head(): number;
  /** Bytes of the messages that are not acked. */
  bytes(): number;
  /** What {@link Outlet.put} does, with options. */
  store(messages: DaemonMessage[], options: StoreOptions): boolean;
  /** Messages after a seq, in order: as many as the limits allow, and always at least one if there is one. */
  read(after: number, limit: { messages: number; bytes: number }): JournalItem[];
  /** Everything up to and including `seq` is committed at the edge. */
  ack(seq: number): void;
  /** Begins a new epoch: what is not acked is numbered from 1 again. */
  renew(): void;
  /** Called with the last seq and the bytes that came, whenever something was put. */
  onPut(listener: (head: number, bytes: number) => void): void;
  /** Why nothing more can be stored now, in a sentence; null while all is well. */
  trouble(): string | null;
  /** Writes down what is only in memory. */
  flush(): void;
  stop(): void;
};

export type JournalDeps = { store: Store; maxBytes: number; log: Log; now?: () => number };

/** Opens the journal in the store, making it when it is new. */
export function openJournal({ store, maxBytes, log, now = Date.now }: JournalDeps): Journal {
  const { db } = store;
  makeLinkTables(db);
  db.prepare("INSERT OR IGNORE INTO link_journal VALUES (1, ?, 0, 0)").run(newEpoch());

  const sql = {
    state: db.prepare("SELECT epoch, acked, bytes FROM link_journal"),
    head: db.prepare(
      "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'link_messages'), 0) AS head",
    ),
    insert: db.prepare("INSERT INTO link_messages (json, bytes) VALUES (?, ?)"),
    grow: db.prepare("UPDATE link_journal SET bytes = bytes + ?"),
    read: db.prepare("SELECT seq, json, bytes FROM link_messages WHERE seq > ? ORDER BY seq LIMIT ?"),
    sum: db.prepare("SELECT coalesce(sum(bytes), 0) AS bytes FROM link_messages WHERE seq <= ?"),
    remove: db.prepare("DELETE FROM link_messages WHERE seq <= ?"),
    acked: db.prepare("UPDATE link_journal SET acked = ?, bytes = bytes - ?"),
    gaps: db.prepare("SELECT session, lost, since FROM link_gaps"),
    addGap: db.prepare(
      "INSERT INTO link_gaps VALUES (?, ?, ?) ON CONFLICT (session) DO UPDATE SET lost = lost + excluded.lost",
    ),
    removeGap: db.prepare("DELETE FROM link_gaps WHERE session = ?"),
  };

  let ackedInMemory = readState().acked;
  let ackTimer: NodeJS.Timeout | null = null;
  /** Losses that could not even be written down; they join the gap rows as soon as something can. */
  const unwritten = new Map<string, { lost: number; since: number }>();
  let hasGaps = sql.gaps.all().length > 0;
  let gapTimer: NodeJS.Timeout | null = null;
  let toldFull = Number.NEGATIVE_INFINITY;
  let trouble: string | null = null;
  const listeners: ((head: number, bytes: number) => void)[] = [];
  if (hasGaps) retryGapsLater();

  function readState(): { epoch: string; acked: number; bytes: number } {
    const row = sql.state.get();
    return { epoch: String(row?.epoch), acked: Number(row?.acked), bytes: Number(row?.bytes) };
  }

  /** Runs a write; false when the disk does not take it. Inside somebody else's transaction the error is theirs. */
  function write(work: () => boolean): boolean {
    const joined = store.inTransaction();
    try {
      return store.transaction(work);
    } catch (error) {
      const trouble = storageTrouble(error);
      if (trouble === null || joined) throw error;
      tellFull(`${trouble} (${error instanceof Error ? error.message : String(error)})`);
      return false;
    }
  }

  function tellFull(why: string): void {
    trouble = `The journal takes nothing more: ${why}. Events that are lost from now on are counted.`;
    if (now() - toldFull < FULL_LOG_INTERVAL_MS) return;
    toldFull = now();
    log("error", trouble, { journal_max_bytes: maxBytes });
  }

  function append(json: string): number {
    const bytes = byteLength(json);
    sql.insert.run(json, bytes);
    return bytes;
  }

  function writeDownLosses(): void {
    for (const [session, gap] of unwritten) sql.addGap.run(session, gap.lost, gap.since);
  }

  /** Makes gap messages of the gap rows of these sessions (of all without a list), as far as there is room. */
  function appendGaps(room: number, sessions?: Set<string>): number {
    let used = 0;
    for (const row of sql.gaps.all()) {
      const session = String(row.session);
      if (sessions !== undefined && !sessions.has(session)) continue;
      const json = JSON.stringify(gapMessage(session, Number(row.lost), Number(row.since), now()));
      if (used + byteLength(json) > room) break;
      used += append(json);
      sql.removeGap.run(session);
    }
    return used;
  }

  /** After a commit that wrote the losses down. */
  function lossesAreWritten(): void {
    if (!hasGaps) return;
    unwritten.clear();
    hasGaps = sql.gaps.all().length > 0;
    if (hasGaps) retryGapsLater();
  }

  function retryGapsLater(): void {
    gapTimer ??= setTimeout(() => {
      gapTimer = null;
      flush();
    }, GAP_RETRY_MS).unref();
  }

  function tell(bytes: number): void {
    if (bytes === 0) return;
    for (const listener of listeners) listener(head(), bytes);
  }

  function storeMessages(messages: DaemonMessage[], { also, reserve = false }: StoreOptions): boolean {
    const texts = messages.flatMap(fitMessage);
    const size = texts.reduce((sum, text) => sum + byteLength(text), 0);
    const limit = reserve ? maxBytes + RESERVE_BYTES : maxBytes;
    const sessions = new Set(messages.flatMap((message) => ("session" in message ? [message.session] : [])));
    let added = 0;
    let full = false;
    const stored = write(() => {
      if (readState().bytes + size > limit) writeAck(); // what is acked takes no room
      full = readState().bytes + size > limit;
      if (full) return false;
      if (hasGaps) {
        // A gap comes before what follows it.
        writeDownLosses();
        added = appendGaps(Number.POSITIVE_INFINITY, sessions);
      }
      for (const text of texts) added += append(text);
      sql.grow.run(added);
      also?.(head());
      return true;
    });
    if (stored) {
      trouble = null;
      lossesAreWritten();
      tell(added);
    } else if (full) {
      tellFull(`it holds ${readState().bytes} bytes that the edge has not acked`);
    }
    return stored;
  }

  function head(): number {
    return Number(sql.head.get()?.head);
  }

  /** Inside a transaction. */
  function writeAck(): void {
    if (ackedInMemory <= readState().acked) return;
    sql.acked.run(ackedInMemory, Number(sql.sum.get(ackedInMemory)?.bytes));
    sql.remove.run(ackedInMemory);
  }

  function flush(): void {
    if (ackTimer !== null) clearTimeout(ackTimer);
    ackTimer = null;
    let added = 0;
    const done = write(() => {
      writeAck();
      if (hasGaps) {
        writeDownLosses();
        const { bytes } = readState();
        if (bytes <= maxBytes * GAP_FILL) {
          added = appendGaps(maxBytes - bytes);
          sql.grow.run(added);
        }
      }
      return true;
    });
    if (done) {
      lossesAreWritten();
      tell(added);
    } else if (hasGaps) {
      retryGapsLater();
    }
  }

  return {
    put: (messages, also) => storeMessages(messages, { also: also === undefined ? undefined : () => also() }),
    store: storeMessages,
    lost(session, events) {
      if (events <= 0) return;
      const before = unwritten.get(session);
      unwritten.set(session, { lost: (before?.lost ?? 0) + events, since: before?.since ?? now() });
      hasGaps = true;
      const written = write(() => {
        writeDownLosses();
        return true;
      });
      if (written) unwritten.clear();
      retryGapsLater();
    },
    epoch: () => readState().epoch,
    acked: () => ackedInMemory,
    head,
    trouble: () => trouble,
    bytes: () => readState().bytes - Number(sql.sum.get(ackedInMemory)?.bytes),
    read(after, limit) {
      const items: JournalItem[] = [];
      let bytes = 0;
      for (const row of sql.read.iterate(after, limit.messages)) {
        const item = { seq: Number(row.seq), json: String(row.json), bytes: Number(row.bytes) };
        if (items.length > 0 && bytes + item.bytes > limit.bytes) break;
        bytes += item.bytes;
        items.push(item);
      }
      return items;
    },
    ack(seq) {
      if (seq <= ackedInMemory) return;
      const batch = seq - ackedInMemory;
      ackedInMemory = seq;
      if (batch >= ACK_BATCH || hasGaps) flush();
      else ackTimer ??= setTimeout(flush, ACK_DELAY_MS);
    },
    renew() {
      store.transaction(() => {
        writeAck();
        const { acked } = readState();
        db.prepare("UPDATE link_commands SET seq = max(seq - ?, 0) WHERE seq IS NOT NULL").run(acked);
        const rest = db.prepare("SELECT json, bytes FROM link_messages ORDER BY seq").all();
        db.exec("DELETE FROM link_messages; DELETE FROM sqlite_sequence WHERE name = 'link_messages';");
        for (const row of rest) sql.insert.run(String(row.json), Number(row.bytes));
        db.prepare("UPDATE link_journal SET epoch = ?, acked = 0").run(newEpoch());
      });
      ackedInMemory = 0;
    },
    onPut(listener) {
      listeners.push(listener);
    },
    flush,
    stop() {
      flush();
      if (gapTimer !== null) clearTimeout(gapTimer);
      gapTimer = null;
      listeners.length = 0;
    },
  };
}

function newEpoch(): string {
  return randomBytes(16).toString("hex");
}

function gapMessage(session: string, lost: number, since: number, at: number): DaemonMessage {
  const event: EventBody = { type: "gap", lost, since, reason: "The host's journal was full." };
  return { kind: "events", session, events: [{ at, event }] };
}
