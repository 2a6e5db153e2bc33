import { useInfiniteQuery } from "@tanstack/react-query";
import type { Schedule } from "../../../protocol/schedules.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { StartedLink } from "../work/StartedLink.tsx";
import { useTold } from "../work/useTold.ts";
import { workApi } from "../work/workApi.ts";
import { executionWords, inZone, zoneOf } from "./scheduleWords.ts";

/** The executions of a schedule, newest first. */
export function ExecutionList({ schedule }: { schedule: Schedule }) {
  const key = ["executions", schedule.id];
  const refetchInterval = useTold("schedules", key);
  const { data, error, isPending, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => workApi.executions(schedule.id, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
    refetchInterval,
    staleTime: 0,
  });
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="flex flex-col gap-1 border-t border-line pt-2">
      {error !== null && <p className="text-trouble-text">{failureSentence(error)}</p>}
      {!isPending && items.length === 0 && <p className="text-muted">Nothing yet.</p>}
      <ol className="flex flex-col" aria-label="History">
        {items.map((execution) => (
          <li key={execution.id} className="flex flex-wrap gap-x-3 py-1" data-testid="execution">
            <span className="w-40 shrink-0 text-muted">
              {inZone(execution.due_at, zoneOf(schedule.when))}
            </span>
            <span className="min-w-0 grow break-words">{executionWords(execution).text}</span>
            <StartedLink work={execution.work} />
          </li>
        ))}
      </ol>
      {hasNextPage && (
        <Button look="quiet" className="self-start" onClick={() => void fetchNextPage()}>
          Earlier ones
        </Button>
      )}
    </div>
  );
}
