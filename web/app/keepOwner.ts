import { flushCopies, localCopies, stopStores } from "../shared/live/stores.ts";
import { me } from "./me.ts";

/** What this browser keeps is one person's: it goes when they sign out, and before another sees it. */
export function startKeepOwner(): void {
  me.subscribe(() => {
    const who = me.get();
    if (who.state === "signedOut") {
      stopStores();
      void localCopies.clear();
    } else if (who.state === "here") {
      void localCopies.belongTo(`${who.me.team} ${who.me.user}`).then((others) => {
        // What is on the screen may be another's too.
        if (others) location.reload();
      });
    }
  });
  addEventListener("pagehide", flushCopies);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") flushCopies();
  });
}
