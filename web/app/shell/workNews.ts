import type { Run } from "../../../protocol/run.ts";
import type { Task } from "../../../protocol/tasks.ts";
import type { HubState } from "../../shared/live/hubState.ts";

/** A task or a run that has ended, as a person is told of it. */
export type WorkNews = { id: string; text: string; bad: boolean; href: string };

/** Whose end a person is told of: what they have started, and what they have looked at since the page was opened. */
export type Concern = { user: string | null; followed: ReadonlySet<string>; path: string };

const WORDS: Record<string, string> = {
  completed: "has finished",
  failed: "has failed",
  dead: "could not be started",
};

/**
 * What ended between two pictures and is news for the person: not what a chat or another run is told of, not what they
 * have cancelled, and nothing while they look at it.
 */
export function newsBetween(before: HubState, after: HubState, concern: Concern): WorkNews[] {
  const { user, followed, path } = concern;
  const isMine = ({ id, by, parent }: Task | Run): boolean =>
    followed.has(id) || (by === user && parent === null);
  const tasks = endedOf(before.tasks, after.tasks).map((task) => ({
    task,
    href: `/work/tasks?task=${task.id}`,
    page: "/work/tasks",
  }));
  const runs = endedOf(before.runs, after.runs).map((task) => ({
    task,
    href: `/work/runs/${task.id}`,
    page: `/work/runs/${task.id}`,
  }));
  return [...tasks, ...runs]
    .filter(({ task, page }) => isMine(task) && path !== page)
    .map(({ task: { id, title, status }, href }) => ({
      id,
      text: `${title} ${WORDS[status]}.`,
      bad: status !== "completed",
      href,
    }));
}

/** Those that were known to go on, and have come to an end that there are words for. */
function endedOf<T extends { id: string; status: string }>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): T[] {
  if (before === after) return [];
  return [...after.values()].filter(({ id, status }) => {
    const known = before.get(id);
    return known !== undefined && WORDS[known.status] === undefined && WORDS[status] !== undefined;
  });
}
