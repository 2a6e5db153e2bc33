import type { Answer, Question } from "../protocol/questions.ts";
import type { startPast } from "./agents/past/startPast.ts";
import type { startChanges } from "./changes/startChanges.ts";
import type { Log } from "./parts.ts";
import { readPlace } from "./places/readPlace.ts";
import type { RootRules } from "./tools/allowedRoot.ts";
import { readWorkflowFiles } from "./workflows/readWorkflowFiles.ts";
import type { startWorktrees } from "./worktrees/startWorktrees.ts";

export type AnswersDeps = {
  changes: ReturnType<typeof startChanges>;
  past: ReturnType<typeof startPast>;
  worktrees: ReturnType<typeof startWorktrees>;
  rules: () => Promise<RootRules>;
  log: Log;
};

/** Answers what the edge asks; what goes wrong is an answer, too. */
export function startAnswers({
  changes,
  past,
  worktrees,
  rules,
  log,
}: AnswersDeps): (question: Question) => Promise<Answer> {
  async function answer(question: Question): Promise<Answer> {
    switch (question.type) {
      case "changes":
        return changes(question);
      case "conversations":
        return past.look(question);
      case "place":
        return readPlace(question.directory, await rules());
      case "worktrees":
        return worktrees.list();
      case "workflows":
        return readWorkflowFiles(question.directory, await rules());
      case "remove_worktree":
        return worktrees.remove(question);
    }
  }

  return async (question) => {
    try {
      return await answer(question);
    } catch (error) {
      // A fault of ours; whoever asked must still hear of it.
      log("error", `A question (${question.type}) could not be answered.`, {
        error: error instanceof Error ? error.stack : String(error),
      });
      return { status: "failed", code: "internal", message: "The daemon failed at this; its log says how." };
    }
  };
}
