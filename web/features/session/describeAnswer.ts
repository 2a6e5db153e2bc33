import type { CommandAnswer } from "../../../protocol/api.ts";

export type AnswerWords = { ok: boolean; text: string; details: readonly string[] };

/** How a command ended, as a sentence. `did` says what is so when it was carried out. */
export function describeAnswer(
  answer: Pick<CommandAnswer, "status" | "result">,
  did: string,
  hostName: string,
): AnswerWords {
  const { result } = answer;
  if (result === null) {
    return {
      ok: true,
      text: `${hostName} has not answered yet. It is done when the host is back; the session's events show it.`,
      details: [],
    };
  }
  switch (result.status) {
    case "done":
      return { ok: true, text: did, details: [] };
    case "failed":
      return { ok: false, text: result.message, details: result.details ?? [] };
    case "expired":
      return { ok: false, text: `${hostName} did not take it in time. Nothing was done.`, details: [] };
    case "cancelled":
      return { ok: false, text: "It was cancelled. Nothing was done.", details: [] };
    case "indeterminate":
      return {
        ok: false,
        text: `${result.message} It may or may not have happened; it is not repeated by itself.`,
        details: [],
      };
  }
}
