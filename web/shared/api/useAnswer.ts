import { useEffect, useState } from "react";
import { failureSentence } from "./ApiFailure.ts";

/** What was answered last, and whether it is to what is asked now. */
export type Asked<T> = { data: T | null; error: string | null; current: boolean };

/** Asks while something is wanted: again when `key` changes, a moment after it does; null: nothing is asked. */
export function useAnswer<T>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<T>,
  delayMs = 250,
): Asked<T> {
  const [last, setLast] = useState<{ key: string; data: T | null; error: string | null } | null>(null);
  useEffect(() => {
    if (key === null) return;
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      ask(leaving.signal).then(
        (data) => !leaving.signal.aborted && setLast({ key, data, error: null }),
        (error: unknown) =>
          !leaving.signal.aborted && setLast({ key, data: null, error: failureSentence(error) }),
      );
    }, delayMs);
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
    // What is asked is told by the key.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, delayMs]);
  const current = key !== null && last?.key === key;
  return { data: key === null ? null : (last?.data ?? null), error: current ? last.error : null, current };
}
