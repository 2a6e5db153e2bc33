import { splitForm } from "../../../worker/models/jsonForm.ts";
import { sampleOf } from "../../../worker/models/sampleOf.ts";

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
  /** Calls of tools by their names, with their inputs as JSON text (which may be none). */
  | { kind: "calls"; calls: { tool: string; json: string }[]; reasoning: string | null }
  /** `leak`: the answer repeats the key that it was asked with. */
  | { kind: "status"; status: number; retryAfter: string | null; leak: boolean }
  /** The stream itself says that it failed. */
  | { kind: "stream_error" }
  /** The connection is cut before anything was said. */
  | { kind: "drop" }
  /** Half of an answer comes; then the connection is cut, or ends as if all was well, or nothing comes any more. */
  | { kind: "half"; how: "cut" | "end" | "hang" };

type Step = Exclude<Reply, { kind: "text" }> & { times?: number };
type CallStep = Extract<Step, { kind: "command" | "patch" | "calls" }>;

const SLOW_PIECE_MS = 200;

/**
 * Reads the last user message. Each of these lines is a step, done in order; a tool's output moves on to the next:
 *
 *     RUN: <command>                     runs it with the agent's shell tool
 *     WRITE: <path> :: <text>            makes a file with a patch
 *     EDIT: <path> :: <old> :: <new>     replaces a line with a patch
 *     CALL: <tool> <json>                calls a tool by its name; `AND: <tool> <json>` after it calls one beside it
 *     FAIL: <status | sse | drop | cut | end | hang> [n] [after=<retry-after>] [leak]
 *                                        fails; only the first n times when n is given
 *
 * and these change how it answers: `SLOW: <n>` in n pieces, 200 ms apart; `THINK: <text>` with reasoning;
 * `SAY: <text>` exactly that. Without any of them the answer is an echo, or what the last tool said; where the question
 * has the form of its answer, an object that fits it.
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
    const [, word, rest = ""] = /^(RUN|WRITE|EDIT|CALL|AND|FAIL|SLOW|THINK|SAY):\s*(.*)$/.exec(line) ?? [];
    if (word === "RUN") steps.push({ kind: "command", command: rest, reasoning: null });
    if (word === "WRITE") steps.push({ kind: "patch", patch: addPatch(rest), reasoning: null });
    if (word === "EDIT") steps.push({ kind: "patch", patch: editPatch(rest), reasoning: null });
    if (word === "CALL") steps.push({ kind: "calls", calls: [callOf(rest)], reasoning: null });
    const last = steps.at(-1);
    if (word === "AND" && last?.kind === "calls") last.calls.push(callOf(rest));
    if (word === "FAIL") steps.push(failStep(rest));
    if (word === "SLOW") pieces = Math.max(1, Number.parseInt(rest, 10) || 1);
    if (word === "THINK") reasoning = rest;
    if (word === "SAY") say = rest;
  }
  // Tools were called by the steps before; failures do not count as outputs.
  let calls = 0;
  for (const [index, step] of steps.entries()) {
    if (isCall(step)) {
      calls += step.kind === "calls" ? step.calls.length : 1;
      if (calls <= toolOutputs.length) continue;
      return { ...step, reasoning: index === 0 ? reasoning : null };
    }
    if (calls < toolOutputs.length) continue;
    if (fails(index, step.times ?? Number.POSITIVE_INFINITY)) return step;
  }
  const last = toolOutputs.at(-1);
  const form = splitForm(userText).schema;
  const shaped = form === undefined || last !== undefined ? null : JSON.stringify(sampleOf(form));
  const text =
    say ?? shaped ?? (last === undefined ? `echo: ${userText.trim()}` : `tool said: ${last.trim()}`);
  return {
    kind: "text",
    text,
    reasoning: calls === 0 ? reasoning : null,
    pieces,
    pauseMs: pieces > 1 ? SLOW_PIECE_MS : 0,
  };
}

function isCall(step: Step): step is CallStep {
  return step.kind === "command" || step.kind === "patch" || step.kind === "calls";
}

function callOf(rest: string): { tool: string; json: string } {
  const [, tool = "", json = "{}"] = /^(\S+)\s*(.*)$/.exec(rest) ?? [];
  return { tool, json };
}

function failStep(rest: string): Step {
  const [what = "", ...words] = rest.split(/\s+/);
  const count = words.find((word) => /^\d+$/.test(word));
  const times = count === undefined ? {} : { times: Number.parseInt(count, 10) };
  if (what === "sse") return { kind: "stream_error", ...times };
  if (what === "drop") return { kind: "drop", ...times };
  if (what === "cut" || what === "end" || what === "hang") return { kind: "half", how: what, ...times };
  const retryAfter = words.find((word) => word.startsWith("after="))?.slice("after=".length) ?? null;
  const status = Number.parseInt(what, 10) || 500;
  return { kind: "status", status, retryAfter, leak: words.includes("leak"), ...times };
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
