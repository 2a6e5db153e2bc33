import type { DaemonMessage } from "../../protocol/link.ts";
import type { Exit, SessionFacts } from "../../protocol/session.ts";
import type { PaneStatus } from "./paneStatus.ts";
import type { SessionRecord } from "./sessionRecords.ts";

/** Messages for the edge, and the record as it is once they are stored. */
export type Change = { messages: DaemonMessage[]; record: SessionRecord };

/**
 * What the edge must be told of a live pane; null when it knows everything.
 * Facts that may not be told yet (`factsDue` is false) stay as they were told last, so that they are told later.
 */
export function liveChange(
  record: SessionRecord,
  seen: { facts: SessionFacts; status: PaneStatus; factsDue: boolean; now: number },
): Change | null {
  const { session, title } = record;
  const { facts, now } = seen;
  const { status, reason } = seen.status;
  const isNew = record.facts === null;
  const stale = !isNew && seen.factsDue && JSON.stringify(record.facts) !== JSON.stringify(facts);
  const turned = record.status !== status || record.reason !== reason;
  if (!isNew && !stale && !turned) return null;
  const messages: DaemonMessage[] = [];
  if (isNew) messages.push({ kind: "session", session, provider: "tmux", title, facts });
  else if (stale) messages.push({ kind: "facts", session, facts });
  if (turned)
    messages.push({
      kind: "events",
      session,
      events: [{ at: now, event: { type: "status", status, reason } }],
    });
  return { messages, record: { ...record, facts: isNew || stale ? facts : record.facts, status, reason } };
}

/** What the edge must be told of a pane that has ended. `facts`: the last ones, when none were told before. */
export function endedChange(
  record: SessionRecord,
  end: {
    status: "done" | "trouble";
    exit: Exit;
    facts: SessionFacts | null;
    preview: string | null;
    now: number;
  },
): Change {
  const { session, title } = record;
  const { status, exit, now } = end;
  const last = record.facts ?? end.facts ?? NO_FACTS;
  const facts = { ...last, pane: null, worktree: record.worktree, preview: end.preview ?? last.preview };
  return {
    messages: [
      record.facts === null
        ? { kind: "session", session, provider: "tmux", title, facts }
        : { kind: "facts", session, facts },
      { kind: "events", session, events: [{ at: now, event: { type: "ended", status, exit } }] },
    ],
    record: { ...record, facts, status, reason: null, endedAt: now, endReason: describeExit(exit) },
  };
}

/** Everything the edge should know of a live session, for one that may have forgotten it. */
export function announcement(record: SessionRecord, now: number): DaemonMessage[] {
  const { session, title, facts, status, reason } = record;
  if (record.endedAt !== null || facts === null || status === null) return [];
  return [
    { kind: "session", session, provider: "tmux", title, facts },
    { kind: "events", session, events: [{ at: now, event: { type: "status", status, reason } }] },
  ];
}

function describeExit(exit: Exit): string {
  if (exit.message !== null) return exit.message;
  return exit.signal === null ? `It ended with code ${exit.code}.` : `It was ended by ${exit.signal}.`;
}

const NO_FACTS: SessionFacts = {
  cwd: null,
  command: null,
  agent: null,
  git: null,
  pane: null,
  worktree: null,
  preview: null,
};
