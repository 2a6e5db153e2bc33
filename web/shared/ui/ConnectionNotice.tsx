import { connectionWords } from "../live/connectionWords.ts";
import { classes } from "../lib/classes.ts";
import { useNow } from "../lib/useNow.ts";
import type { SocketState } from "../live/liveSocket.ts";
import { useSteady } from "./useSteady.ts";

type NoticeProps = {
  connection: SocketState;
  /** What is shown of an unconfirmed past while it connects for the first time; nothing is said then when there is none. */
  unconfirmed?: string | null;
  retry(): void;
  testId: string;
};

/** Says that what is shown may be old, and why; once it is true again it says that, and goes. */
export function ConnectionNotice({ connection, unconfirmed = null, retry, testId }: NoticeProps) {
  const now = useNow("second");
  const first = connection.phase === "connecting" && connection.attempt === 0;
  const sentence = first ? unconfirmed : connectionWords(connection, now).sentence;
  const told = useSteady(sentence !== null);
  if (!told) return null;
  return (
    <div
      role="status"
      data-testid={testId}
      data-healed={sentence === null || undefined}
      className={classes(
        "flex min-h-8 shrink-0 animate-appear items-center gap-3 border-b border-line px-4 py-1.5",
        sentence === null ? "bg-surface text-done-text" : "bg-waiting-ground text-waiting-text",
      )}
    >
      <span className="grow">{sentence ?? "Connected. What is shown is true now."}</span>
      {sentence !== null && connection.phase !== "connecting" && (
        <button type="button" className="thumb shrink-0 underline underline-offset-2" onClick={retry}>
          Try now
        </button>
      )}
    </div>
  );
}
