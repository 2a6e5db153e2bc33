import type { EventLog } from "./EventLog.ts";
import type { Current } from "./SessionStore.ts";

/** One page of the log as JSON text, ready to send. */
export type EventPage = {
  first: number;
  last: number;
  head: number;
  oldest: number;
  epoch: string;
  events: string;
};

/** Which page: the events after a seq (forwards), or the `limit` events before one (`before` exclusive). */
export type EventQuery = { after: number; limit: number } | { before: number | null; limit: number };

export function readEvents(log: EventLog, { head, epoch }: Current, query: EventQuery): EventPage {
  const oldest = log.oldest();
  const [first, last] =
    "after" in query
      ? [query.after + 1, query.after + query.limit]
      : [(query.before ?? head + 1) - query.limit, (query.before ?? head + 1) - 1];
  const nearest = "after" in query ? "first" : "last";
  const run = log.between(Math.max(first, oldest), Math.min(last, head), nearest);
  return {
    first: run?.first ?? 0,
    last: run?.last ?? 0,
    head,
    oldest,
    epoch,
    events: `[${run?.body ?? ""}]`,
  };
}
