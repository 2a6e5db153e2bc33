import { expect, it } from "vitest";
import type { SocketState } from "./liveSocket.ts";
import { connectionWords } from "./connectionWords.ts";

it.each<[SocketState, string, string | null]>([
  [{ phase: "live", since: 0 }, "Live", null],
  [
    { phase: "stalled", since: 0 },
    "No answer",
    "Signalbox does not answer right now. What is shown may be old.",
  ],
  [{ phase: "connecting", attempt: 0 }, "Connecting", null],
  [{ phase: "connecting", attempt: 2 }, "Connecting", "Connecting again. What is shown may be old."],
  [
    { phase: "waiting", retryAt: 5_000, reason: "The connection was lost.", attempt: 1 },
    "Not connected",
    "The connection was lost. What is shown may be old. Next try in 0:05.",
  ],
  [
    { phase: "waiting", retryAt: 400, reason: "The connection was lost.", attempt: 1 },
    "Not connected",
    "The connection was lost. What is shown may be old. Trying again.",
  ],
  [
    { phase: "refused", code: 4403, reason: "You are not allowed to see this." },
    "Refused",
    "You are not allowed to see this. Nothing new is shown.",
  ],
])("%o reads %s", (state, word, sentence) => {
  expect(connectionWords(state, 0)).toEqual({ word, sentence });
});
