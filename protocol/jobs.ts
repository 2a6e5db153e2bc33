import * as z from "zod";
import { Cwd, OwnedStart, WorktreeRequest } from "./commands.ts";
import { HostId } from "./ids.ts";
import { JobTokens } from "./jobTokens.ts";
import { MAX_INPUT_BYTES } from "./limits.ts";
import type { JobOwner } from "./session.ts";

/** Longest prompt of a chat that something else starts. */
export const MAX_JOB_PROMPT = 128 * 1024;

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
  z.object({
    provider: z.literal("codex"),
    prompt: z.string().min(1).max(MAX_INPUT_BYTES),
    host: HostId,
    cwd: Cwd,
    model: z
      .string()
      .max(100)
      .regex(/^(?!-)\S+$/)
      .optional(),
    sandbox: z.enum(["read-only", "workspace-write", "danger-full-access"]).optional(),
    worktree: WorktreeRequest.optional(),
  }),
  /** Claude Code without a terminal; what it may not do by its mode, it asks for. */
  z.object({
    provider: z.literal("claude"),
    prompt: z.string().min(1).max(MAX_INPUT_BYTES),
    host: HostId,
    cwd: Cwd,
    model: OwnedStart.model,
    mode: OwnedStart.mode,
    worktree: WorktreeRequest.optional(),
  }),
]);
export type JobSpec = z.infer<typeof JobSpec>;

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
