import * as z from "zod";
import { AnyEvent } from "../../../protocol/events.ts";
import { TAIL_EVENTS } from "../../../protocol/limits.ts";
import { Session } from "../../../protocol/session.ts";
import { EMPTY_SESSION, type SessionState } from "../live/sessionState.ts";

/** Events of one session that this browser keeps at most: as many as the edge sends to somebody who comes without a cursor. */
export const COPY_EVENTS = TAIL_EVENTS;
/** Characters of events that it keeps at most of one session. */
export const COPY_CHARS = 256 * 1024;

/** A session's newest stretch of log as this browser keeps it. What does not read so is no copy. */
const SessionCopy = z.object({
  epoch: z.string(),
  session: Session,
  /** Seq of the first event that is missing. */
  next: z.number().int().min(1),
  events: z.array(AnyEvent).max(COPY_EVENTS),
});

/** What to keep of a session; null when there is nothing whole to keep. */
export function writeCopy({ loaded, epoch, session, next, events }: SessionState): string | null {
  if (!loaded || epoch === null || session === null) return null;
  const kept: string[] = [];
  let chars = 0;
  for (const event of events.slice(-COPY_EVENTS).toReversed()) {
    const text = JSON.stringify(event);
    chars += text.length;
    if (chars > COPY_CHARS) break;
    kept.push(text);
  }
  const head = JSON.stringify({ epoch, session, next });
  return `${head.slice(0, -1)},"events":[${kept.toReversed().join(",")}]}`;
}

/** The state that a copy tells, not confirmed yet; null when it is not a copy of this session. */
export function readCopy(id: string, text: string): SessionState | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null; // half written, or not ours
  }
  const copy = SessionCopy.safeParse(json);
  if (!copy.success || copy.data.session.id !== id) return null;
  const { epoch, session, next, events } = copy.data;
  const first = next - events.length;
  if (first < 1 || events.some((event, index) => event.seq !== first + index)) return null;
  return { ...EMPTY_SESSION, epoch, session, events, first, next };
}
