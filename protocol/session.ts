import * as z from "zod";
import { CommandId, HostId, SessionId, TeamId } from "./ids.ts";

/** What a session was started for: a task, or a step of a run. It is told when the session's work has ended. */
export const JobOwner = z.object({
  kind: z.enum(["task", "run"]),
  id: z.string().min(1).max(100),
  step: z.string().max(200).optional(),
  /** What lists call it. */
  title: z.string().max(200).optional(),
});
export type JobOwner = z.infer<typeof JobOwner>;

/** What drives a session. */
export const Provider = z.enum(["edge", "tmux", "codex", "claude", "opencode", "acp", "paseo"]);
export type Provider = z.infer<typeof Provider>;

/** The title of a chat that nobody has named and that nothing was said in. */
export const UNTITLED = "New chat";

/**
 * The state of a session; the five signals of the interface, and `starting`.
 * `waiting`: for a person. `trouble`: it failed or cannot go on. `done`: it ended well.
 */
export const SessionStatus = z.enum(["starting", "working", "waiting", "idle", "done", "trouble"]);
export type SessionStatus = z.infer<typeof SessionStatus>;

/** The coding agent recognised in a pane; `shell` and `other` are not agents. */
export const AgentName = z.enum(["claude", "codex", "opencode", "gemini", "shell", "other"]);
export type AgentName = z.infer<typeof AgentName>;

/** A path or a name as a host tells it: bounded, since every list carries it. */
const HostText = z.string().max(4096);

export const GitState = z.object({
  root: HostText,
  branch: HostText.nullable(),
  /** Number of changed and untracked files; null when git did not answer in time. */
  dirty: z.number().int().nullable(),
});
export type GitState = z.infer<typeof GitState>;

/** Where a pane is. `socket` is the tmux socket's name (`default`, or that of `-L`), or its absolute path. */
export const PaneAddress = z.object({
  socket: HostText,
  pane: z.string().regex(/^%\d+$/),
  /** tmux's own session name and window, for people. */
  tmux_session: HostText,
  window: HostText,
  cols: z.number().int(),
  rows: z.number().int(),
});
export type PaneAddress = z.infer<typeof PaneAddress>;

export const Worktree = z.object({
  path: HostText,
  branch: HostText,
  base: HostText,
  repo: HostText,
});
export type Worktree = z.infer<typeof Worktree>;

/** How a session ended: an exit code, a signal, or a sentence when neither is known. */
export const Exit = z.object({
  code: z.number().int().nullable(),
  signal: z.string().nullable(),
  message: z.string().nullable(),
});
export type Exit = z.infer<typeof Exit>;

/** What a host says of a session; everything that can change without being an event. */
export const SessionFacts = z.object({
  cwd: HostText.nullable(),
  /** The program in the foreground, as tmux names it. */
  command: HostText.nullable(),
  agent: AgentName.nullable(),
  git: GitState.nullable(),
  pane: PaneAddress.nullable(),
  worktree: Worktree.nullable(),
  /** The last line of output that is not blank, at most 200 characters. */
  preview: z.string().max(200).nullable(),
});
export type SessionFacts = z.infer<typeof SessionFacts>;

/** A session as lists and pages show it: a projection of its log and of the facts its host reports. Times are milliseconds since 1970. */
export const Session = SessionFacts.extend({
  id: SessionId,
  team: TeamId,
  host: HostId.nullable(),
  provider: Provider,
  title: z.string().max(200),
  status: SessionStatus,
  /** Why it has the status, in words, when that is known ("permission prompt", "exit 1"). */
  status_reason: z.string().nullable(),
  status_since: z.number(),
  exit: Exit.nullable(),
  /** The agent's own id of the conversation (Codex thread), when it has one. */
  thread: z.string().nullable(),
  /** Last event of the log that was known when this was written. */
  seq: z.number().int(),
  created_at: z.number(),
  updated_at: z.number(),
  ended_at: z.number().nullable(),
  /** Of an `edge` session: the model it talks to, and how hard that thinks. */
  model: z.string().nullable().optional(),
  effort: z.enum(["low", "medium", "high"]).nullable().optional(),
  /** Approvals of this session that wait for a decision. */
  pending_approvals: z.number().int().optional(),
  /** Of an `edge` session: its commands that run in the background on a host. */
  background: z
    .array(z.object({ id: CommandId, host: HostId, summary: z.string(), started_at: z.number() }))
    .optional(),
  /** What it was started for, when that was not a person: its owner is told how it ends, and sees to its trouble. */
  job: JobOwner.optional(),
  /** An agent without a terminal that is spoken to; a job is not. */
  interactive: z.boolean().optional(),
  /** When somebody said that they have seen its trouble; older than `status_since`, it was of an earlier one. */
  seen_at: z.number().nullable().optional(),
  /** When an agent last came to the end of what it was working at by itself; null while it works, and before it ever has. */
  finished_at: z.number().nullable().optional(),
  /** Counts changes of this projection; a higher one is newer. */
  version: z.number().int(),
});
export type Session = z.infer<typeof Session>;

/** True when a person should look: it waits for them, or it is in trouble that nobody has seen. A job's trouble is its owner's. */
export function needsAttention({
  status,
  status_since,
  seen_at,
  job,
}: Pick<Session, "status" | "status_since" | "seen_at" | "job">): boolean {
  if (status === "waiting") return true;
  return status === "trouble" && job === undefined && (seen_at ?? 0) < status_since;
}

/** True of what works at something it was told: an agent, a job, a chat; not of a shell or another program. */
export function isAgent({ provider, agent }: Pick<Session, "provider" | "agent">): boolean {
  return provider !== "tmux" || (agent !== null && agent !== "shell" && agent !== "other");
}

/** True when the session is an agent that its host runs without a terminal, and that can be spoken to. */
export function isInteractive({ interactive }: Pick<Session, "interactive">): boolean {
  return interactive === true;
}

/** True when nothing more will happen in it by itself. */
export function isEnded(session: Pick<Session, "ended_at">): boolean {
  return session.ended_at !== null;
}

/** True when an agent's own dialog is open in its terminal: text that is pasted there, with Enter, would answer it. */
export function waitsForAnswer({
  provider,
  agent,
  status,
  pending_approvals = 0,
}: Pick<Session, "provider" | "agent" | "status" | "pending_approvals">): boolean {
  if (provider !== "tmux") return false;
  // Of other agents nobody tells for certain that they wait.
  return pending_approvals > 0 || (status === "waiting" && (agent === "claude" || agent === "codex"));
}
