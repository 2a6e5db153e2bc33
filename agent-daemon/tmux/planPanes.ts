import { constants } from "node:os";
import { SessionId } from "../../protocol/ids.ts";
import type { Exit } from "../../protocol/session.ts";
import type { PaneRow } from "./paneFormat.ts";
import type { Listing } from "./server.ts";
import type { PaneKey, SessionRecord } from "./sessionRecords.ts";

/** What is known of the sessions before a look at the panes. */
export type Known = {
  all(): Iterable<SessionRecord>;
  get(session: string): SessionRecord | undefined;
  byPane(key: PaneKey): SessionRecord | undefined;
};

export type SeenPane = { socket: string; key: PaneKey; row: PaneRow };

/** What a look at the panes means. */
export type PanePlan = {
  /** Panes of sessions that are known. */
  live: (SeenPane & { record: SessionRecord })[];
  /** Panes that carry the id of a session this daemon does not know (its store was lost): they take it up again. */
  returning: (SeenPane & { session: string })[];
  /** Panes of nobody. */
  free: SeenPane[];
  /** Dead panes of sessions whose end is stored: kept by us, to be cleared away. */
  corpses: (SeenPane & { record: SessionRecord })[];
  /** Dead panes whose status is still awaited. */
  undecided: (SeenPane & { record: SessionRecord })[];
  /** `corpse`: the dead pane is still there, kept by tmux to tell its status. */
  ended: { record: SessionRecord; status: "done" | "trouble"; exit: Exit; corpse: SeenPane | null }[];
};

export type PlanOptions = {
  /** Sessions whose pane is being made at this moment. */
  spawning: ReadonlySet<string>;
  /** Whether this is the daemon's first look at a socket: what is gone there went while it was away. */
  first: (socket: string) => boolean;
  /** A pane is dead but tmux does not tell yet how its program ended: whether to wait for that. */
  awaitsStatus: (session: string) => boolean;
};

/** Decides which pane is which session, and which sessions have ended. */
export function planPanes(
  listings: ReadonlyMap<string, Listing>,
  known: Known,
  options: PlanOptions,
): PanePlan {
  const plan: PanePlan = { live: [], returning: [], free: [], corpses: [], undecided: [], ended: [] };
  const seen = new Set<string>();

  for (const [socket, listing] of listings) {
    if (listing.status !== "ok") continue;
    for (const row of listing.panes) {
      const key: PaneKey = { socket, serverPid: row.serverPid, serverStart: row.serverStart, pane: row.pane };
      const pane = { socket, key, row };
      const marked = SessionId.safeParse(row.mark).success ? row.mark : null;
      const born = marked === null ? undefined : known.get(marked);
      const record = known.byPane(key) ?? (born?.key === null && born.endedAt === null ? born : undefined);
      if (record !== undefined) {
        if (record.key === null && options.spawning.has(record.session)) continue;
        if (seen.has(record.session)) continue;
        seen.add(record.session);
        const untold = row.dead && row.deadStatus === "" && row.deadSignal === "";
        if (untold && options.awaitsStatus(record.session)) plan.undecided.push({ ...pane, record });
        else if (row.dead) plan.ended.push({ record, ...endOfCorpse(record, row), corpse: pane });
        else plan.live.push({ ...pane, record });
      } else if (row.dead) {
        if (born?.spawned === true && born.endedAt !== null && isSamePane(born.key, key))
          plan.corpses.push({ ...pane, record: born });
      } else if (marked !== null && born === undefined && !seen.has(marked)) {
        seen.add(marked);
        plan.returning.push({ ...pane, session: marked });
      } else plan.free.push(pane);
    }
  }

  for (const record of known.all()) {
    const listing = listings.get(record.socket);
    if (record.endedAt !== null || seen.has(record.session) || options.spawning.has(record.session)) continue;
    // Of a server that cannot be asked nothing is known.
    if (listing === undefined || listing.status === "unreachable") continue;
    plan.ended.push({
      record,
      ...endOfMissing(record, listing.status, options.first(record.socket)),
      corpse: null,
    });
  }
  return plan;
}

function isSamePane(one: PaneKey | null, other: PaneKey): boolean {
  return (
    one?.pane === other.pane &&
    one.serverPid === other.serverPid &&
    one.serverStart === other.serverStart &&
    one.socket === other.socket
  );
}

function endOfCorpse(record: SessionRecord, row: PaneRow): { status: "done" | "trouble"; exit: Exit } {
  const signal = row.deadSignal === "" ? null : signalName(row.deadSignal);
  const code = row.deadStatus === "" || signal !== null ? null : Number(row.deadStatus);
  // A shell ends with the code of whatever was run last in it; that is no trouble.
  const well = record.killed || (code !== null && (code === 0 || record.facts?.agent === "shell"));
  const untold = code === null && signal === null ? "Its program ended; how is not known." : null;
  const message = record.killed ? "Ended by a command." : untold;
  return { status: well ? "done" : "trouble", exit: { code, signal, message } };
}

function endOfMissing(
  record: SessionRecord,
  server: "ok" | "dead",
  first: boolean,
): { status: "done" | "trouble"; exit: Exit } {
  const end = (status: "done" | "trouble", message: string) => ({
    status,
    exit: { code: null, signal: null, message },
  });
  if (record.killed) return end("done", "Ended by a command.");
  if (record.key === null) return end("trouble", "The daemon stopped while it started this session.");
  if (server === "dead") {
    const away = first ? " while the daemon was away" : "";
    return end(record.status === "idle" ? "done" : "trouble", `The tmux server ended${away}.`);
  }
  if (first) return end("done", "The pane ended while the daemon was away; how is not known.");
  if (record.spawned) return end("done", "The pane was closed.");
  return end("done", "The pane is gone; tmux does not tell how its program ended.");
}

/** `SIGKILL` for what tmux calls 9 (or KILL, as newer ones do). */
function signalName(said: string): string {
  const number = Number(said);
  if (!Number.isInteger(number)) return said.startsWith("SIG") ? said : `SIG${said}`;
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${said}`;
}
