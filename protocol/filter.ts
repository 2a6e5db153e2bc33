import * as z from "zod";
import { HostId } from "./ids.ts";
import { Provider, SessionStatus, isEnded, needsAttention, type Session } from "./session.ts";

/** Which sessions a list or a live subscription wants; what is not given does not restrict. */
export const SessionFilter = z.object({
  host: HostId.optional(),
  status: z.array(SessionStatus).max(10).optional(),
  provider: z.array(Provider).max(10).optional(),
  /** Only those that need a person. */
  attention: z.boolean().optional(),
  /** Only those that have ended, or have not. */
  ended: z.boolean().optional(),
  /** Of those that have ended, only what ended later than this or needs a person; never what something else started. */
  ended_after: z.number().optional(),
  /** Words that must all occur in title, directory, branch, command or last line. */
  text: z.string().max(200).optional(),
});
export type SessionFilter = z.infer<typeof SessionFilter>;

/** Whether a session is what the filter asks for; the hub and the page use the same answer. */
export function matchesFilter(session: Session, filter: SessionFilter): boolean {
  if (filter.host !== undefined && session.host !== filter.host) return false;
  if (filter.status?.length && !filter.status.includes(session.status)) return false;
  if (filter.provider?.length && !filter.provider.includes(session.provider)) return false;
  if (filter.attention !== undefined && needsAttention(session) !== filter.attention) return false;
  if (filter.ended !== undefined && isEnded(session) !== filter.ended) return false;
  if (
    filter.ended_after !== undefined &&
    session.ended_at !== null &&
    (session.ended_at <= filter.ended_after || session.job !== undefined) &&
    !needsAttention(session)
  )
    return false;
  if (!filter.text) return true;
  const hay = searchText(session);
  return searchWords(filter.text).every((word) => hay.includes(word));
}

/** What a text filter looks at, in lower case. */
export function searchText(session: Session): string {
  return [session.title, session.cwd, session.git?.branch, session.command, session.agent, session.preview]
    .join("\n")
    .toLowerCase();
}

/** The words of a text filter. */
export function searchWords(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}
