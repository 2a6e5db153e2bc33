import type { EventBody } from "../../protocol/events.ts";
import type { Session, SessionFacts, SessionStatus } from "../../protocol/session.ts";

/** The session after an event of its log. Pure: the log decides, this only sums it up. */
export function projectEvent(session: Session, event: EventBody, at: number): Session {
  switch (event.type) {
    case "renamed":
      return { ...session, title: event.title };
    case "status":
      // A status after the end means that it goes on (a resumed job).
      return { ...withStatus(session, event.status, event.reason, at), ended_at: null, exit: null };
    case "ended":
      return {
        ...withStatus(session, event.status, exitInWords(event.exit), at),
        ended_at: at,
        exit: event.exit,
      };
    case "turn_started":
      return event.thread === null ? session : { ...session, thread: event.thread };
    case "turn_failed":
      return { ...session, status_reason: event.message.slice(0, 300) };
    default:
      return session;
  }
}

/** The session after its host told what it knows of it. */
export function projectFacts(session: Session, facts: SessionFacts): Session {
  return { ...session, ...facts };
}

/** Whether two projections differ in anything a list shows. */
export function differs(a: Session, b: Session): boolean {
  const { seq: _a, updated_at: _b, version: _c, ...left } = a;
  const { seq: _d, updated_at: _e, version: _f, ...right } = b;
  return JSON.stringify(left) !== JSON.stringify(right);
}

function withStatus(session: Session, status: SessionStatus, reason: string | null, at: number): Session {
  return {
    ...session,
    status,
    status_reason: reason,
    status_since: session.status === status ? session.status_since : at,
  };
}

function exitInWords(exit: {
  code: number | null;
  signal: string | null;
  message: string | null;
}): string | null {
  if (exit.message !== null) return exit.message;
  if (exit.signal !== null) return `ended by ${exit.signal}`;
  return exit.code === null ? null : `exit ${exit.code}`;
}
