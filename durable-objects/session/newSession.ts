import type { JobOwner, Provider, Session, SessionFacts } from "../../protocol/session.ts";

/** What a new session is made from. */
export type NewSession = {
  id: string;
  team: string;
  host: string | null;
  provider: Provider;
  title: string;
  cwd: string | null;
  model?: string;
  effort?: "low" | "medium" | "high";
  /** What it is started for. */
  job?: JobOwner;
  interactive?: boolean;
};

/** What is known of a session before its host has said anything. */
export const NO_FACTS: SessionFacts = {
  cwd: null,
  command: null,
  agent: null,
  git: null,
  pane: null,
  worktree: null,
  preview: null,
};

/** A session at its beginning. */
export function newSession(fresh: NewSession, now: number): Session {
  return {
    ...NO_FACTS,
    ...fresh,
    title: fresh.title.slice(0, 200), // a pane's title may be of any length
    status: "starting",
    status_reason: null,
    status_since: now,
    exit: null,
    thread: null,
    seq: 0,
    created_at: now,
    updated_at: now,
    ended_at: null,
    version: 0,
  };
}
