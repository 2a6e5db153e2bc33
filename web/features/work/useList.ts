import { useQuery, useQueryClient } from "@tanstack/react-query";

/** Others may change them, and no live connection tells. */
const REFETCH_MS = 5_000;

/** A list that is kept fresh while it is looked at; `changed` fetches it at once. */
export function useList<T>(key: string, read: () => Promise<T[]>) {
  const queries = useQueryClient();
  const { data, error, isPending } = useQuery({
    queryKey: [key],
    queryFn: read,
    refetchInterval: REFETCH_MS,
    staleTime: 0,
  });
  return {
    items: data,
    error,
    isPending,
    changed: () => void queries.invalidateQueries({ queryKey: [key] }),
  };
}
