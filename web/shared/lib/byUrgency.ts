import type { Session } from "../../../protocol/session.ts";

/** Orders what needs the person: who waits before what failed, and the longest first. */
export function byUrgency(a: Session, b: Session): number {
  const waits = (session: Session): number => (session.status === "waiting" ? 0 : 1);
  return waits(a) - waits(b) || a.status_since - b.status_since || (a.id < b.id ? -1 : 1);
}
