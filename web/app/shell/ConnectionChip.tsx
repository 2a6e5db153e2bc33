import { useNow } from "../../shared/lib/useNow.ts";
import { classes } from "../../shared/lib/classes.ts";
import { connectionWords } from "../../shared/live/connectionWords.ts";
import { useConnection } from "../../shared/live/useHub.ts";

const DOTS = {
  live: "rounded-full bg-done",
  connecting: "animate-breathe rounded-full border border-working",
  stalled: "rounded-full border border-waiting",
  waiting: "rounded-full border border-waiting",
  refused: "bg-trouble",
} as const;

/** How the page's connection really is. */
export function ConnectionChip() {
  const connection = useConnection();
  const now = useNow("second");
  const { word, sentence } = connectionWords(connection, now);
  return (
    <span
      data-testid="connection"
      data-phase={connection.phase}
      title={sentence ?? "What is shown is true now."}
      className="inline-flex items-center gap-2 text-muted"
    >
      <span aria-hidden className={classes("size-2", DOTS[connection.phase])} />
      {word}
    </span>
  );
}
