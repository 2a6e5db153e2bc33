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
    const link = document.querySelector('link[rel="icon"]');
    link?.setAttribute(
      "href",
      count > 0 || stale ? `data:image/svg+xml,${encodeURIComponent(icon(count, stale))}` : "/icon.svg",
    );
  }, [count, stale]);
}

function icon(count: number, stale: boolean): string {
  const lamp = stale ? 'fill="none" stroke="#8a939f" stroke-width="2"' : 'fill="#f0b03c"';
  const badge =
    count > 0
      ? `<circle cx="22" cy="22" r="10" fill="#f0b03c"/><text x="22" y="26.5" font-family="sans-serif" font-size="13" font-weight="700" text-anchor="middle" fill="#0e1013">${count > 9 ? "9+" : count}</text>`
      : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#14171b"/><rect x="10" y="3" width="12" height="22" rx="6" fill="none" stroke="#e8eaed" stroke-width="2"/><circle cx="16" cy="9.5" r="3.2" ${lamp}/><path d="M16 25v4M12 29h8" stroke="#e8eaed" stroke-width="2" stroke-linecap="round"/>${badge}</svg>`;
}
