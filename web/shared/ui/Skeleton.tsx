import { classes } from "../lib/classes.ts";

/** The place of something that is still coming, in its size. Appears only when that takes a moment. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={classes("animate-shimmer rounded-small bg-raised", className)} />;
}
