import { and, eq, inArray, isNotNull, lte, min, ne, sql } from "drizzle-orm";
import type { AttachmentRef } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import type { OpenedAttachment } from "../../worker/models/loadAttachments.ts";
import type { Database } from "../shared/database.ts";
import { attachments } from "./schema.ts";

/** An upload that no message carries is kept this long. */
export const UNUSED_MS = 24 * 60 * 60 * 1000;
/** No upload takes longer: until then its bytes may still arrive, whatever has become of its session. */
export const UPLOAD_MS = 60 * 60 * 1000;
/** R2 deletes so many keys at once. */
const KEYS_AT_ONCE = 1000;

type Row = typeof attachments.$inferSelect;

/** A file that somebody wants to upload. */
export type Upload = { sha256: string; name: string; size: number };

/** Where an upload goes, or the attachment that its bytes are already. */
export type Place = { there: AttachmentRef } | { there: null; id: string; key: string };

/** What the bytes of an upload turned out to be. */
export type FileFacts = { type: string; width: number | null; height: number | null };

type Parts = {
  db: Database;
  /** Deletes blobs; keys that are not there are no error. */
  deleteBlobs: (keys: string[]) => Promise<void>;
  /** Arms the alarm that calls `sweep`; part of the caller's transaction. */
  sweepAt: (at: number) => void;
};

/**
 * The files of a session: a row before the first byte is stored, so that no blob is ever without one, and a row until
 * the last one is deleted. A key is written by one upload alone and never used again.
 */
export class Attachments {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Makes room for a file. The same content again needs no upload; the same name with it is the same attachment. */
  reserve(folder: string, { sha256, name, size }: Upload, now: number): Place {
    const { db, sweepAt } = this.#parts;
    const same = db
      .select()
      .from(attachments)
      .where(and(eq(attachments.sha256, sha256), eq(attachments.gone, 0), isNotNull(attachments.type)))
      .all();
    const twin = same.find((row) => row.name === name);
    if (twin !== undefined) {
      db.update(attachments).set({ touched_at: now }).where(eq(attachments.id, twin.id)).run();
      return { there: refOf(twin) };
    }
    const id = newId("att", now);
    const fresh = { id, sha256, name, size, touched_at: now };
    sweepAt(now + UNUSED_MS);
    const copy = same[0];
    if (copy !== undefined) {
      const { key, size, type, width, height } = copy;
      const row = { ...fresh, key, size, type, width, height };
      return { there: refOf(db.insert(attachments).values(row).returning().get()) };
    }
    const key = `${folder}/${sha256}/${id}`;
    db.insert(attachments)
      .values({ ...fresh, key })
      .run();
    return { there: null, id, key };
  }

  /** The bytes of an upload are stored: it is an attachment now. Null when nobody waits for it any more. */
  commit(id: string, facts: FileFacts, now: number): AttachmentRef | null {
    const { db } = this.#parts;
    const row = this.#row(id);
    if (row === null) return null;
    if (row.type !== null) return refOf(row);
    // Somebody else was faster with the same content: one blob is enough.
    const faster = db
      .select()
      .from(attachments)
      .where(
        and(
          eq(attachments.sha256, row.sha256),
          ne(attachments.id, id),
          eq(attachments.gone, 0),
          isNotNull(attachments.type),
        ),
      )
      .get();
    if (faster !== undefined) {
      db.insert(attachments)
        .values({ ...row, ...facts, id: newId("att", now), gone: 1 })
        .run();
      this.#parts.sweepAt(now);
    }
    const set = { ...facts, key: faster?.key ?? row.key, touched_at: now };
    const done = db.update(attachments).set(set).where(eq(attachments.id, id)).returning().get();
    return done === undefined ? null : refOf(done);
  }

  /** An attachment whose bytes are there, and where; or null. */
  find(id: string): { ref: AttachmentRef; key: string } | null {
    const row = this.#row(id);
    return row === null || row.type === null ? null : { ref: refOf(row), key: row.key };
  }

  /** An attachment with a way to its bytes in R2; or null. */
  open(id: string, blobs: R2Bucket): OpenedAttachment | null {
    const found = this.find(id);
    if (found === null) return null;
    return {
      ...found.ref,
      bytes: async (most) => {
        const blob = await blobs.get(found.key, { range: { offset: 0, length: most } });
        return blob === null ? null : new Uint8Array(await blob.arrayBuffer());
      },
    };
  }

  /** A message takes these along. Null, and nothing changed, when one of them is not there. */
  use(ids: string[], now: number): AttachmentRef[] | null {
    const wanted = [...new Set(ids)];
    const refs = wanted.flatMap((id) => this.find(id)?.ref ?? []);
    if (refs.length < wanted.length) return null;
    this.#count(refs, 1, now);
    return refs;
  }

  /** The message that carried these was taken back. */
  release(refs: AttachmentRef[], now: number): void {
    this.#count(refs, -1, now);
    if (refs.length > 0) this.#parts.sweepAt(now + UNUSED_MS);
  }

  /** The session is deleted, and its files with it. Part of the deleting transaction. */
  clear(now: number): void {
    const cleared = this.#parts.db
      .update(attachments)
      .set({ gone: 1 })
      .returning({ id: attachments.id })
      .all();
    if (cleared.length > 0) this.#parts.sweepAt(now);
  }

  /** Deletes what is gone and what nobody came to use. Safe to be cut off anywhere: a row outlives its blob. */
  async sweep(now: number): Promise<void> {
    const { db, deleteBlobs, sweepAt } = this.#parts;
    db.update(attachments)
      .set({ gone: 1 })
      .where(and(eq(attachments.uses, 0), lte(attachments.touched_at, now - UNUSED_MS)))
      .run();
    const rows = db.select().from(attachments).all();
    const shared = new Set(rows.filter(({ gone }) => gone === 0).map(({ key }) => key));
    const gone = rows.filter((row) => row.gone === 1);
    const keys = [...new Set(gone.map(({ key }) => key))].filter((key) => !shared.has(key));
    for (let from = 0; from < keys.length; from += KEYS_AT_ONCE)
      await deleteBlobs(keys.slice(from, from + KEYS_AT_ONCE));
    // The bytes of a broken upload may come yet; then they are deleted once more.
    const over = gone.filter(({ type, touched_at }) => type !== null || touched_at <= now - UPLOAD_MS);
    for (const { id } of over) db.delete(attachments).where(eq(attachments.id, id)).run();
    if (over.length < gone.length) sweepAt(now + UPLOAD_MS);
    const oldest = db
      .select({ at: min(attachments.touched_at) })
      .from(attachments)
      .where(and(eq(attachments.gone, 0), eq(attachments.uses, 0)))
      .get()?.at;
    if (oldest !== null && oldest !== undefined) sweepAt(oldest + UNUSED_MS);
  }

  #row(id: string): Row | null {
    const mine = and(eq(attachments.id, id), eq(attachments.gone, 0));
    return this.#parts.db.select().from(attachments).where(mine).get() ?? null;
  }

  #count(rows: { id: string }[], by: 1 | -1, now: number): void {
    if (rows.length === 0) return;
    const ids = rows.map(({ id }) => id);
    this.#parts.db
      .update(attachments)
      .set({ uses: sql`max(0, ${attachments.uses} + ${by})`, touched_at: now })
      .where(inArray(attachments.id, ids))
      .run();
  }
}

function refOf({ id, name, type, size, width, height }: Row): AttachmentRef {
  const pixels = width === null || height === null ? {} : { width, height };
  return { id, name, type: type ?? "application/octet-stream", size, ...pixels };
}
