import { useEffect } from "react";
import { useStore } from "../../shared/lib/useStore.ts";
import { useConnection, useNeeds } from "../../shared/live/useHub.ts";
import { pageTitle } from "../../shared/ui/pageTitle.ts";

/** The title and the icon of the browser's tab say how many sessions need the person. */
export function useDocumentSignal(): void {
  const count = useNeeds().count;
  const connection = useConnection();
  const title = useStore(pageTitle);
  const stale = connection.phase !== "live" && connection.phase !== "connecting";

  useEffect(() => {
    const name = title === null ? "Signalbox" : `${title} · Signalbox`;
    document.title = `${count > 0 ? `(${count}) ` : ""}${name}${stale ? " · not connected" : ""}`;
  }, [count, stale, title]);

  useEffect(() => {
    let over = false;
    const show = (href: string): void =>
      document.querySelector('link[rel="icon"]')?.setAttribute("href", href);
    if (count === 0 && !stale) show("/icon.svg");
    else
      void import("./signalIcon.ts").then(
        ({ signalIcon }) => {
          if (!over) show(`data:image/svg+xml,${encodeURIComponent(signalIcon(count, stale))}`);
        },
        () => undefined /* the title says it as well */,
      );
    return () => {
      over = true;
    };
  }, [count, stale]);
}
