import { countdown } from "../../../shared/lib/time.ts";
import type { ConsoleState } from "./consoleState.ts";

/** What stands over a terminal that is not live: what is so, why, and what happens next. Null while it is live. */
export function consoleWords(state: ConsoleState, now: number): { title: string; detail: string } | null {
  switch (state.phase) {
    case "live":
      return null;
    case "connecting":
      return { title: "Connecting to the terminal", detail: "Typing is off until it is there." };
    case "waiting":
      return { title: "Waiting for the host", detail: `${state.reason} Typing is off.` };
    case "lost": {
      const next =
        state.retryAt - now > 1_000 ? `Next try in ${countdown(state.retryAt, now)}.` : "Trying again.";
      return {
        title: "Not connected",
        detail: `${state.reason} The terminal goes on without this page. ${next}`,
      };
    }
    case "ended":
      return { title: "This terminal has ended", detail: state.reason };
    case "refused":
      return { title: "This terminal cannot be shown", detail: state.reason };
  }
}
