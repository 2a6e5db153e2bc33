import { lifeSetting } from "../../shared/lifeSetting.ts";

/** How long an approval waits for its decision, unless the deployment says otherwise. */
export const DEFAULT_LIFE_MS = 7 * 24 * 60 * 60 * 1000;

/** The time in `SIGNALBOX_APPROVAL_EXPIRY`; the default when there is none that can be read. */
export function approvalLife(text: string | undefined): number {
  return lifeSetting("SIGNALBOX_APPROVAL_EXPIRY", text, DEFAULT_LIFE_MS);
}
