import { useEffect, useState } from "react";

/** A break that is shorter is not worth a word, and a word that is said stands this long. */
export const STEADY_MS = 1_000;

/** As `value`, but only what lasts: it becomes true and false again {@link STEADY_MS} late, so that nothing flickers. */
export function useSteady(value: boolean): boolean {
  const [steady, setSteady] = useState(false);
  useEffect(() => {
    if (value === steady) return;
    const timer = setTimeout(() => setSteady(value), STEADY_MS);
    return () => clearTimeout(timer);
  }, [value, steady]);
  return steady;
}
