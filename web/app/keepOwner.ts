import { stopHub } from "../shared/live/stores.ts";
import { me } from "./me.ts";

/** What sessions need comes with the first page that shows one; the first visit does not wait for it. */
const loadSessions = () => import("../shared/live/sessionStores.ts");

/** What this browser keeps is one person's: it goes when they sign out, and before another sees it. */
export function startKeepOwner(): void {
  me.subscribe(() => void keepOwner());
}

async function keepOwner(): Promise<void> {
  const who = me.get();
  if (who.state === "signedOut") stopHub();
  if (who.state !== "signedOut" && who.state !== "here") return;
  const { localCopies, stopSessions } = await loadSessions();
  if (who.state === "signedOut") {
    stopSessions();
    await localCopies.clear();
  } else if (await localCopies.belongTo(`${who.me.team} ${who.me.user}`)) {
    // What is on the screen may be another's too.
    location.reload();
  }
}
