import { CommandResult } from "../../protocol/commands.ts";
import type { Log } from "../parts.ts";
import type { Store } from "../store.ts";
import type { Journal } from "./journal.ts";
import { storageTrouble } from "./storageErrors.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long a result is kept after the edge has it. */
export const KEEP_RESULTS_MS = 7 * DAY_MS;
/** Bytes of results that are kept; of older ones only that they ended. */
export const KEEP_RESULT_BYTES = 32 * 1024 * 1024;

/** What the journal knows of a command. `busy`: the disk takes no note of it now, so it must not run. */
export type Seen =
  | { known: "new" }
  | { known: "running" }
  | { known: "done"; result: CommandResult }
  | { known: "busy" };

/** Remembers every command that was begun, so that none runs twice. */
export type CommandJournal = {
  /** What is known of a command, without noting anything. */
  look(id: string): Seen;
  /** Notes that a command begins, with `also` in the same transaction; `new` says that it may run now. */
  begin(id: string, session: string, also?: () => void): Seen;
  /** A command that was begun never truly was: it may come again. */
  forget(id: string): void;
  /** Notes how it ended and puts its result on the way to the edge, in one transaction. False: the disk took neither. */
  finish(id: string, session: string, result: CommandResult): boolean;
  /** The edge asked again: puts the recorded result on the way unless it still is. */
  repeat(id: string): boolean;
  /** Commands that were begun by a process that died. */
  unfinished(): { id: string; session: string }[];
  prune(): void;
};

export type CommandJournalDeps = { store: Store; journal: Journal; log: Log; now?: () => number };

/** Opens the journal of commands; its tables are made by the link's journal. */
export function openCommandJournal({
  store,
  journal,
  log,
  now = Date.now,
}: CommandJournalDeps): CommandJournal {
  const { db } = store;
  const sql = {
    look: db.prepare("SELECT session, state, result, seq FROM link_commands WHERE id = ?"),
    begin: db.prepare("INSERT INTO link_commands (id, session, state, at) VALUES (?, ?, 'running', ?)"),
    finish: db.prepare(
      `INSERT INTO link_commands (id, session, state, at, result, seq) VALUES (?, ?, 'done', ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET state = 'done', at = excluded.at, result = excluded.result, seq = excluded.seq`,
    ),
    forget: db.prepare("DELETE FROM link_commands WHERE id = ? AND state = 'running'"),
    unfinished: db.prepare("SELECT id, session FROM link_commands WHERE state = 'running' ORDER BY at, id"),
    // Only what the edge has acked: a result that waits for a host's return may be asked for after any time.
    prune: db.prepare("DELETE FROM link_commands WHERE state = 'done' AND at < ? AND seq <= ?"),
    large: db.prepare(
      `SELECT id FROM (
         SELECT id, seq, sum(length(result)) OVER (ORDER BY at DESC, id DESC) AS total FROM link_commands WHERE state = 'done'
       ) WHERE total > ? AND seq <= ?`,
    ),
    cut: db.prepare("UPDATE link_commands SET result = ? WHERE id = ?"),
  };

  function look(id: string): Seen {
    const row = sql.look.get(id);
    if (row === undefined) return { known: "new" };
    return row.state === "done" ? { known: "done", result: readResult(row.result) } : { known: "running" };
  }

  return {
    look,
    begin(id, session, also) {
      const seen = look(id);
      if (seen.known !== "new") return seen;
      try {
        store.transaction(() => {
          sql.begin.run(id, session, now());
          also?.();
        });
        return { known: "new" };
      } catch (error) {
        const trouble = storageTrouble(error);
        if (trouble === null) throw error;
        log("error", `A command waits because it cannot be noted: ${trouble}.`, { id });
        return { known: "busy" };
      }
    },
    forget: (id) => void sql.forget.run(id),
    finish(id, session, result) {
      return journal.store([{ kind: "result", id, session, result }], {
        reserve: true,
        also: (seq) => sql.finish.run(id, session, now(), JSON.stringify(result), seq),
      });
    },
    repeat(id) {
      const row = sql.look.get(id);
      if (row === undefined || row.state !== "done") return false;
      if (Number(row.seq) > journal.acked()) return true; // it is still on its way
      return this.finish(id, String(row.session), readResult(row.result));
    },
    unfinished: () =>
      sql.unfinished.all().map((row) => ({ id: String(row.id), session: String(row.session) })),
    prune() {
      try {
        sql.prune.run(now() - KEEP_RESULTS_MS, journal.acked());
        for (const row of sql.large.all(KEEP_RESULT_BYTES, journal.acked())) {
          sql.cut.run(JSON.stringify(FORGOTTEN), String(row.id));
        }
      } catch (error) {
        const trouble = storageTrouble(error);
        if (trouble === null) throw error;
        log("warn", `Old results stay for now: ${trouble}.`);
      }
    },
  };
}

const FORGOTTEN: CommandResult = {
  status: "indeterminate",
  message: "The command ended, but its result is no longer kept on the host.",
};

function readResult(json: unknown): CommandResult {
  const result = CommandResult.safeParse(typeof json === "string" ? JSON.parse(json) : null);
  // Written by another version of the daemon: it ended, and that is all we can say.
  return result.success ? result.data : FORGOTTEN;
}
