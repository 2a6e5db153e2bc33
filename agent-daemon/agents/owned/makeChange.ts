import type { EventBody } from "../../../protocol/events.ts";
import type { RequestEnd } from "../../../protocol/requests.ts";
import { previewOf } from "../codex/previewOf.ts";
import type { AgentState, AnyAdapter, Asked, Step } from "./adapter.ts";
import type { Input } from "./keeper/keeperFiles.ts";
import type { OwnedSession, WaitingPrompt } from "./openOwnedStore.ts";

/** What is about to be stored and told of a session, in one step. */
export type Change = {
  row: OwnedSession;
  events: { at: number; event: EventBody }[];
  inputs: (Input & { request: string | null })[];
  asks: Asked[];
  over: { request: string; end: RequestEnd }[];
  /** Prompts that the agent is given with it. */
  taken: WaitingPrompt[];
  /** Its process is to end. */
  quit: boolean;
};

/** As much of a session's id as tells it from all others of a host. */
const OWN_LENGTH = 12;
const MAX_ID = 180;

export function makeChange(row: OwnedSession): Change {
  return { row, events: [], inputs: [], asks: [], over: [], taken: [], quit: false };
}

/** Adds what an adapter made of something; `request`: the one that it decides. */
export function addStep(
  change: Change,
  step: Step<AgentState>,
  at: number,
  request: string | null = null,
): void {
  const { row } = change;
  for (const event of step.events) change.events.push({ at, event });
  for (const line of step.sends) change.inputs.push({ n: ++row.input, line, request });
  // Agents number their requests each for itself.
  const own = (id: string) => `${id.slice(0, MAX_ID)}.${row.session.slice(-OWN_LENGTH)}`;
  for (const { request, asked } of step.asks)
    change.asks.push({ request: { ...request, id: own(request.id) }, asked });
  for (const { request: id, end } of step.over) change.over.push({ request: own(id), end });
  change.quit ||= step.quit;
  row.state = step.state;
  row.preview = previewOf(step.events) ?? row.preview;
}

/** Gives the agent the prompts that wait, as long as it takes them. */
export function givePrompts(change: Change, adapter: AnyAdapter, waiting: WaitingPrompt[], at: number): void {
  for (const prompt of waiting) {
    const { state } = change.row;
    if (state === null || !state.takes) return;
    addStep(change, adapter.prompt(state, prompt), at);
    change.taken.push(prompt);
    change.row.took = true;
  }
}
