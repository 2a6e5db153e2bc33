import * as z from "zod";
import { answer, openDatabase, stored } from "./database.ts";
import { outdated } from "./outdated.ts";

const NAME = "signalbox";
const VERSION = 1;
/** A database that does not answer within this is done without. */
const READ_WITHIN_MS = 1_000;

const Note = z.object({ id: z.string(), chars: z.number(), usedAt: z.number() });

/**
 * Copies of sessions in this browser, for one person of one team. They only make a page faster: when the browser cannot keep
 * them (private, full, broken), there are none, and the console says so once.
 */
export type LocalCopies = {
  /** The text kept under this id, or null. */
  read(id: string): Promise<string | null>;
  /** Whether it is known whose copies these are; nothing is kept before. */
  owned(): boolean;
  /** Keeps a text, unless another person came or everybody left since {@link belongTo}. */
  write(id: string, text: string): Promise<void>;
  forget(id: string): Promise<void>;
  /** Says whose copies these are from now on. True when there were another's, which are gone now. */
  belongTo(owner: string): Promise<boolean>;
  /** Forgets everything, and keeps nothing until somebody is named again. */
  clear(): Promise<void>;
};

export function startLocalCopies(): LocalCopies {
  let owner: string | null = null;
  let opened: Promise<IDBDatabase> | null = null;
  let broken = false;

  function open(): Promise<IDBDatabase> {
    opened ??= openDatabase(
      NAME,
      VERSION,
      (database) => {
        database.createObjectStore("owner");
        database.createObjectStore("text");
        database.createObjectStore("note", { keyPath: "id" });
      },
      () => (opened = null),
    );
    return opened;
  }

  async function attempt<T>(otherwise: T, work: (database: IDBDatabase) => Promise<T>): Promise<T> {
    if (broken) return otherwise;
    try {
      return await work(await open());
    } catch (error) {
      giveUp(error);
      return otherwise;
    }
  }

  function giveUp(error: unknown): void {
    if (broken) return;
    broken = true;
    const reason = error instanceof Error ? error.message : String(error);
    console.warn(
      `This browser keeps no copies of sessions: ${reason} Nothing is lost; pages open a little later.`,
    );
    discard();
  }

  /** What cannot be used is thrown away, so that it neither takes room nor fails the next page. */
  function discard(): void {
    void opened?.then(
      (database) => database.close(),
      () => undefined, // it never opened
    );
    opened = null;
    try {
      indexedDB.deleteDatabase(NAME);
    } catch {
      // There is no database here at all.
    }
  }

  function change(database: IDBDatabase) {
    const transaction = database.transaction(["owner", "text", "note"], "readwrite");
    const store = (name: "owner" | "text" | "note"): IDBObjectStore => transaction.objectStore(name);
    return { transaction, owners: store("owner"), texts: store("text"), notes: store("note") };
  }

  async function read(database: IDBDatabase, id: string): Promise<string | null> {
    const text: unknown = await answer(database.transaction("text").objectStore("text").get(id));
    return typeof text === "string" ? text : null;
  }

  return {
    read: (id) =>
      Promise.race([
        attempt(null, (database) => read(database, id)),
        new Promise<null>((resolve) => setTimeout(() => resolve(null), READ_WITHIN_MS)),
      ]),

    owned: () => owner !== null,

    write: (id, text) =>
      attempt(undefined, async (database) => {
        if (owner === null) return;
        const { transaction, owners, texts, notes } = change(database);
        const done = stored(transaction);
        // In one transaction with the write: another page may have signed out meanwhile.
        const current: unknown = await answer(owners.get("owner"));
        if (current === owner) {
          texts.put(text, id);
          notes.put({ id, chars: text.length, usedAt: Date.now() });
          const all = z.array(Note).parse(await answer(notes.getAll()));
          for (const old of outdated(all, Date.now())) {
            texts.delete(old);
            notes.delete(old);
          }
        }
        await done;
      }),

    forget: (id) =>
      attempt(undefined, async (database) => {
        const { transaction, texts, notes } = change(database);
        texts.delete(id);
        notes.delete(id);
        await stored(transaction);
      }),

    belongTo: (next) =>
      attempt(false, async (database) => {
        const { transaction, owners, texts, notes } = change(database);
        const done = stored(transaction);
        const before: unknown = await answer(owners.get("owner"));
        const others = before !== undefined && before !== next;
        if (others) {
          texts.clear();
          notes.clear();
        }
        if (before !== next) owners.put(next, "owner");
        await done;
        owner = next;
        return others;
      }),

    clear() {
      owner = null;
      return attempt(undefined, async (database) => {
        const { transaction, owners, texts, notes } = change(database);
        owners.clear();
        texts.clear();
        notes.clear();
        await stored(transaction);
      });
    },
  };
}
