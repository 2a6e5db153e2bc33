import type { EventBody } from "../../protocol/events.ts";
import { isAgent, type Session, type SessionFacts, type SessionStatus } from "../../protocol/session.ts";

/** A host's words may be long; in lists they are not. */
const TITLE_CHARS = 200;
const REASON_CHARS = 300;
const THREAD_CHARS = 200;

/** The session after an event of its log. Pure: the log decides, this only sums it up. */
export function projectEvent(session: Session, event: EventBody, at: number): Session {
  switch (event.type) {
    case "renamed":
      return { ...session, title: event.title.slice(0, TITLE_CHARS) };
    case "status":
      // A status after the end means that it goes on (a resumed job).
      return { ...withStatus(session, event.status, event.reason, at), ended_at: null, exit: null };
    case "ended":
      return {
        ...withStatus(session, event.status, exitInWords(event.exit), at),
        ended_at: at,
        exit: {
          code: event.exit.code,
          signal: event.exit.signal?.slice(0, REASON_CHARS) ?? null,
          message: event.exit.message?.slice(0, REASON_CHARS) ?? null,
        },
      };
    case "seen":
      // Its trouble may have been told by a host whose clock is ahead.
      return { ...session, seen_at: Math.max(at, session.status_since) };
    case "model":
      return { ...session, model: event.model, effort: event.effort };
    case "hopped":
      return { ...session, host: event.host, cwd: event.workspace };
    case "background":
      return { ...session, background: backgroundAfter(session, event, at) };
    case "approval":
      return { ...session, pending_approvals: pendingAfter(session, event.approval) };
    case "turn_started":
      return event.thread === null ? session : { ...session, thread: event.thread.slice(0, THREAD_CHARS) };
    case "turn_failed":
      return { ...session, status_reason: event.message.slice(0, REASON_CHARS) };
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

/** Version 1 opens an approval, version 2 decides or ends it; later ones tell what became of the decision. */
function pendingAfter(session: Session, { version }: { version: number }): number {
  const pending = session.pending_approvals ?? 0;
  return version === 1 ? pending + 1 : version === 2 ? Math.max(0, pending - 1) : pending;
}

function backgroundAfter(
  session: Session,
  { id, host, summary, exit }: Extract<EventBody, { type: "background" }>,
  at: number,
): NonNullable<Session["background"]> {
  const others = (session.background ?? []).filter((each) => each.id !== id);
  return exit === null ? [...others, { id, host, summary, started_at: at }] : others;
}

function withStatus(session: Session, status: SessionStatus, reason: string | null, at: number): Session {
  return {
    ...session,
    status,
    status_reason: reason?.slice(0, REASON_CHARS) ?? null,
    status_since: session.status === status ? session.status_since : at,
    ...finishedBy(session, status, at),
  };
}

/** An agent that worked, or waited for an answer, and does no longer has finished; what failed needs a person instead. */
function finishedBy(session: Session, status: SessionStatus, at: number): Pick<Session, "finished_at"> {
  if (!isAgent(session) || status === session.status) return {};
  const busy = session.status === "working" || session.status === "waiting";
  if (status === "idle" || status === "done") return busy ? { finished_at: at } : {};
  return session.finished_at === undefined ? {} : { finished_at: null };
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
