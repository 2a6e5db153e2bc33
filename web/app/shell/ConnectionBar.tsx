import { useEffect, useState } from "react";
import { useNow } from "../../shared/lib/useNow.ts";
import { hub } from "../../shared/live/stores.ts";
import { useConnection } from "../../shared/live/useHub.ts";
import { connectionWords } from "./connectionWords.ts";

/** A short break is not worth a word: nothing that is shown has changed by then. */
const TELL_AFTER_MS = 700;

/** Says above the page that what is shown may be old, and why. */
export function ConnectionBar() {
  const connection = useConnection();
  const now = useNow("second");
  const live = connection.phase === "live";
  const first = connection.phase === "connecting" && connection.attempt === 0;
  const [told, setTold] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setTold(!live), live ? 0 : TELL_AFTER_MS);
    return () => clearTimeout(timer);
  }, [live]);
  const { sentence } = connectionWords(connection, now);
  if (!told || live || first || sentence === null) return null;
  return (
    <div
      role="status"
      data-testid="connection-bar"
      className="flex shrink-0 animate-appear items-center gap-3 border-b border-line bg-waiting-ground px-4 py-1.5 text-waiting-text"
    >
      <span className="grow">{sentence}</span>
      {connection.phase !== "connecting" && (
        <button
          type="button"
          className="thumb shrink-0 underline underline-offset-2"
          onClick={() => hub().retryNow()}
        >
          Try now
        </button>
      )}
    </div>
  );
}
