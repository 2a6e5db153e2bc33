import { useEffect } from "react";
import { isTaskEnded, type Task } from "../../../protocol/tasks.ts";
import { hub } from "../../shared/live/stores.ts";
import { showToast } from "../../shared/ui/toasts.ts";

const WORDS = { completed: "is done", failed: "has failed", dead: "could not be started" };

/** Says when a person's task ends while the page looks on; a chat's own tasks are told to that. */
export function useTaskNews(): void {
  useEffect(() => {
    const { state } = hub();
    let before = state.get().tasks;
    return state.subscribe(() => {
      const { tasks } = state.get();
      if (tasks === before) return;
      const ended = [...tasks.values()].filter((task) => isNews(task, before.get(task.id)));
      before = tasks;
      if (ended.length > 3) return showToast({ text: `${ended.length} tasks have ended.` });
      for (const { title, status } of ended)
        if (status === "completed" || status === "failed" || status === "dead")
          showToast({
            text: `${title} ${WORDS[status]}.`,
            kind: status === "completed" ? "plain" : "trouble",
          });
    });
  }, []);
}

function isNews(task: Task, known: Task | undefined): boolean {
  return known !== undefined && !isTaskEnded(known) && isTaskEnded(task) && task.parent === null;
}
