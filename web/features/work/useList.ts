import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ListName } from "../../../protocol/hubFrames.ts";
import { useTold } from "./useTold.ts";

/** A list that is kept fresh while it is looked at; `changed` fetches it at once. */
export function useList<T>(list: ListName, read: () => Promise<T[]>) {
  const queries = useQueryClient();
  const refetchInterval = useTold(list, [list]);
  const { data, error, isPending } = useQuery({
    queryKey: [list],
    queryFn: read,
    refetchInterval,
    staleTime: 0,
  });
  return {
    items: data,
    error,
    isPending,
    changed: () => void queries.invalidateQueries({ queryKey: [list] }),
  };
}
