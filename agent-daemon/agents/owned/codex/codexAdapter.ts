import * as z from "zod";
import { AgentEffort } from "../../../../protocol/commands.ts";
import { MAX_REQUEST_INPUT } from "../../../../protocol/requests.ts";
import { VERSION } from "../../../version.ts";
import { Notification, RpcId, RpcMessage, ThreadAnswer } from "../../codex-live/appServerWire.ts";
import { agentRequest, isForPerson, LiveRequest, replyTo } from "../../codex-live/liveRequest.ts";
import { startThread, ThreadState, translateThread } from "../../codex-live/translateThread.ts";
import { type AgentAdapter, AgentState, type Begin, type Step, step } from "../adapter.ts";
import { codexMode } from "./codexMode.ts";

const State = z.object({
  ...AgentState.shape,
  run: z.number().int(),
  cwd: z.string(),
  model: z.string().nullable(),
  mode: z.string().nullable(),
  effort: AgentEffort.nullable().default(null),
  /** The conversation to go on with, or to copy, until there is one. */
  origin: z.object({ thread: z.string(), fork: z.boolean() }).nullable(),
  /** Our requests so far, and what those without an answer are. */
  count: z.number().int(),
  calls: z.record(z.string(), z.enum(["hello", "thread", "turn", "interrupt"])),
  /** The turn that runs, in Codex's words. */
  active: z.string().nullable(),
  /** Its beginning has been told, with what the person said. */
  told: z.boolean(),
  /** Its requests that were answered, and not yet resolved. */
  answered: z.array(RpcId),
  /** Those that nobody has answered. */
  asking: z.array(RpcId),
  /** What files are about to be changed: a request about them does not repeat it. */
  change: z.looseObject({ id: z.string(), type: z.string() }).nullable(),
  conversation: ThreadState,
});
type State = z.infer<typeof State>;
type Call = State["calls"][string];

const Asked = z.object({ rpc: RpcId, ...LiveRequest.shape });
/** Codex tells in pieces what it then tells whole. */
const PIECES = [
  "item/agentMessage/delta",
  "item/reasoning/summaryTextDelta",
  "item/commandExecution/outputDelta",
];
const CANNOT = {
  type: "notice",
  level: "warning",
  message: "Codex takes the answer to this only at a terminal. It was told that there is none.",
} as const;
const REFUSED = { code: -32_000, message: "Signalbox does not do this." };

/** Codex without a terminal: its app server, over lines both ways. */
export const codexAdapter: AgentAdapter<State> = {
  agent: "codex",
  name: "codex",
  state: State,
  confirms: true,

  launch: ({ codex }) => ({ argv: [codex, "app-server"] }),

  begin({ run, turn, cwd, model, mode, effort, thread, fork }: Begin) {
    const state: State = {
      // Until it goes on with it, it is only wanted.
      thread: fork ? null : thread,
      turn,
      running: false,
      takes: false,
      run,
      cwd,
      model,
      mode,
      effort,
      origin: thread === null ? null : { thread, fork },
      count: 0,
      calls: {},
      active: null,
      told: false,
      answered: [],
      asking: [],
      change: null,
      conversation: startThread(turn, thread === null),
    };
    return call(state, "hello", "initialize", {
      clientInfo: { name: "signalbox", title: "Signalbox", version: VERSION },
      capabilities: { experimentalApi: true, requestAttestation: false, optOutNotificationMethods: PIECES },
    });
  },

  line(state, text) {
    const message = RpcMessage.safeParse(parse(text));
    if (!message.success) return step(state); // of a kind that is not known here
    const told = message.data;
    if ("method" in told)
      return "id" in told
        ? asked(state, told.id, told.method, told.params)
        : notified(state, told.method, told.params);
    const kind = state.calls[String(told.id)];
    if (kind === undefined) return step(state);
    const { [String(told.id)]: _answered, ...calls } = state.calls;
    const after = { ...state, calls };
    return "error" in told ? failed(after, kind, told.error.message) : succeeded(after, kind, told.result);
  },

  prompt(state, { id, text }) {
    const { thread, model, mode, effort, cwd, running } = state;
    const turn = running ? state.turn : state.turn + 1;
    const item = { kind: "user_message" as const, text, ...(running ? { steered: true } : {}) };
    const sent = call({ ...state, turn, running: true, told: true }, "turn", "turn/start", {
      threadId: thread,
      input: [{ type: "text", text, text_elements: [] }],
      // What runs keeps what it began with.
      ...(running
        ? {}
        : {
            cwd,
            ...(model === null ? {} : { model }),
            // It knows no more than xhigh.
            ...(effort === null ? {} : { effort: effort === "max" ? "xhigh" : effort }),
            ...codexMode(mode).turn,
          }),
    });
    const events = running ? [] : [{ type: "turn_started" as const, turn, thread }];
    return { ...sent, events: [...events, { type: "item", id, turn, item }] };
  },

  interrupt(state) {
    const { active, thread } = state;
    if (active === null) return null;
    return call(state, "interrupt", "turn/interrupt", { threadId: thread, turnId: active });
  },

  decide(state, given, decision) {
    const { rpc, ...request } = Asked.parse(given);
    const result = replyTo(request, decision);
    const after: State = { ...state, answered: [...state.answered, rpc] };
    const answer = step(after, {
      // It must not wait for what nobody can give here, such as a form of a tool server.
      events: result === null && decision.allow ? [CANNOT] : [],
      sends: [JSON.stringify(result === null ? { id: rpc, error: REFUSED } : { id: rpc, result })],
    });
    if (decision.allow || decision.message === undefined || state.active === null) return answer;
    // Its denial has no words: they are said to it.
    const said = call(after, "turn", "turn/start", {
      threadId: state.thread,
      input: [{ type: "text", text: decision.message, text_elements: [] }],
    });
    return { ...said, sends: [...answer.sends, ...said.sends] };
  },

  // Both hold from the next turn on.
  setModel: (state, model) => step<State>({ ...state, model }),
  setMode: (state, mode) => step<State>({ ...state, mode }),

  died(state, why) {
    const { last } = state.conversation;
    if (!state.running) return step(state);
    if (last === null || last.ended)
      return step<State>(idle(state), { events: [{ type: "turn_failed", turn: state.turn, message: why }] });
    return ended(state, last.id, "failed", why);
  },
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // something that a program of Codex's printed
  }
}

function call(state: State, kind: Call, method: string, params: object): Step<State> {
  const count = state.count + 1;
  const calls = { ...state.calls, [count]: kind };
  return step<State>({ ...state, count, calls }, { sends: [JSON.stringify({ id: count, method, params })] });
}

function succeeded(state: State, kind: Call, result: unknown): Step<State> {
  if (kind === "hello") {
    const { cwd, model, mode, origin } = state;
    const params = { cwd, ...(model === null ? {} : { model }), ...codexMode(mode).thread };
    const from = origin === null ? {} : { threadId: origin.thread, excludeTurns: true };
    const method = origin === null ? "thread/start" : origin.fork ? "thread/fork" : "thread/resume";
    const begun = call(state, "thread", method, { ...params, ...from });
    return { ...begun, sends: [JSON.stringify({ method: "initialized" }), ...begun.sends] };
  }
  if (kind !== "thread") return step(state);
  const answer = ThreadAnswer.safeParse(result);
  if (!answer.success) return failed(state, kind, "its answer is not understood");
  return step<State>({ ...state, thread: answer.data.thread.id, takes: true, origin: null });
}

function failed(state: State, kind: Call, why: string): Step<State> {
  const message = `Codex did not do it: ${why}`.slice(0, 2_000);
  const notice = { type: "notice" as const, level: "error" as const, message };
  // Without a conversation it is of no use: it goes, and the next message tries again.
  if (kind === "turn" && state.active === null && state.running)
    return step<State>(idle(state), { events: [{ type: "turn_failed", turn: state.turn, message }] });
  return step(state, { events: [notice], quit: kind === "hello" || kind === "thread" });
}

function notified(state: State, method: string, params: Record<string, unknown>): Step<State> {
  const parsed = Notification.safeParse({ method, params });
  if (!parsed.success || !("threadId" in parsed.data.params)) return step(state);
  const told = parsed.data;
  // What Codex has its own helpers do is not for the log.
  if (state.thread !== null && parsed.data.params.threadId !== state.thread) return step(state);
  if (told.method === "serverRequest/resolved") return resolved(state, told.params.requestId);
  if (told.method === "item/started" || told.method === "item/completed") {
    const { item } = told.params;
    if (item.type === "userMessage") return step(state); // told when it was said
    const small = item.type === "fileChange" && JSON.stringify(item).length <= MAX_REQUEST_INPUT;
    return translated({ ...state, change: small ? item : state.change }, told);
  }
  if (told.method === "turn/started") return translated({ ...state, active: told.params.turn.id }, told);
  return translated(state, told);
}

function translated(state: State, told: Notification): Step<State> {
  const before = state.conversation;
  // The turn that a prompt has begun is counted already.
  const { state: conversation, events } = translateThread(
    { ...before, turn: state.told && told.method === "turn/started" ? state.turn - 1 : state.turn },
    told,
  );
  const after: State = {
    ...state,
    conversation,
    turn: conversation.turn,
    running: conversation.last?.ended === false || (state.told && told.method !== "turn/completed"),
  };
  const fresh = state.told ? events.filter(({ type }) => type !== "turn_started") : events;
  const over = told.method === "turn/completed";
  return step<State>(over ? idle(after) : after, { events: fresh });
}

function idle(state: State): State {
  return { ...state, running: false, told: false, active: null, change: null };
}

function ended(state: State, id: string, status: string, message: string): Step<State> {
  const params = { threadId: state.thread ?? "", turn: { id, items: [], status, error: { message } } };
  return translated(state, { method: "turn/completed", params });
}

function asked(state: State, rpc: RpcId, method: string, params: Record<string, unknown>): Step<State> {
  const request = LiveRequest.safeParse({ method, params });
  if (!isForPerson(method) || !request.success)
    return step(state, { sends: [JSON.stringify({ id: rpc, error: REFUSED })] });
  const item = state.change?.id === request.data.params.itemId ? state.change : undefined;
  const told = agentRequest(`codex_r${state.run}_${rpc}`, request.data, item, state.cwd);
  const offers = told.questions === undefined ? (["message"] as const) : [];
  return step<State>(
    { ...state, asking: [...state.asking, rpc] },
    { asks: [{ request: { ...told, offers: [...offers] }, asked: { rpc, ...request.data } }] },
  );
}

/** A request is over, whoever ended it. */
function resolved(state: State, rpc: RpcId): Step<State> {
  if (!state.asking.includes(rpc)) return step(state);
  const ours = state.answered.includes(rpc);
  const rest = (list: RpcId[]) => list.filter((each) => each !== rpc);
  return step<State>(
    { ...state, asking: rest(state.asking), answered: rest(state.answered) },
    { over: [{ request: `codex_r${state.run}_${rpc}`, end: ours ? "applied" : "gone" }] },
  );
}
