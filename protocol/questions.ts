import * as z from "zod";
import { Changes, ChangesQuestion, SameChanges } from "./changes.ts";
import { Conversations, ConversationsQuestion } from "./conversations.ts";
import { Place, PlaceQuestion } from "./places.ts";
import { RemovedWorktree, RemoveWorktree, Worktrees } from "./worktrees.ts";
import { WorkflowFiles, WorkflowFilesQuestion } from "./workflowFiles.ts";

/** How long a host is given to answer. */
export const ANSWER_LIMIT_MS = 25_000;

/** What a host may be asked at any time. It looks, or does what does no harm a second time; nothing of it is kept. */
export const Question = z.discriminatedUnion("type", [
  ChangesQuestion,
  ConversationsQuestion,
  PlaceQuestion,
  z.object({ type: z.literal("worktrees") }),
  WorkflowFilesQuestion,
  RemoveWorktree.extend({ type: z.literal("remove_worktree") }),
]);
export type Question = z.infer<typeof Question>;

/** A host's answer. */
export const Answer = z.discriminatedUnion("status", [
  Changes,
  SameChanges,
  Conversations,
  Place,
  Worktrees,
  RemovedWorktree,
  WorkflowFiles,
  z.object({
    status: z.literal("failed"),
    code: z.string().max(60),
    message: z.string().max(4000),
    details: z.array(z.string().max(1000)).max(100).optional(),
  }),
]);
export type Answer = z.infer<typeof Answer>;
export type AnswerOf<T extends Answer["status"]> = Extract<Answer, { status: T }>;
