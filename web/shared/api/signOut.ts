import { showToast } from "../ui/toasts.ts";
import { failureSentence } from "./ApiFailure.ts";
import { api } from "./endpoints.ts";

/** Signs this browser out, and leaves the page. */
export async function signOut(): Promise<void> {
  try {
    await api.signOut();
    location.assign("/sign-in");
  } catch (error) {
    showToast({ kind: "trouble", text: failureSentence(error) });
  }
}
