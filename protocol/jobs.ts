import * as z from "zod";
import { AcpName, Cwd, OwnedStart, WorktreeRequest } from "./commands.ts";
import { HostId } from "./ids.ts";
import { JobTokens } from "./jobTokens.ts";
import { MAX_INPUT_BYTES } from "./limits.ts";
import { type JobOwner, Worktree } from "./session.ts";

/** Longest prompt of a chat that something else starts. */
export const MAX_JOB_PROMPT = 128 * 1024;

/** What an agent on a host is told, and how it begins; what it may not do by its mode, it asks for. */
const OnHost = {
  prompt: z.string().min(1).max(MAX_INPUT_BYTES),
  host: HostId,
  cwd: Cwd,
  model: OwnedStart.model,
  mode: OwnedStart.mode,
  effort: OwnedStart.effort,
  worktree: WorktreeRequest.optional(),
};

/** The agent of a job, and what it is told. */
export const JobSpec = z.discriminatedUnion("provider", [
  /** A chat with a model; its host tools work on `host` in `cwd`. */
  z.object({
    provider: z.literal("edge"),
    prompt: z.string().min(1).max(MAX_JOB_PROMPT),
    host: HostId.optional(),
    cwd: Cwd.optional(),
    model: z.string().max(200).optional(),
    effort: z.enum(["low", "medium", "high"]).optional(),
  }),
  z.object({ provider: z.literal("claude"), ...OnHost, agent_type: OwnedStart.agent_type }),
  z.object({
    provider: z.literal("codex"),
    ...OnHost,
    /** With it, it is `codex exec`: it asks for nothing, and what is outside is denied. */
    sandbox: z.enum(["read-only", "workspace-write", "danger-full-access"]).optional(),
  }),
  z.object({ provider: z.literal("opencode"), ...OnHost }),
  /** Any agent that speaks ACP; `program` names it in the host's configuration. */
  z.object({ provider: z.literal("acp"), program: AcpName, ...OnHost }),
]);
export type JobSpec = z.infer<typeof JobSpec>;

/** Who can do a job, as people and scripts name it; an agent that speaks ACP by `acp:` and its name. */
export const JobAgent = z.union(
  [z.enum(["edge", "claude", "codex", "opencode"]), z.templateLiteral(["acp:", AcpName])],
  "an agent is edge, claude, codex, opencode, or acp: with the name that the host's configuration has for it",
);
export type JobAgent = z.infer<typeof JobAgent>;

/** An agent by its name, as a {@link JobSpec} has it. */
export function readJobAgent(
  name: JobAgent,
): { provider: "edge" | "claude" | "codex" | "opencode" } | { provider: "acp"; program: string } {
  switch (name) {
    case "edge":
    case "claude":
    case "codex":
    case "opencode":
      return { provider: name };
    default:
      return { provider: "acp", program: name.slice("acp:".length) };
  }
}

/** A longer text goes to R2; this much of it is told. */
export const MAX_JOB_TEXT = 32 * 1024;

/** How a job ended. */
export const JobEnd = z.object({
  outcome: z.enum(["completed", "failed", "cancelled"]),
  /** What the agent said last: whole, or its first {@link MAX_JOB_TEXT} characters and the whole as a blob. */
  text: z.string(),
  blob: z.string().nullable(),
  tokens: JobTokens,
  /** Why it did not complete. */
  error: z.string().nullable(),
  /** Its host refused to start it, and would again. */
  refused: z.boolean().optional(),
  /** The worktree that it worked in. */
  worktree: Worktree.pick({ path: true, branch: true }).optional(),
});
export type JobEnd = z.infer<typeof JobEnd>;

/** What an owner is told. It may come more than once; what has the same session and round is the same. */
export type JobNotice = {
  team: string;
  session: string;
  owner: JobOwner;
  /** Counts what the session was asked, from 1. */
  round: number;
  end: JobEnd;
};
