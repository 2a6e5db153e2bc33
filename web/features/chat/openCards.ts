import { useState } from "react";

/** Cards that a person opened or closed, so that they stay so when they scroll away and come back. */
const chosen = new Map<string, boolean>();
const MOST = 2_000;

/** Whether a card is open: as the person left it, or as it is by itself. */
export function useOpen(key: string, byItself: boolean): [boolean, (open: boolean) => void] {
  const [choice, setChoice] = useState<boolean | null>(chosen.get(key) ?? null);
  return [
    choice ?? byItself,
    (open) => {
      chosen.delete(key);
      chosen.set(key, open);
      const oldest = chosen.keys().next();
      if (chosen.size > MOST && oldest.done !== true) chosen.delete(oldest.value);
      setChoice(open);
    },
  ];
}
