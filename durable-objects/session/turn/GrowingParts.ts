import { eq } from "drizzle-orm";
import type { Database } from "../../shared/database.ts";
import { parts } from "../schema.ts";
import type { Events, SessionStore } from "../SessionStore.ts";

export type Kind = "message" | "reasoning";
type Part = { id: string; turn: number; kind: Kind; text: string; told: number; placed: boolean };

/** Deltas gather this long before a frame goes out; the first of a part goes at once. */
const FRAME_MS = 8;
/** How often a growing part's row is rewritten. */
const SAVE_MS = 300;

/**
 * Text on its way from the model. A part is placed in the log as an item when its first text comes, then grows by
 * frames that are not logged; its row, rewritten now and then, is what a client gets that comes in the middle.
 */
export class GrowingParts {
  readonly #db: Database;
  readonly #store: SessionStore;
  readonly #tell: (frame: string) => void;
  readonly #parts = new Map<string, Part>();
  #frameTimer: ReturnType<typeof setTimeout> | null = null;
  #saveTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(db: Database, store: SessionStore, tell: (frame: string) => void) {
    this.#db = db;
    this.#store = store;
    this.#tell = tell;
    // A step that was interrupted is asked again; until its text comes anew, what there was is shown.
    for (const row of db.select().from(parts).all())
      this.#parts.set(row.id, { ...row, told: row.text.length, placed: true });
  }

  /** Adds text to a part. */
  async grow(turn: number, id: string, kind: Kind, text: string): Promise<void> {
    const part = this.#parts.get(id);
    if (part !== undefined) {
      part.text += text;
      this.#frameTimer ??= setTimeout(() => this.#send(), FRAME_MS);
      this.#saveTimer ??= setTimeout(() => this.#save(), SAVE_MS);
      return;
    }
    const fresh: Part = { id, turn, kind, text, told: text.length, placed: false };
    this.#parts.set(id, fresh);
    await this.#store.write(() => {
      this.#db
        .insert(parts)
        .values({ id, turn, kind, text })
        .onConflictDoUpdate({ target: parts.id, set: { text } })
        .run();
      return { events: [{ at: Date.now(), event: { type: "item", id, turn, item: { kind, text } } }] };
    });
    fresh.placed = true;
  }

  /** Begins a step anew: what an interrupted attempt said is replaced by what comes now. */
  restart(): void {
    this.#stopTimers();
    this.#parts.clear();
  }

  /** The parts as they are, in the order they began. */
  all(): { id: string; kind: Kind; text: string }[] {
    return [...this.#parts.values()].map(({ id, kind, text }) => ({ id, kind, text }));
  }

  /**
   * Drops the rows and returns the parts as whole items: first, without text, what only an earlier attempt at the step said,
   * then all the others. Inside a step; call `restart` once it is committed.
   */
  finish(turn: number, now: number): Events {
    const rows = this.#db.delete(parts).returning({ id: parts.id, kind: parts.kind }).all();
    const left = rows.filter(({ id }) => !this.#parts.has(id)).map((row) => ({ ...row, text: "" }));
    return [...left, ...this.all()].map(({ id, kind, text }) => ({
      at: now,
      event: { type: "item", id, turn, item: { kind, text } },
    }));
  }

  /** The frames that bring a client up to date that has just got the log. */
  frames(): string[] {
    return [...this.#parts.values()]
      .filter(({ placed }) => placed)
      .map(({ id, turn, kind, text }) => JSON.stringify({ type: "delta", id, turn, kind, offset: 0, text }));
  }

  #send(): void {
    this.#frameTimer = null;
    for (const part of this.#parts.values()) {
      if (!part.placed || part.told === part.text.length) continue;
      const { id, turn, kind, told, text } = part;
      part.told = text.length;
      this.#tell(JSON.stringify({ type: "delta", id, turn, kind, offset: told, text: text.slice(told) }));
    }
  }

  #save(): void {
    this.#saveTimer = null;
    for (const { id, text, placed } of this.#parts.values())
      if (placed) this.#db.update(parts).set({ text }).where(eq(parts.id, id)).run();
  }

  #stopTimers(): void {
    if (this.#frameTimer !== null) clearTimeout(this.#frameTimer);
    if (this.#saveTimer !== null) clearTimeout(this.#saveTimer);
    this.#frameTimer = null;
    this.#saveTimer = null;
  }
}
