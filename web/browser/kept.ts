import type { Page } from "playwright-core";
import { until } from "./stage.ts";

/** Ids of the sessions that this browser keeps, and up to which event. */
function kept(page: Page): Promise<Record<string, number>> {
  return page.evaluate(
    () =>
      new Promise<Record<string, number>>((resolve, reject) => {
        const open = indexedDB.open("signalbox");
        // There is none yet: it is not for a test to make it.
        open.addEventListener("upgradeneeded", () => open.transaction?.abort());
        open.addEventListener("error", () =>
          open.error?.name === "AbortError" ? resolve({}) : reject(open.error),
        );
        open.addEventListener("success", () => {
          const texts = open.result.transaction("text").objectStore("text");
          const found: Record<string, number> = {};
          texts.openCursor().addEventListener("success", (event) => {
            const request = event.target;
            const cursor = request instanceof IDBRequest ? request.result : null;
            if (!(cursor instanceof IDBCursorWithValue)) {
              open.result.close();
              return resolve(found);
            }
            found[String(cursor.key)] = JSON.parse(String(cursor.value)).next - 1;
            cursor.continue();
          });
        });
      }),
  );
}

/** Waits until the browser keeps a session up to an event. */
export async function isKept(page: Page, id: string, upTo: number): Promise<void> {
  await until(
    () => kept(page),
    (copies) => (copies[id] ?? 0) >= upTo,
    `a copy up to ${upTo}`,
  );
}

/** Waits until the browser keeps nothing. */
export async function isEmpty(page: Page): Promise<void> {
  await until(
    () => kept(page).catch(() => ({ reloading: 0 })),
    (copies) => Object.keys(copies).length === 0,
    "no copies",
  );
}
