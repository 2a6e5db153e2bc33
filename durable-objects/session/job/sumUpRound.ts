import type { EventBody, Item, Usage } from "../../../protocol/events.ts";
import type { JobTokens } from "../../../protocol/jobTokens.ts";
import type { JobEnd } from "../../../protocol/jobs.ts";

/** What an agent does, as against what it says: what it says after it is its answer. */
const ACTS = new Set<Item["kind"]>([
  "user_message",
  "command",
  "file_change",
  "tool",
  "web_search",
  "call",
  "question",
]);

/** Why a host does not start an agent, and would not another time. */
const HOPELESS = new Set([
  "no_such_directory",
  "not_a_repository",
  "no_such_base",
  "not_started",
  "not_supported",
]);

/** What a round came to, without what is kept apart from its text. */
export type RoundEnd = Pick<JobEnd, "outcome" | "text" | "tokens" | "error" | "refused"> & {
  /** A turn has come to its end. */
  turned: boolean;
};

/**
 * What the events of a round come to: the last turn's outcome, and what the agent said after its last act (before it,
 * when it said nothing after it). `asked` is the message or command that began the round.
 */
export function sumUpRound(
  events: Iterable<EventBody>,
  { asked, cancelled }: { asked: string; cancelled: boolean },
): RoundEnd {
  const known = new Set<string>();
  const said = new Map<string, string>();
  const tokens: JobTokens = { input: 0, cached: 0, output: 0 };
  let acted = false;
  let turned = false;
  let outcome: JobEnd["outcome"] = "failed";
  let error: string | null = "It ended without a word.";
  let refused = false;
  const count = (usage: Usage | null | undefined) => {
    tokens.input += usage?.input_tokens ?? 0;
    tokens.cached += usage?.cached_input_tokens ?? 0;
    tokens.output += usage?.output_tokens ?? 0;
  };
  const fail = (why: string) => {
    outcome = "failed";
    error = why;
  };
  for (const event of events) {
    switch (event.type) {
      case "item": {
        const { id, item } = event;
        const again = known.has(id);
        known.add(id);
        if (item.kind === "message" && (!again || said.has(id))) {
          if (acted) said.clear();
          acted = false;
          said.set(id, item.text);
        }
        if (ACTS.has(item.kind) && !again) acted = true;
        break;
      }
      case "turn_completed":
        turned = true;
        [outcome, error] =
          event.interrupted === true ? ["cancelled", "It was interrupted."] : ["completed", null];
        count(event.usage);
        break;
      case "turn_failed":
        turned = true;
        count(event.usage);
        fail(event.message);
        break;
      case "turn_cancelled":
        turned = true;
        [outcome, error] = ["cancelled", `Stopped by ${event.by}.`];
        break;
      case "status":
        // It died before it had begun.
        if (event.status === "trouble" && !turned) fail(event.reason ?? "It cannot go on.");
        break;
      case "ended":
        if (event.status === "trouble" && outcome !== "failed")
          fail(event.exit.message ?? "Its process failed.");
        else if (event.status === "trouble") error = event.exit.message ?? error;
        // A process that was stopped ends well, whatever became of its turn.
        else if (outcome === "failed" && error !== null) [outcome, error] = ["cancelled", event.exit.message];
        break;
      case "command_result":
        if (event.id !== asked || event.result.status === "done") break;
        refused = event.result.status === "failed" && HOPELESS.has(event.result.code);
        fail("message" in event.result ? event.result.message : `The start was ${event.result.status}.`);
        break;
      default:
        break;
    }
  }
  const text = [...said.values()].filter((each) => each !== "").join("\n\n");
  if (cancelled && outcome === "failed") outcome = "cancelled";
  return { outcome, text, tokens, error, turned, ...(refused ? { refused } : {}) };
}
