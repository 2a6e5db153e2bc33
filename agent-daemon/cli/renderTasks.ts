import type { WholeTask } from "../../protocol/taskApi.ts";
import type { Task } from "../../protocol/tasks.ts";
import { printable } from "./renderSessions.ts";
import { ago } from "./renderStatus.ts";

/** Characters of an error that a line is cut to. */
const LINE = 100;

/** Tasks, a line each. Pure. */
export function renderTasks(tasks: Task[], now: number): string[] {
  if (tasks.length === 0) return ["No tasks."];
  return tasks.map(({ id, title, status, tries, most_tries, tokens, error, created_at }) => {
    const used = tokens.input + tokens.output;
    const facts = [
      status,
      ...(tries > 1 ? [`try ${tries} of ${most_tries}`] : []),
      ...(used > 0 ? [`${used} tokens`] : []),
      ...(error === null ? [] : [printable(error).slice(0, LINE)]),
    ];
    return `${id.slice(-6)}  ${printable(title)}  ${facts.join(", ")}  (${ago(now - created_at)})`;
  });
}

/** One task with what it is to do, and its result. Pure. */
export function renderTask(task: WholeTask, now: number): string[] {
  return [
    ...renderTasks([task], now),
    ...(task.session === null ? [] : [`session ${task.session}`]),
    "",
    ...task.spec.prompt.split("\n").map((line) => `> ${printable(line)}`),
    ...(task.result === null || task.result === ""
      ? []
      : ["", ...task.result.split("\n").map((line) => printable(line))]),
  ];
}
