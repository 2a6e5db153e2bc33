import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { showToast } from "../../shared/ui/toasts.ts";

/** Does what a person asked for, and says so, or what went wrong. True when it was done. */
export async function attempt(work: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await work();
    if (done !== undefined) showToast({ text: done });
    return true;
  } catch (error) {
    showToast({ kind: "trouble", text: failureSentence(error) });
    return false;
  }
}
