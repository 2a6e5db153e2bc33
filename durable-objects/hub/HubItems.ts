import { and, asc, eq, gt, gte, lt, lte, max } from "drizzle-orm";
import type { HubChange } from "../../protocol/hubFrames.ts";
import { isRunEnded } from "../../protocol/run.ts";
import { isTaskEnded } from "../../protocol/tasks.ts";
import type { Database } from "../shared/database.ts";
import { hub, items } from "./schema.ts";

/** A change with its place, and what the item was before (for filters). */
export type Kept = { rev: number; change: HubChange; before: HubChange | null };

const PAGE = 200;
/** Removals are remembered for this many revs, so that a client that was away learns of them. */
const KEEP_REMOVALS = 50_000;

/** The newest known state of everything, ordered by change. A change that is not newer than what is known is dropped. */
export class HubItems {
  readonly #db: Database;
  readonly #storage: DurableObjectStorage;
  #rev: number;
  #forgotten: number;
  readonly epoch: string;

  constructor(db: Database, storage: DurableObjectStorage) {
    this.#db = db;
    this.#storage = storage;
    const row = db.select().from(hub).limit(1).get();
    this.epoch = row?.epoch ?? crypto.randomUUID();
    if (row === undefined) db.insert(hub).values({ id: 1, epoch: this.epoch, rev: 0, forgotten: 0 }).run();
    // The newest rev is that of an item; the row keeps only what was forgotten.
    const newest = db
      .select({ rev: max(items.rev) })
      .from(items)
      .get()?.rev;
    this.#rev = Math.max(row?.rev ?? 0, newest ?? 0);
    this.#forgotten = row?.forgotten ?? 0;
  }

  get rev(): number {
    return this.#rev;
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  /** Stores changes in one transaction; returns those that were news. */
  apply(changes: HubChange[]): Kept[] {
    const kept: Kept[] = [];
    let rev = this.#rev;
    let forgotten = this.#forgotten;
    this.#storage.transactionSync(() => {
      for (const change of changes) {
        const { key, version, removed } = placeOf(change);
        const known = this.#db.select().from(items).where(eq(items.key, key)).get();
        // A removal of the others has no version.
        const counts = removed === 0 || COUNTED.has(change.kind);
        if (
          known !== undefined &&
          ((known.removed === 1 && known.version === 0) || (counts && known.version >= version))
        )
          continue;
        const row = { rev: ++rev, version, json: JSON.stringify(change), removed };
        this.#db
          .insert(items)
          .values({ key, ...row })
          .onConflictDoUpdate({ target: items.key, set: row })
          .run();
        kept.push({ rev, change, before: known === undefined ? null : JSON.parse(known.json) });
      }
      if (rev - KEEP_REMOVALS - forgotten >= 1000) {
        forgotten = rev - KEEP_REMOVALS;
        this.#db.update(hub).set({ rev, forgotten }).run();
        this.#db
          .delete(items)
          .where(and(eq(items.removed, 1), lte(items.rev, forgotten)))
          .run();
      }
    });
    this.#rev = rev;
    this.#forgotten = forgotten;
    return kept;
  }

  /** The tasks that are shown as not over: ids with versions. */
  openTasks(): { id: string; version: number }[] {
    return this.#db
      .select({ key: items.key, version: items.version })
      .from(items)
      .where(and(gte(items.key, TASK), lt(items.key, `${TASK}~`), eq(items.removed, 0)))
      .all()
      .map(({ key, version }) => ({ id: key.slice(TASK.length), version }));
  }

  /** Everything that changed after a rev, page by page. Removals only for a client that may know what was removed. */
  *since(rev: number): Generator<Kept[]> {
    for (let next = rev; ;) {
      const rows = this.#db
        .select()
        .from(items)
        .where(gt(items.rev, next))
        .orderBy(asc(items.rev))
        .limit(PAGE)
        .all();
      const page = rows
        .filter((row) => rev > 0 || row.removed === 0)
        .map((row): Kept => {
          const change: HubChange = JSON.parse(row.json);
          return { rev: row.rev, change, before: rev > 0 ? change : null };
        });
      if (page.length > 0) yield page;
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      next = last.rev;
    }
  }
}

/** Kinds whose end is a change like any other, with a version. */
const COUNTED = new Set<HubChange["kind"]>(["approval", "task", "run"]);
const TASK = "task:";

function placeOf(change: HubChange): { key: string; version: number; removed: 0 | 1 } {
  switch (change.kind) {
    case "session":
      return { key: `session:${change.session.id}`, version: change.session.version, removed: 0 };
    case "session_removed":
      return { key: `session:${change.id}`, version: 0, removed: 1 };
    case "host":
      return { key: `host:${change.host.id}`, version: change.host.version, removed: 0 };
    case "approval": {
      // One that has ended is only news: whoever comes later does not get it, and it is forgotten like a removal.
      const { id, version, status, delivery } = change.approval;
      const removed = status === "pending" || delivery === "pending" ? 0 : 1;
      return { key: `approval:${id}`, version, removed };
    }
    case "run": {
      const { id, version, status } = change.run;
      return { key: `run:${id}`, version, removed: isRunEnded(status) ? 1 : 0 };
    }
    case "task": {
      const { id, version } = change.task;
      return { key: `${TASK}${id}`, version, removed: isTaskEnded(change.task) ? 1 : 0 };
    }
    case "host_removed":
      return { key: `host:${change.id}`, version: 0, removed: 1 };
  }
}
