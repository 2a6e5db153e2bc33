import { countdown } from "../lib/time.ts";
import type { SocketState } from "./liveSocket.ts";

/** The connection in a word, and in a sentence when it is not live. */
export function connectionWords(state: SocketState, now: number): { word: string; sentence: string | null } {
  switch (state.phase) {
    case "live":
      return { word: "Live", sentence: null };
    case "connecting":
      return {
        word: "Connecting",
        sentence: state.attempt === 0 ? null : "Connecting again. What is shown may be old.",
      };
    case "stalled":
      return {
        word: "No answer",
        sentence: "Signalbox does not answer right now. What is shown may be old.",
      };
    case "waiting": {
      const left = state.retryAt - now;
      const next = left > 1_000 ? `Next try in ${countdown(state.retryAt, now)}.` : "Trying again.";
      return { word: "Not connected", sentence: `${state.reason} What is shown may be old. ${next}` };
    }
    case "refused":
      return { word: "Refused", sentence: `${state.reason} Nothing new is shown.` };
  }
}
