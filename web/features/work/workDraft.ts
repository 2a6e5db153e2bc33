import type { Work } from "../../../protocol/work.ts";

/** A work as its fields show it: every kind's words are kept while another kind is looked at. */
export type WorkDraft = { kind: Work["kind"]; session: string; text: string };

/** The fields of a work, or those of a new one. */
export function draftOf(work: Work | null): WorkDraft {
  return {
    kind: work?.kind ?? "message",
    session: work?.kind === "message" ? work.session : "",
    text: work?.kind === "message" ? work.text : "",
  };
}

/** What the fields say; null while something is missing. */
export function workOf({ kind, session, text }: WorkDraft): Work | null {
  switch (kind) {
    case "message":
      return session === "" || text.trim() === "" ? null : { kind, session, text: text.trim() };
  }
}
