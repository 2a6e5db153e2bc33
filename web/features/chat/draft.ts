import * as z from "zod";
import { AttachmentRef } from "../../../protocol/events.ts";

/** A message that is not sent yet: what is written, and the files that are uploaded for it. */
const Draft = z.object({ text: z.string(), files: z.array(AttachmentRef) });
type Draft = z.infer<typeof Draft>;

const NOTHING: Draft = { text: "", files: [] };
const PREFIX = "signalbox.draft.";
const drafts = new Map<string, Draft>();

/** The draft of a chat in this tab, also after a reload. */
export function keptDraft(session: string): Draft {
  const known = drafts.get(session);
  if (known !== undefined) return known;
  const read = Draft.safeParse(stored(session));
  const draft = read.success ? read.data : NOTHING;
  drafts.set(session, draft);
  return draft;
}

/** Keeps a part of it. */
export function keepDraft(session: string, part: Partial<Draft>): void {
  const draft = { ...keptDraft(session), ...part };
  drafts.set(session, draft);
  try {
    if (draft.text === "" && draft.files.length === 0) sessionStorage.removeItem(PREFIX + session);
    else sessionStorage.setItem(PREFIX + session, JSON.stringify(draft));
  } catch {
    // Storage is blocked or full: the draft lasts as long as the page.
  }
}

function stored(session: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + session) ?? "null");
  } catch {
    return null; // blocked, or nonsense
  }
}
