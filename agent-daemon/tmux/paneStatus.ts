import type { AgentName, SessionStatus } from "../../protocol/session.ts";
import type { ClaudeSession } from "./claudeRegistry.ts";

export type PaneStatus = { status: SessionStatus; reason: string | null };

/** How busy a pane looks, from one look to the next. */
export type Activity = {
  /** When its screen changed last, as far as is known. */
  at: number;
  /** Looks in a row that found a change. */
  streak: number;
  busy: boolean;
};

export const QUIET: Activity = { at: 0, streak: 0, busy: false };
/** An agent at work redraws its screen all the time (a clock, a spinner); quiet for this long, it waits. */
const QUIET_MS = 8_000;

/** Follows activity: busy after two looks in a row that found a change, so that one key typed is no work. */
export function followActivity(before: Activity, changedAt: number, now: number): Activity {
  // Times to come are from before the clock was put back; they say nothing, and must not make what comes look old.
  const last = Math.min(before.at, now);
  const changed = changedAt > last && changedAt <= now;
  const streak = changed ? before.streak + 1 : now - last > QUIET_MS ? 0 : before.streak;
  const at = changed ? changedAt : last;
  return { at, streak, busy: now - at <= QUIET_MS && (before.busy || streak >= 2) };
}

/**
 * The status of a live pane. Claude Code tells its own, Codex and OpenCode where their servers do (`said`, as does a
 * prompt that waits on the screen); a shell in the foreground is idle and another program works; the other agents tell
 * nothing cheaply, so their screen does.
 */
export function paneStatus(
  agent: AgentName,
  claude: ClaudeSession | undefined,
  activity: Activity,
  said?: PaneStatus,
): PaneStatus {
  if (agent === "shell") return { status: "idle", reason: null };
  const own = agent === "claude" ? claude?.status : undefined;
  if (said !== undefined && own === undefined) return said;
  if (agent === "other") return { status: "working", reason: null };
  switch (own) {
    case "idle":
      return { status: "idle", reason: null };
    case "busy":
      return { status: "working", reason: null };
    case "waiting":
      return { status: "waiting", reason: claude?.waitingFor ?? null };
    case undefined:
      return { status: activity.busy ? "working" : "idle", reason: null };
  }
}
