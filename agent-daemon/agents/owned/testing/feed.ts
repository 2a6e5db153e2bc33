import { readFileSync } from "node:fs";
import * as z from "zod";
import type { EventBody } from "../../../../protocol/events.ts";
import { type AgentState, type AnyAdapter, type Begin, type Step, step } from "../adapter.ts";

/** A recorded line: what was said to the agent (`>>`), or what it said (`<<`). */
const Recorded = z.object({ dir: z.enum([">>", "<<", "--"]), msg: z.unknown() });

/** Reads what an agent said in a recorded conversation. */
export function readTranscript(path: string): string[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Recorded.parse(JSON.parse(line)))
    .flatMap(({ dir, msg }) => (dir === "<<" ? [JSON.stringify(msg)] : []));
}

export const BEGIN: Begin = {
  session: "ses_1",
  run: 1,
  turn: 0,
  cwd: "/work",
  program: null,
  model: null,
  mode: null,
  effort: null,
  agentType: null,
  thread: null,
  fork: false,
};

/** Adds a step to those before it. */
export function after(before: Step<AgentState>, next: Step<AgentState>): Step<AgentState> {
  return step(next.state, {
    events: [...before.events, ...next.events],
    sends: [...before.sends, ...next.sends],
    asks: [...before.asks, ...next.asks],
    over: [...before.over, ...next.over],
    quit: before.quit || next.quit,
  });
}

/** What an adapter makes of the lines, after what was before. */
export function feed(
  adapter: AnyAdapter,
  before: Step<AgentState>,
  lines: readonly string[],
): Step<AgentState> {
  return lines.reduce((sum, line) => after(sum, adapter.line(sum.state, line)), before);
}

/** The kinds of what happened, in order. */
export function kinds(events: readonly EventBody[]): string[] {
  return events.map((event) => (event.type === "item" ? event.item.kind : event.type));
}
