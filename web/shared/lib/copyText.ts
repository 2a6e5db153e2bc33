import { showToast } from "../ui/toasts.ts";

/** Puts text on the clipboard and says so; false when the browser did not let it. */
export async function copyText(text: string, what: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    showToast({ text: `Copied ${what}.` });
    return true;
  } catch {
    // No permission, or the page is not served over a safe origin.
    showToast({ kind: "trouble", text: `The browser did not let this page copy ${what}.` });
    return false;
  }
}
