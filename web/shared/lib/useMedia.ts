import { useSyncExternalStore } from "react";

/** Whether a media query holds, live. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = matchMedia(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}

/** One column, bottom bar: the same bound as the `phone` variant of the styles. */
export function usePhone(): boolean {
  return useMedia("(width < 768px)");
}
