/** What the fake model does next, whatever API it is asked through. */
export type Reply =
  | {
      kind: "text";
      text: string;
      reasoning: string | null;
      /** The text comes in this many pieces, this long apart. */
      pieces: number;
      pauseMs: number;
    }
  | { kind: "command"; command: string; reasoning: string | null }
  | { kind: "patch"; patch: string; reasoning: string | null }
  | { kind: "status"; status: number }
  /** The stream itself says that it failed. */
  | { kind: "stream_error" }
  /** The connection is cut in the middle. */
  | { kind: "drop" };

type Step = Exclude<Reply, { kind: "text" }> & { times?: number };

const SLOW_PIECE_MS = 200;

/**
 * Reads the last user message. Each of these lines is a step, done in order; a tool's output moves on to the next:
 *
 *     RUN: <command>                     runs it with the agent's shell tool
 *     WRITE: <path> :: <text>            makes a file with a patch
 *     EDIT: <path> :: <old> :: <new>     replaces a line with a patch
 *     FAIL: <status | sse | drop> [n]    fails; only the first n times when n is given
 *
 * and these change how it answers: `SLOW: <n>` in n pieces, 200 ms apart; `THINK: <text>` with reasoning;
 * `SAY: <text>` exactly that. Without any of them the answer is an echo, or what the last tool said.
 * `fails` says whether a step that fails so many times fails once more, and counts it.
 */
export function decide(
  userText: string,
  toolOutputs: string[],
  fails: (step: number, times: number) => boolean,
): Reply {
  const steps: Step[] = [];
  let pieces = 1;
  let reasoning: string | null = null;
  let say: string | null = null;
  for (const line of userText.split("\n")) {
    const [, word, rest = ""] = /^(RUN|WRITE|EDIT|FAIL|SLOW|THINK|SAY):\s*(.*)$/.exec(line) ?? [];
    if (word === "RUN") steps.push({ kind: "command", command: rest, reasoning: null });
    if (word === "WRITE") steps.push({ kind: "patch", patch: addPatch(rest), reasoning: null });
    if (word === "EDIT") steps.push({ kind: "patch", patch: editPatch(rest), reasoning: null });
    if (word === "FAIL") steps.push(failStep(rest));
    if (word === "SLOW") pieces = Math.max(1, Number.parseInt(rest, 10) || 1);
    if (word === "THINK") reasoning = rest;
    if (word === "SAY") say = rest;
  }
  // Tools were called by the steps before; failures do not count as outputs.
  let calls = 0;
  for (const [index, step] of steps.entries()) {
    if (step.kind === "command" || step.kind === "patch") {
      if (calls++ < toolOutputs.length) continue;
      return { ...step, reasoning: index === 0 ? reasoning : null };
    }
    if (calls < toolOutputs.length) continue;
    if (fails(index, step.times ?? Number.POSITIVE_INFINITY)) return step;
  }
  const last = toolOutputs.at(-1);
  const text = say ?? (last === undefined ? `echo: ${userText.trim()}` : `tool said: ${last.trim()}`);
  return {
    kind: "text",
    text,
    reasoning: calls === 0 ? reasoning : null,
    pieces,
    pauseMs: pieces > 1 ? SLOW_PIECE_MS : 0,
  };
}

function failStep(rest: string): Step {
  const [what = "", count] = rest.split(/\s+/);
  const times = count === undefined ? {} : { times: Number.parseInt(count, 10) };
  if (what === "sse") return { kind: "stream_error", ...times };
  if (what === "drop") return { kind: "drop", ...times };
  return { kind: "status", status: Number.parseInt(what, 10) || 500, ...times };
}

function addPatch(rest: string): string {
  const [path = "", text = ""] = rest.split(" :: ");
  const lines = text.split("\\n").map((line) => `+${line}`);
  return ["*** Begin Patch", `*** Add File: ${path.trim()}`, ...lines, "*** End Patch", ""].join("\n");
}

function editPatch(rest: string): string {
  const [path = "", before = "", after = ""] = rest.split(" :: ");
  return [
    "*** Begin Patch",
    `*** Update File: ${path.trim()}`,
    "@@",
    `-${before}`,
    `+${after}`,
    "*** End Patch",
    "",
  ].join("\n");
}
