import * as z from "zod";
import type { AgentEffort, CommandOf, OwnedAgent } from "../../../protocol/commands.ts";
import type { EventBody } from "../../../protocol/events.ts";
import type { AgentRequest, RequestEnd } from "../../../protocol/requests.ts";
import type { AgentName } from "../../../protocol/session.ts";

/** What is known of every agent's conversation; an adapter's own state is this and more, small, since it is stored with every batch. */
export const AgentState = z.object({
  /** The agent's own id of the conversation, once it says so. */
  thread: z.string().nullable(),
  /** The session's turns so far. */
  turn: z.number().int(),
  /** A turn runs. */
  running: z.boolean(),
  /** A prompt can be given now; otherwise prompts wait. */
  takes: z.boolean(),
});
export type AgentState = z.infer<typeof AgentState>;

/** A request for a person; its id is unique in the session. `asked` is what the answer to it is made from later. */
export type Asked = { request: AgentRequest; asked: Record<string, unknown> };

/** What an input makes of the state, and what follows from it. */
export type Step<S> = {
  state: S;
  /** For the session's log. Its status follows from the state and from what is asked. */
  events: EventBody[];
  /** Lines for the agent's stdin, in order, each written once. */
  sends: string[];
  asks: Asked[];
  over: { request: string; end: RequestEnd }[];
  /** Its process is of no use any more, and is ended. */
  quit: boolean;
};

/** How a process of an agent begins. */
export type Begin = {
  session: string;
  /** Counts the processes of the session, from 1: what an agent numbers anew in each is told apart by it. */
  run: number;
  /** The session's turns so far. */
  turn: number;
  cwd: string;
  program: string | null;
  model: string | null;
  mode: string | null;
  effort: AgentEffort | null;
  /** One of Claude's types of agents. */
  agentType: string | null;
  /** The conversation to go on with, or a copy of it. */
  thread: string | null;
  fork: boolean;
};

/** The agents' programs, as the host's configuration names them. */
export type Programs = {
  claude: string;
  codex: string;
  opencode: string;
  /** Agents that speak ACP, by name. */
  acp: Readonly<Record<string, [string, ...string[]]>>;
  /** How this program is started, to become what serves an agent that speaks no lines. */
  self: [string, ...string[]];
};

export type Launch = {
  argv: [string, ...string[]];
  env?: Record<string, string>;
};

/**
 * One kind of agent that speaks lines of text on stdin and stdout. Pure: it makes nothing happen by itself, and what it
 * reads is from outside, so that it never throws for it.
 */
export type AgentAdapter<S extends AgentState> = {
  agent: OwnedAgent;
  /** As lists show it. */
  name: AgentName;
  state: z.ZodType<S>;
  /** Whether the agent says itself that it took a decision; otherwise it is applied when it is written. */
  confirms: boolean;
  /** The program to run; a sentence when there is none. */
  launch(programs: Programs, begin: Begin): Launch | { problem: string };
  /** The state of a new process, and what it is told first. */
  begin(begin: Begin): Step<S>;
  /** A line of its stdout; of one that is too long, its beginning. */
  line(state: S, line: string): Step<S>;
  /** A person's words, when it takes them: they begin a turn, or join the one that runs. */
  prompt(state: S, prompt: { id: string; text: string }): Step<S>;
  /** Null when nothing runs. */
  interrupt(state: S): Step<S> | null;
  /** Null when this cannot be answered from here. */
  decide(state: S, asked: Record<string, unknown>, decision: CommandOf<"decide">): Step<S> | null;
  /** Null when the agent cannot change it. */
  setModel(state: S, model: string): Step<S> | null;
  setMode(state: S, mode: string): Step<S> | null;
  /** Its process is gone: what is open ends. Its requests are ended elsewhere. */
  died(state: S, why: string): Step<S>;
};

/** An adapter whose state is read from what was stored of it. */
export type AnyAdapter = AgentAdapter<AgentState>;

/** Hides the kind of an adapter's state, which is checked wherever it comes back. */
export function openAdapter<S extends AgentState>(adapter: AgentAdapter<S>): AnyAdapter {
  const { state: schema, ...rest } = adapter;
  const read = (state: AgentState): S => schema.parse(state);
  return {
    ...rest,
    state: schema,
    line: (state, line) => adapter.line(read(state), line),
    prompt: (state, prompt) => adapter.prompt(read(state), prompt),
    interrupt: (state) => adapter.interrupt(read(state)),
    decide: (state, asked, decision) => adapter.decide(read(state), asked, decision),
    setModel: (state, model) => adapter.setModel(read(state), model),
    setMode: (state, mode) => adapter.setMode(read(state), mode),
    died: (state, why) => adapter.died(read(state), why),
  };
}

/** A step that changes nothing but the state. */
export function step<S>(state: S, also: Partial<Omit<Step<S>, "state">> = {}): Step<S> {
  return { state, events: [], sends: [], asks: [], over: [], quit: false, ...also };
}
