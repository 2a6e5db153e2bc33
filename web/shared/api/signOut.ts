import { showToast } from "../ui/toasts.ts";
import { failureSentence } from "./ApiFailure.ts";
import { api } from "./endpoints.ts";

/** Signs this browser out, removes what it kept of sessions, and leaves the page. */
export async function signOut(): Promise<void> {
  try {
    await api.signOut();
    const { localCopies, stopSessions } = await import("../live/sessionStores.ts");
    stopSessions();
    await localCopies.clear();
    location.assign("/sign-in");
  } catch (error) {
    showToast({ kind: "trouble", text: failureSentence(error) });
  }
}
