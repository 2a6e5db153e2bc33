import { fullTime, longSince, shortSince } from "../lib/time.ts";
import { useNow } from "../lib/useNow.ts";

/** How long ago something was; the moment itself in the title. */
export function Since({ at, long = false, className }: { at: number; long?: boolean; className?: string }) {
  const now = useNow("slow");
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at)} className={className}>
      {long ? longSince(at, now) : shortSince(at, now)}
    </time>
  );
}
