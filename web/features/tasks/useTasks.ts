import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { isTaskEnded, type Task } from "../../../protocol/tasks.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { workApi } from "../work/workApi.ts";

/** Tasks by where they stand, newest first; `dead` wait for a person. */
export type TaskGroups = { open: Task[]; dead: Task[]; over: Task[] };

/** The team's tasks: a page at a time as they were, and each as it changes. */
export function useTasks() {
  const queries = useQueryClient();
  const live = useHub().tasks;
  const { data, error, isPending, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["tasks"],
    queryFn: ({ pageParam }) => workApi.tasks(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
    staleTime: 0,
  });
  const groups = useMemo<TaskGroups>(() => {
    const known = new Map<string, Task>();
    for (const task of [...(data?.pages.flatMap(({ items }) => items) ?? []), ...live.values()])
      if ((known.get(task.id)?.version ?? -1) < task.version) known.set(task.id, task);
    const all = [...known.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
    return {
      open: all.filter((task) => !isTaskEnded(task)),
      dead: all.filter(({ status }) => status === "dead"),
      over: all.filter((task) => isTaskEnded(task) && task.status !== "dead"),
    };
  }, [data, live]);
  return {
    groups,
    error,
    isPending,
    more: hasNextPage ? () => void fetchNextPage() : null,
    changed: () => void queries.invalidateQueries({ queryKey: ["tasks"] }),
  };
}
