import { duration } from "../../shared/lib/duration.ts";
import { useNow } from "../../shared/lib/useNow.ts";

/** How long something has been running, in whole seconds. */
export function Elapsed({ since }: { since: number }) {
  const now = useNow("second");
  return duration(Math.floor(Math.max(0, now - since) / 1_000) * 1_000);
}
