import * as z from "zod";
import type { RequestEnd } from "../../../protocol/requests.ts";
import { cutEnd } from "../codex/cutText.ts";
import { type AgentAdapter, AgentState, type Step, step as newStep } from "../owned/adapter.ts";
import { Asking, readAsk, replyTo } from "./opencodeRequest.ts";
import { ABORTED, begin, end, hear, newTalk, Talk } from "./opencodeTalk.ts";
import {
  Conversation,
  OpencodeEvent,
  Refusal,
  ServerAnswer,
  type ServerAsk,
  threadOf,
  WholeMessage,
} from "./opencodeWire.ts";

const Asked = z.object({ ...Asking.shape, answered: z.boolean() });

const State = z.object({
  ...AgentState.shape,
  cwd: z.string(),
  mode: z.string().nullable(),
  /** The model that a person chose. */
  chosen: z.string().nullable(),
  fork: z.boolean(),
  /** Our requests that are not answered yet, and what they were for. */
  waiting: z.array(z.object({ ask: z.number().int(), what: z.string() })),
  count: z.number().int(),
  /** Why nothing can be said to it. */
  broken: z.string().nullable(),
  talk: Talk,
  asks: z.array(Asked),
});
type State = z.infer<typeof State>;
type Draft = Step<State>;

const MAX_MESSAGE_BYTES = 8 * 1024;
const MAX_ASKS = 100;

/** A line of the program that serves OpenCode (see `serveOpencode`). */
const Line = z.union([ServerAnswer, z.object({ event: z.unknown() })]);

/** OpenCode without a terminal: its server, with lines both ways. */
export const opencodeAdapter: AgentAdapter<State> = {
  agent: "opencode",
  name: "opencode",
  state: State,
  confirms: true,

  launch: ({ opencode, self }) => ({ argv: [...self, OPENCODE_WORD, opencode] }),

  begin: ({ run, turn, cwd, thread, fork, model, mode }) =>
    draft({
      thread,
      turn,
      running: false,
      takes: false,
      cwd,
      mode,
      chosen: model,
      fork,
      waiting: [],
      count: 0,
      broken: null,
      talk: newTalk({ thread, turn, prefix: `r${run}.`, hears: false, model }),
      asks: [],
    }),

  line(before, text) {
    const step = draft(before);
    const line = Line.safeParse(parse(text)).data;
    if (line === undefined) return step; // of no kind that is known here
    const event = "event" in line ? OpencodeEvent.safeParse(line.event).data : undefined;
    if ("answer" in line) answered(step, line);
    else if (event !== undefined) heard(step, event);
    return settled(step);
  },

  prompt(before, { id, text }) {
    const step = draft(before);
    const { state } = step;
    const talk = { ...state.talk };
    begin(talk, step.events);
    step.events.push({ type: "item", id, turn: talk.turn, item: { kind: "user_message", text } });
    state.talk = talk;
    if (state.broken !== null) fail(step, state.broken);
    else {
      state.takes = false;
      const [, providerID, modelID] = /^([^/]+)\/(.+)$/.exec(state.chosen ?? "") ?? [];
      ask(step, "prompt", "POST", `${pathOf(state)}/prompt_async`, {
        parts: [{ type: "text", text }],
        ...(providerID === undefined ? {} : { model: { providerID, modelID } }),
        ...(state.mode === null ? {} : { agent: state.mode }),
      });
    }
    return settled(step);
  },

  interrupt(before) {
    if (!before.running) return null;
    const step = draft(before);
    // It does not always say why it ended.
    step.state.talk = { ...before.talk, failure: ABORTED };
    ask(step, "abort", "POST", `${pathOf(before)}/abort`);
    return step;
  },

  decide(before, asked, decision) {
    const known = before.asks.find(({ id }) => id === Asking.safeParse(asked).data?.id);
    if (known === undefined || known.answered) return null;
    const step = draft(before);
    const { path, body } = replyTo(known, decision);
    ask(step, `reply ${known.id}`, "POST", path, body);
    step.state.asks = before.asks.map((each) => (each === known ? { ...each, answered: true } : each));
    const { talk } = before;
    if (!decision.allow && known.call !== null)
      step.state.talk = { ...talk, denied: [...talk.denied, known.call].slice(-MAX_ASKS) };
    return step;
  },

  // Both are told with each prompt.
  setModel(before, model) {
    if (!/^[^/]+\/.+$/.test(model)) return null; // which provider's?
    return draft({ ...before, chosen: model, talk: { ...before.talk, model } });
  },
  setMode: (before, mode) => draft({ ...before, mode }),

  died(before, why) {
    const step = draft({ ...before, takes: false, waiting: [], asks: [] });
    if (before.running) fail(step, why);
    return settled(step);
  },
};

/** The hidden word by which the daemon's program serves OpenCode to a keeper: `… __opencode <program>`. */
export const OPENCODE_WORD = "__opencode";

function draft(before: State): Draft {
  return newStep({ ...before });
}

/** What is known of every agent follows from what is known of the conversation. */
function settled(step: Draft): Draft {
  const { thread, turn, running } = step.state.talk;
  Object.assign(step.state, { thread, turn, running });
  return step;
}

function heard(step: Draft, event: OpencodeEvent): void {
  const { state } = step;
  switch (event.type) {
    case "server.connected":
      if (state.talk.thread === null) ask(step, "open", "POST", "/session", {});
      else if (state.fork) ask(step, "open", "POST", `${pathOf(state)}/fork`, {});
      else ask(step, "open", "GET", pathOf(state));
      return;
    case "permission.asked":
    case "question.asked":
      return asked(step, readAsk(event, state.cwd));
    case "permission.replied":
    case "question.replied":
    case "question.rejected": {
      const { requestID } = event.properties;
      const known = state.asks.find(({ id }) => id === requestID);
      if (known !== undefined) over(step, requestID, known.answered ? "applied" : "stale");
      return;
    }
    default:
      break;
  }
  if (threadOf(event) !== state.talk.thread) return; // what its subagents do
  const before = state.talk.running;
  state.talk = hear(state.talk, event, step.events);
  if (before && !state.talk.running) free(step);
}

/** A request of this conversation, or of one of its subagents. */
function asked(step: Draft, { request, asking }: ReturnType<typeof readAsk>): void {
  const { state } = step;
  if (state.asks.some(({ id }) => id === asking.id) || state.asks.length >= MAX_ASKS) return;
  state.asks = [...state.asks, { ...asking, answered: false }];
  step.asks.push({ request, asked: asking });
}

function over(step: Draft, id: string, how: RequestEnd): void {
  step.state.asks = step.state.asks.filter((each) => each.id !== id);
  step.over.push({ request: id, end: how });
}

/** The turn has ended: nobody waits for what it still asked. */
function free(step: Draft): void {
  for (const { id } of step.state.asks) over(step, id, "gone");
  step.state.takes = true;
}

function answered(step: Draft, { answer, status, body }: ServerAnswer): void {
  const { state } = step;
  const of = state.waiting.find(({ ask: id }) => id === answer);
  if (of === undefined) return;
  state.waiting = state.waiting.filter((each) => each !== of);
  const well = status >= 200 && status < 300;
  const [what, about = ""] = of.what.split(" ");
  switch (what) {
    case "open":
      return opened(step, well ? Conversation.safeParse(body).data?.id : undefined, body);
    case "history":
      return told(step, body);
    case "prompt":
      if (well || !state.talk.running) return;
      fail(step, `It did not take this: ${sayRefusal(status, body)}`);
      return free(step);
    case "reply":
      // Somebody else was faster, or it waits no more. Where it was taken, an event says so.
      if (!well && state.asks.some(({ id }) => id === about)) over(step, about, "stale");
      return;
    case "abort":
      if (well) return;
      state.talk = { ...state.talk, failure: null };
      return notice(step, `It could not be interrupted: ${sayRefusal(status, body)}`);
    default:
      return;
  }
}

function opened(step: Draft, thread: string | undefined, body: unknown): void {
  const { state } = step;
  if (thread === undefined) {
    state.broken = cutEnd(`OpenCode began no conversation: ${sayRefusal(0, body)}`, MAX_MESSAGE_BYTES);
    state.takes = true;
    step.quit = true;
    return notice(step, state.broken);
  }
  const isNew = state.talk.thread === null;
  state.talk = { ...state.talk, thread };
  state.fork = false;
  // What was said before is told when the log has none of it.
  if (!isNew && state.talk.turn === 0) ask(step, "history", "GET", `${pathOf(state)}/message`);
  else state.takes = true;
}

/** A conversation that has been: each word of a person begins a turn. */
function told(step: Draft, body: unknown): void {
  const { state } = step;
  let talk: Talk = { ...state.talk, hears: true };
  for (const value of z.array(z.unknown()).catch([]).parse(body)) {
    const message = WholeMessage.safeParse(value).data;
    if (message === undefined) continue;
    if (message.info.role === "user" && talk.running) end(talk, step.events);
    talk = hear(talk, { type: "message.updated", properties: { info: message.info } }, step.events);
    for (const part of message.parts) {
      const of = { sessionID: message.info.sessionID, messageID: message.info.id };
      talk = hear(
        talk,
        { type: "message.part.updated", properties: { part: { ...of, ...part } } },
        step.events,
      );
    }
  }
  if (talk.running) end(talk, step.events);
  state.talk = { ...talk, hears: false };
  state.takes = true;
}

function fail(step: Draft, why: string): void {
  const { state } = step;
  const talk = { ...state.talk, failure: { name: "Error", message: cutEnd(why, MAX_MESSAGE_BYTES) } };
  end(talk, step.events);
  state.talk = talk;
}

function notice(step: Draft, message: string): void {
  step.events.push({ type: "notice", level: "error", message });
}

function ask(step: Draft, what: string, method: ServerAsk["method"], path: string, body?: unknown): void {
  const { state } = step;
  state.count++;
  state.waiting = [...state.waiting, { ask: state.count, what }];
  const line: ServerAsk = { ask: state.count, method, path, ...(body === undefined ? {} : { body }) };
  step.sends.push(JSON.stringify(line));
}

function pathOf({ talk }: State): string {
  return `/session/${encodeURIComponent(talk.thread ?? "")}`;
}

function sayRefusal(status: number, body: unknown): string {
  const refusal = Refusal.safeParse(body).data;
  return (
    refusal?.data?.message ??
    refusal?.message ??
    refusal?.name ??
    (status === 0 ? "no reason given" : `status ${status}`)
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a program's word beside the lines
  }
}
