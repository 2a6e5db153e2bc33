import { useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import { showToast } from "../../shared/ui/toasts.ts";
import { MOST_PINS, pinsOf, rememberPins, withPins } from "./pins.ts";

export type Pins = {
  seqs: readonly number[];
  has(seq: number): boolean;
  toggle(seq: number): void;
  /** An address that shows this chat with its pins. */
  link(): string;
};

/** The pinned messages of a chat. */
export function usePins(session: string): Pins {
  const search = useSearch();
  const [path, navigate] = useLocation();
  return useMemo(() => {
    const seqs = pinsOf(session, search);
    return {
      seqs,
      has: (seq) => seqs.includes(seq),
      toggle(seq) {
        const next = seqs.includes(seq)
          ? seqs.filter((each) => each !== seq)
          : [...seqs, seq].toSorted((a, b) => a - b);
        if (next.length > MOST_PINS)
          return showToast({ text: `At most ${MOST_PINS} messages of a chat can be pinned.` });
        rememberPins(session, next);
        navigate(`${path}${withPins(search, next)}`, { replace: true });
      },
      link: () => `${location.origin}${path}${withPins(search, seqs)}`,
    };
  }, [session, search, path, navigate]);
}
