import type { JobAgent } from "../../protocol/jobs.ts";
import type { TaskStatus } from "../../protocol/tasks.ts";
import type { Provider, SessionStatus } from "../../protocol/session.ts";

/** Where an API is, when it is not this machine's own. */
export type Target = { url: string | null; tokenFile: string | null };

export type UpArgs = { detach: boolean; port: number | null };
export type RestartArgs = { port: number | null };
export type StatusArgs = { json: boolean; config: string | null };
export type ConnectArgs = {
  url: string | null;
  code: string | null;
  name: string | null;
  service: boolean;
  config: string | null;
};
export type SessionsArgs = Target & {
  json: boolean;
  host: string | null;
  status: SessionStatus[];
  provider: Provider[];
  attention: boolean;
  ended: boolean | null;
  text: string | null;
};
export type AttachArgs = Target & { session: string; fit: boolean };
export type SendArgs = Target & { session: string; text: string; json: boolean };
export type ApproveArgs = Target & {
  approval: string | null;
  deny: boolean;
  message: string | null;
  scope: "once" | "session" | "always";
  /** Answers to an agent's questions, by the question's text. */
  answers: Record<string, string> | null;
  json: boolean;
};
export type StartArgs = Target & {
  /** What to start; null: as the template says. */
  what: StartWhat | null;
  prompt: string | null;
  host: string | null;
  cwd: string | null;
  model: string | null;
  mode: string | null;
  branch: string | null;
  base: string | null;
  resume: string | null;
  title: string | null;
  template: string | null;
  /** Without a terminal. */
  headless: boolean;
  json: boolean;
};
/** What `signalbox start` can start. */
export const STARTS = ["claude", "codex", "opencode", "gemini", "shell", "chat", "job"] as const;
export type StartWhat = (typeof STARTS)[number];
/** The parts of one-machine mode that keep a log. */
export const LOGS = ["edge", "agent", "supervisor"] as const;
export type LogsArgs = { part: (typeof LOGS)[number]; lines: number; follow: boolean };
export type WorktreesArgs = Target & {
  host: string | null;
  /** The one to remove; null: they are listed. */
  remove: string | null;
  snapshot: boolean;
  json: boolean;
};
export type WorkflowsArgs = Target & {
  action: "list" | "runs" | "run" | "show" | "logs" | "cancel";
  /** The workflow that is to run, or the run that is meant; null: the newest. */
  what: string | null;
  /** What a run is given; null: nothing. */
  args: unknown;
  budget: number | null;
  agent: JobAgent | null;
  model: string | null;
  mode: string | null;
  host: string | null;
  cwd: string | null;
  fresh: boolean;
  detach: boolean;
  json: boolean;
};
/** What `signalbox tasks` can do. */
export const TASK_ACTIONS = ["list", "add", "show", "cancel", "retry"] as const;
export type TasksArgs = Target & {
  action: (typeof TASK_ACTIONS)[number];
  /** The prompt of a new one, or which one is meant. */
  text: string;
  status: TaskStatus[];
  agent: JobAgent;
  host: string | null;
  cwd: string | null;
  model: string | null;
  mode: string | null;
  effort: string | null;
  /** The branch of a worktree of its own. */
  worktree: string | null;
  title: string | null;
  json: boolean;
};
export type ScheduleArgs = Target & {
  action: "list" | "add" | "run" | "pause" | "resume" | "remove";
  /** Of `add`, the name and what is said; of the others, which one. */
  words: string[];
  cron: string | null;
  /** Milliseconds since 1970. */
  at: number | null;
  zone: string | null;
  session: string | null;
  workflow: string | null;
  /** What the workflow is given. */
  args: unknown;
  host: string | null;
  cwd: string | null;
  catchUp: "one" | "none";
  overlap: "skip" | "queue" | "parallel";
  json: boolean;
};
export type HooksArgs = { action: "install" | "remove" | "status"; config: string | null };
export type DoctorArgs = { json: boolean; config: string | null };

/** A command with its arguments, read and checked. */
export type Invocation =
  | { command: "up"; args: UpArgs }
  | { command: "down"; args: Record<never, never> }
  | { command: "restart"; args: RestartArgs }
  | { command: "status"; args: StatusArgs }
  | { command: "connect"; args: ConnectArgs }
  | { command: "sessions"; args: SessionsArgs }
  | { command: "attach"; args: AttachArgs }
  | { command: "send"; args: SendArgs }
  | { command: "approve"; args: ApproveArgs }
  | { command: "start"; args: StartArgs }
  | { command: "worktrees"; args: WorktreesArgs }
  | { command: "workflows"; args: WorkflowsArgs }
  | { command: "tasks"; args: TasksArgs }
  | { command: "schedule"; args: ScheduleArgs }
  | { command: "hooks"; args: HooksArgs }
  | { command: "logs"; args: LogsArgs }
  | { command: "doctor"; args: DoctorArgs };
