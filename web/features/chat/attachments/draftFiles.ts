import { MAX_MESSAGE_ATTACHMENTS } from "../../../../protocol/limits.ts";
import type { AttachmentRef } from "../../../../protocol/events.ts";
import { failureSentence } from "../../../shared/api/ApiFailure.ts";
import { createStore, type Store } from "../../../shared/lib/createStore.ts";
import { keepDraft, keptDraft } from "../draft.ts";
import { uploadFile } from "./uploadFile.ts";

/** A file of a message that is not sent yet. */
export type DraftFile = {
  key: string;
  name: string;
  size: number;
  /** Shown before it is uploaded; this page's own address of it. */
  preview: string | null;
} & FileState;
type FileState =
  | { state: "uploading"; progress: number }
  | { state: "failed"; message: string }
  | { state: "there"; ref: AttachmentRef };

/** The files of one chat's next message. Uploads go on while another page is shown. */
export type DraftFiles = {
  files: Store<readonly DraftFile[]>;
  /** Begins to upload; answers how many were too many. */
  add(files: readonly File[]): number;
  retry(key: string): void;
  remove(key: string): void;
  /** Takes what is there along, for a message; what is not stays. */
  take(): AttachmentRef[];
  /** Puts back what could not be sent. */
  putBack(refs: readonly AttachmentRef[]): void;
};

const all = new Map<string, DraftFiles>();
let lastKey = 0;

/** The draft files of a chat: those that were uploaded before this page was loaded, and those since. */
export function draftFiles(session: string): DraftFiles {
  const known = all.get(session);
  if (known !== undefined) return known;
  const made = startDraftFiles(session);
  all.set(session, made);
  return made;
}

function startDraftFiles(session: string): DraftFiles {
  const files = createStore<readonly DraftFile[]>(keptDraft(session).files.map(thereOf));
  /** What is not uploaded yet, to try again. */
  const pending = new Map<string, { file: File; abort: AbortController }>();

  function set(next: readonly DraftFile[]): void {
    files.set(next);
    keepDraft(session, { files: next.flatMap((file) => (file.state === "there" ? [file.ref] : [])) });
  }
  function change(key: string, patch: FileState): void {
    set(files.get().map((file) => (file.key === key ? { ...baseOf(file), ...patch } : file)));
  }
  function forget(file: DraftFile): void {
    pending.get(file.key)?.abort.abort();
    pending.delete(file.key);
    if (file.preview !== null) URL.revokeObjectURL(file.preview);
  }

  async function upload(key: string, file: File): Promise<void> {
    const abort = new AbortController();
    pending.set(key, { file, abort });
    try {
      const ref = await uploadFile(session, file, {
        signal: abort.signal,
        onProgress: (progress) => change(key, { state: "uploading", progress }),
      });
      pending.delete(key);
      // The same file again is the same attachment, and stands there once.
      if (files.get().some((other) => other.state === "there" && other.ref.id === ref.id)) remove(key);
      else change(key, { state: "there", ref });
    } catch (error) {
      if (abort.signal.aborted) return;
      change(key, { state: "failed", message: failureSentence(error) });
    }
  }
  function remove(key: string): void {
    const gone = files.get().find((file) => file.key === key);
    if (gone === undefined) return;
    forget(gone);
    set(files.get().filter((file) => file !== gone));
  }

  return {
    files,
    add(given) {
      const fitting = given.slice(0, Math.max(0, MAX_MESSAGE_ATTACHMENTS - files.get().length));
      for (const file of fitting) {
        const key = `file ${++lastKey}`;
        const preview = /^image\/(?!svg)/.test(file.type) ? URL.createObjectURL(file) : null;
        const name = file.name === "" ? "file" : file.name;
        set([...files.get(), { key, name, size: file.size, preview, state: "uploading", progress: 0 }]);
        void upload(key, file);
      }
      return given.length - fitting.length;
    },
    retry(key) {
      const again = pending.get(key);
      if (again === undefined) return;
      change(key, { state: "uploading", progress: 0 });
      void upload(key, again.file);
    },
    remove,
    take() {
      const there = files.get().filter((file) => file.state === "there");
      there.forEach(forget);
      set(files.get().filter((file) => file.state !== "there"));
      return there.map(({ ref }) => ref);
    },
    putBack(refs) {
      set([...refs.map(thereOf), ...files.get()]);
    },
  };
}

function baseOf({ key, name, size, preview }: DraftFile) {
  return { key, name, size, preview };
}

function thereOf(ref: AttachmentRef): DraftFile {
  return { key: ref.id, name: ref.name, size: ref.size, preview: null, state: "there", ref };
}
