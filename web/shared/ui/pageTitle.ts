import { useEffect } from "react";
import { createStore } from "../lib/createStore.ts";

/** What the page in view is called, for the browser's tab. */
export const pageTitle = createStore<string | null>(null);

/** Names the page in the browser's tab while it is shown. */
export function usePageTitle(title: string | null): void {
  useEffect(() => {
    pageTitle.set(title);
    return () => pageTitle.set(null);
  }, [title]);
}
