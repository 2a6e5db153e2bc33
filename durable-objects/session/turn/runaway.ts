/** The same call with the same input this often in a turn gets a word of warning instead of being run … */
export const WARN_REPEATS = 3;
/** … and ends the turn. */
export const MOST_REPEATS = 6;
/** Calls that go wrong in a row before the model is told to think again. */
export const MISTAKES_BEFORE_NUDGE = 3;

export type Judged = "run" | "warn" | "stop";

/** Whether a call is the model running in a circle. `earlier`: the calls of the turn before it, as tool and input. */
export function judgeRepeat(
  call: { tool: string; input: string },
  earlier: { tool: string; input: string }[],
): Judged {
  const same = earlier.filter(({ tool, input }) => tool === call.tool && input === call.input).length + 1;
  if (same >= MOST_REPEATS) return "stop";
  return same > WARN_REPEATS ? "warn" : "run";
}

export const REPEAT_WARNING =
  "You have made exactly this call several times in this turn. It was not run again. Look at its earlier results, or do something else.";

export const NUDGE =
  "The last calls went wrong one after the other. Stop, read their errors, and say what you now believe before you try again.";
