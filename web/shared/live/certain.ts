import { createContext, useContext } from "react";

/**
 * Whether what is shown is confirmed. A local copy is not until the edge has spoken: what was said and done stands as it is, but
 * what waited or ran then is shown as not known yet, and nothing can be decided on it.
 */
export const Certain = createContext(true);

export function useCertain(): boolean {
  return useContext(Certain);
}

/** The word for a state that is not known yet. */
export const NOT_KNOWN_YET = "Not known yet";
