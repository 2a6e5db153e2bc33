import { fullTime, longSince, moment, shortSince } from "../lib/time.ts";
import { useNow } from "../lib/useNow.ts";

/** How long ago something was; the moment itself in the title. */
export function Since({
  at,
  long = false,
  clock = false,
  className,
}: {
  at: number;
  long?: boolean;
  /** The moment and not the time since: `07:41`, or the day when it was another one. */
  clock?: boolean;
  className?: string;
}) {
  const now = useNow("slow");
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at)} className={className}>
      {clock ? moment(at, now) : long ? longSince(at, now) : shortSince(at, now)}
    </time>
  );
}
