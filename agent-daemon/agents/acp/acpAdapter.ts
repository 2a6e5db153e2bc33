import { createHash } from "node:crypto";
import * as z from "zod";
import type { Usage } from "../../../protocol/events.ts";
import { VERSION } from "../../version.ts";
import { cutEnd } from "../codex/cutText.ts";
import { inWords } from "../codex/translate.ts";
import type { AgentAdapter, Step } from "../owned/adapter.ts";
import { acpRequest, optionFor } from "./acpRequest.ts";
import { closeAll, endReplayed, hush, tell, tellCall } from "./acpSpeech.ts";
import { AcpState, type Draft, draft, OpenAsk, type Way } from "./acpState.ts";
import {
  ACP_VERSION,
  AcpMessage,
  Initialized,
  Opened,
  PermissionAsk,
  PromptEnd,
  RPC_ERRORS,
  type RpcError,
  RpcId,
  SessionUpdate,
  Withdrawn,
} from "./acpWire.ts";

const MAX_MESSAGE_BYTES = 8 * 1024;
/** More than any agent waits with at once. */
const MAX_ASKS = 100;
/** What a request that is too long to be read begins with. */
const MAX_HEAD = 16 * 1024;

/** Any agent that speaks the Agent Client Protocol, by the command that the daemon's configuration has for it. */
export const acpAdapter: AgentAdapter<AcpState> = {
  agent: "acp",
  name: "other",
  state: AcpState,
  confirms: false,

  launch({ acp }, { program }) {
    const argv = program !== null && Object.hasOwn(acp, program) ? acp[program] : undefined;
    if (argv === undefined)
      return {
        problem: `This host has no agent ${program ?? "without a name"} in its configuration (agents.acp).`,
      };
    return { argv };
  },

  begin(begin) {
    const step = draft({
      thread: begin.thread,
      turn: begin.turn,
      running: false,
      takes: false,
      session: begin.session,
      run: begin.run,
      cwd: begin.cwd,
      model: begin.model,
      mode: begin.mode,
      ways: { model: null, mode: null },
      waiting: [],
      count: { rpc: 0, asks: 0, speeches: 0 },
      replay: null,
      signIn: { method: null, names: [] },
      broken: null,
      fork: begin.fork,
      said: null,
      calls: [],
      done: [],
      asks: [],
    });
    request(step, "initialize", {
      protocolVersion: ACP_VERSION,
      // Agents read, write and run by themselves: nothing of it is done for them here.
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
      clientInfo: { name: "signalbox", title: "Signalbox", version: VERSION },
    });
    return step;
  },

  line(before, line) {
    const step = draft(before);
    const message = AcpMessage.safeParse(parse(line)).data;
    if (message === undefined) refuseUnread(step, line);
    else if (message.kind === "asked") asked(step, message);
    else if (message.kind === "told") told(step, message);
    else answered(step, message);
    return step;
  },

  prompt(before, { id, text }) {
    const step = draft(before);
    const { state } = step;
    hush(step);
    state.turn++;
    const model = state.model === null ? {} : { model: state.model };
    step.events.push({ type: "turn_started", turn: state.turn, thread: state.thread, ...model });
    step.events.push({ type: "item", id, turn: state.turn, item: { kind: "user_message", text } });
    state.running = true;
    if (state.broken !== null) fail(step, state.broken);
    else {
      state.takes = false;
      request(step, "session/prompt", { sessionId: state.thread, prompt: [{ type: "text", text }] });
    }
    return step;
  },

  interrupt(before) {
    if (!before.running) return null;
    const step = draft(before);
    send(step, { method: "session/cancel", params: { sessionId: before.thread } });
    // Some agents wait with their end until they have these.
    for (const { rpc, request: id } of before.asks) {
      send(step, { id: rpc, result: { outcome: { outcome: "cancelled" } } });
      step.over.push({ request: id, end: "gone" });
    }
    step.state.asks = [];
    return step;
  },

  decide(before, asked, decision) {
    const of = OpenAsk.safeParse(asked).data;
    if (of === undefined || !before.asks.some(({ request: id }) => id === of.request)) return null;
    const optionId = optionFor(of.options, decision);
    if (optionId === null && decision.allow) return null;
    const step = draft(before);
    const outcome = optionId === null ? { outcome: "cancelled" } : { outcome: "selected", optionId };
    send(step, { id: of.rpc, result: { outcome } });
    step.state.asks = before.asks.filter(({ request: id }) => id !== of.request);
    if (!decision.allow)
      step.state.calls = before.calls.map((each) =>
        each.call.id === of.call ? { ...each, call: { ...each.call, denied: true } } : each,
      );
    return step;
  },

  setModel: (before, model) => choose(before, "model", model),
  setMode: (before, mode) => choose(before, "mode", mode),

  died(before, why) {
    const step = draft({ ...before, takes: false, waiting: [], asks: [] });
    if (before.running) fail(step, why);
    else closeAll(step, false);
    return step;
  },
};

type Said<K extends AcpMessage["kind"]> = Extract<AcpMessage, { kind: K }>;

/** The agent asks for something. Whatever it is, it is answered. */
function asked(step: Draft, { id, method, params }: Said<"asked">): void {
  if (method !== "session/request_permission")
    return refuse(step, id, RPC_ERRORS.noSuchMethod, `Signalbox does not offer ${method}.`);
  const ask = PermissionAsk.safeParse(params).data;
  if (ask === undefined) return refuse(step, id, RPC_ERRORS.badParams, "This request is not understood.");
  const { state } = step;
  if (state.asks.some(({ rpc }) => rpc === id)) return; // it has one answer
  if (state.asks.length >= MAX_ASKS) return refuse(step, id, RPC_ERRORS.badParams, "Too much is asked.");
  state.count = { ...state.count, asks: state.count.asks + 1 };
  const { call } = tellCall(step, ask.toolCall, { force: true });
  const options = ask.options.map(({ optionId, name, kind }) => ({ id: optionId, name, kind }));
  const name = JSON.stringify([state.session, state.run, state.count.asks, id]);
  const open: OpenAsk = {
    request: `acp_${createHash("sha256").update(name).digest("hex").slice(0, 40)}`,
    rpc: id,
    call: call.id,
    options,
  };
  state.asks = [...state.asks, open];
  step.asks.push({ request: acpRequest(open.request, ask, call, state.cwd), asked: open });
}

function told(step: Draft, { method, params }: Said<"told">): void {
  if (method === "session/update") {
    const update = SessionUpdate.safeParse(params).data?.update;
    if (update !== undefined) tell(step, update);
  }
  if (method === "$/cancel_request") {
    const rpc = Withdrawn.safeParse(params).data?.requestId;
    const ask = step.state.asks.find((each) => each.rpc === rpc);
    if (ask === undefined) return;
    step.state.asks = step.state.asks.filter((each) => each !== ask);
    step.over.push({ request: ask.request, end: "gone" });
    refuse(step, ask.rpc, RPC_ERRORS.cancelled, "Cancelled.");
  }
}

/** The agent answers what it was asked; an answer to nothing says nothing. */
function answered(step: Draft, { id, error, result }: Said<"answered">): void {
  const { state } = step;
  const of = state.waiting.find((each) => each.id === id);
  if (of === undefined) return;
  state.waiting = state.waiting.filter((each) => each !== of);
  switch (of.method) {
    case "initialize":
      return error === null ? initialized(step, result) : giveUp(step, sayError(error));
    case "authenticate":
      return error === null ? open(step) : giveUp(step, sayError(error));
    case "session/new":
    case "session/load":
    case "session/fork":
      return error === null ? opened(step, result) : notOpened(step, of.method, error);
    case "session/prompt":
      return error === null ? ended(step, result) : turnFailed(step, sayError(error));
    default:
      return chosen(step, of, error === null ? null : sayError(error));
  }
}

function initialized(step: Draft, result: unknown): void {
  const { state } = step;
  const told = Initialized.safeParse(result).data;
  if (told === undefined) return giveUp(step, "It does not speak the Agent Client Protocol.");
  if (told.protocolVersion !== ACP_VERSION)
    return giveUp(
      step,
      `It speaks version ${told.protocolVersion} of the Agent Client Protocol, not ${ACP_VERSION}.`,
    );
  const methods = told.authMethods ?? [];
  state.signIn = {
    // A key that it finds by itself: nothing that would open a browser on a machine where nobody sits.
    method: methods.find(({ id }) => /\bapi-?key\b/i.test(id))?.id ?? null,
    names: methods.slice(0, 10).map(({ name, id }) => (name ?? id).slice(0, 100)),
  };
  const { loadSession, sessionCapabilities } = told.agentCapabilities;
  if (state.fork && sessionCapabilities?.["fork"] == null)
    return giveUp(step, "This agent cannot go on with a copy of a conversation.");
  if (state.thread !== null && !state.fork && !loadSession) {
    state.thread = null;
    const message =
      "This agent cannot take up an earlier conversation: it begins anew, and knows nothing of it.";
    step.events.push({ type: "notice", level: "warning", message });
  }
  open(step);
}

function open(step: Draft): void {
  const { state } = step;
  const of = { cwd: state.cwd, mcpServers: [] };
  if (state.thread === null) return request(step, "session/new", of);
  if (state.fork) return request(step, "session/fork", { sessionId: state.thread, ...of });
  state.replay = state.turn > 0 ? "skip" : "tell";
  request(step, "session/load", { sessionId: state.thread, ...of });
}

function notOpened(step: Draft, method: string, error: RpcError): void {
  const { state } = step;
  const { method: methodId, names } = state.signIn;
  if (error.code === RPC_ERRORS.signIn && methodId !== null) {
    state.signIn = { method: null, names };
    return request(step, "authenticate", { methodId });
  }
  if (error.code === RPC_ERRORS.signIn) {
    const ways = names.length === 0 ? "" : ` (${names.join(", ")})`;
    return giveUp(
      step,
      `It wants you to sign in first${ways}: do that at a terminal of this host, and start it again.`,
    );
  }
  const what = method === "session/new" ? "It cannot begin" : "The earlier conversation cannot be taken up";
  giveUp(step, `${what}: ${sayError(error)}`);
}

function opened(step: Draft, result: unknown): void {
  const { state } = step;
  if (state.replay === "tell") endReplayed(step);
  state.replay = null;
  const told = Opened.safeParse(result ?? {}).data;
  const thread = told?.sessionId ?? state.thread;
  if (told === undefined || thread === null) return giveUp(step, "It began no conversation.");
  state.thread = thread;
  state.fork = false;
  const option = (category: string) => told.configOptions?.find((each) => each.category === category);
  const way = (by: ReturnType<typeof option>, method: boolean): Way | null =>
    by !== undefined ? { by: "option", id: by.id } : method ? { by: "method" } : null;
  state.ways = {
    model: way(option("model"), told.models != null),
    mode: way(option("mode"), told.modes != null),
  };
  const has = {
    model: text(option("model")?.currentValue) ?? told.models?.currentModelId ?? null,
    mode: text(option("mode")?.currentValue) ?? told.modes?.currentModeId ?? null,
  };
  for (const what of ["mode", "model"] as const) {
    const wanted = state[what];
    state[what] = has[what];
    if (wanted === null || wanted === has[what]) continue;
    if (!ask(step, what, wanted)) return giveUp(step, `This agent offers no ${what} to choose.`);
  }
  state.takes = state.waiting.length === 0;
}

/** Asks for a model or a mode, in the way of this agent; false when it has none. */
function ask(step: Draft, what: "model" | "mode", value: string): boolean {
  const { ways, thread } = step.state;
  const way = ways[what];
  if (way === null) return false;
  const sessionId = thread;
  if (way.by === "option")
    request(step, "session/set_config_option", { sessionId, configId: way.id, value }, `${what} ${value}`);
  else if (what === "mode") request(step, "session/set_mode", { sessionId, modeId: value }, `mode ${value}`);
  else request(step, "session/set_model", { sessionId, modelId: value }, `model ${value}`);
  return true;
}

function choose(before: AcpState, what: "model" | "mode", value: string): Step<AcpState> | null {
  if (before.broken !== null || before.thread === null) return null;
  const step = draft(before);
  return ask(step, what, value) ? step : null;
}

function chosen(step: Draft, { value }: AcpState["waiting"][number], error: string | null): void {
  const { state } = step;
  const [, what, name = ""] = /^(model|mode) ([^]*)$/.exec(value ?? "") ?? [];
  if (what !== "model" && what !== "mode") return;
  if (error === null) state[what] = name;
  else if (state.takes || state.running)
    step.events.push({
      type: "notice",
      level: "error",
      message: `The ${what} ${name} was not taken: ${error}`,
    });
  // With another mode than the one that was asked for it might do what nobody wanted.
  else return giveUp(step, `It does not take the ${what} ${name}: ${error}`);
  if (!state.running && state.broken === null) state.takes = state.waiting.length === 0;
}

function ended(step: Draft, result: unknown): void {
  const { state } = step;
  if (!state.running) return;
  const told = PromptEnd.safeParse(result).data;
  const reason = told?.stopReason ?? "end_turn";
  if (reason === "refusal") return turnFailed(step, "The model refused to go on.");
  const interrupted = reason === "cancelled";
  closeAll(step, !interrupted);
  if (interrupted) step.events.push({ type: "notice", level: "info", message: "Interrupted." });
  else if (reason !== "end_turn") {
    const message = `It stopped before it was done: ${reason.replaceAll("_", " ").slice(0, 100)}.`;
    step.events.push({ type: "notice", level: "warning", message });
  }
  const usage = told === undefined ? null : usageOf(told);
  step.events.push({
    type: "turn_completed",
    turn: state.turn,
    usage,
    ...(interrupted ? { interrupted } : {}),
  });
  free(step);
}

function turnFailed(step: Draft, message: string): void {
  if (step.state.running) fail(step, message);
  free(step);
}

function fail(step: Draft, why: string): void {
  closeAll(step, false);
  const message = cutEnd(inWords(why), MAX_MESSAGE_BYTES);
  step.events.push({ type: "turn_failed", turn: step.state.turn, message });
  step.state.running = false;
}

/** The turn is over: what it still asked, nobody waits for. */
function free(step: Draft): void {
  const { state } = step;
  for (const { rpc, request: id } of state.asks) {
    send(step, { id: rpc, result: { outcome: { outcome: "cancelled" } } });
    step.over.push({ request: id, end: "gone" });
  }
  state.asks = [];
  state.running = false;
  state.takes = true;
}

/** Nothing can be said to it, and it ends. Whoever tried is told why, instead of waiting; who tries again begins it anew. */
function giveUp(step: Draft, why: string): void {
  const { state } = step;
  state.replay = null;
  state.broken = cutEnd(why, MAX_MESSAGE_BYTES);
  state.takes = true;
  step.quit = true;
  step.events.push({ type: "notice", level: "error", message: state.broken });
}

function request(
  step: Draft,
  method: string,
  params: Record<string, unknown>,
  value: string | null = null,
): void {
  const { state } = step;
  const id = state.count.rpc + 1;
  state.count = { ...state.count, rpc: id };
  state.waiting = [...state.waiting, { id, method, value }];
  send(step, { id, method, params });
}

function refuse(step: Draft, id: RpcId, code: number, message: string): void {
  send(step, { id, error: { code, message } });
}

/** A request that cannot be read (it is too long, for example) is still waited with. */
function refuseUnread(step: Draft, line: string): void {
  const head = line.slice(0, MAX_HEAD);
  if (!head.startsWith("{") || !/"method"\s*:/.test(head)) return; // a program's word, or nobody waits
  const id = /"id"\s*:\s*(\d{1,15}|"(?:[^"\\]|\\.){0,500}")/.exec(head)?.[1];
  if (id !== undefined)
    refuse(step, RpcId.parse(parse(id)), RPC_ERRORS.badParams, "This request cannot be read.");
}

function send(step: Draft, message: object): void {
  step.sends.push(JSON.stringify({ jsonrpc: "2.0", ...message }));
}

/** The agent's own details say more than "Internal error". */
function sayError({ message, data }: RpcError): string {
  const details = z
    .union([z.string(), z.looseObject({ details: z.string() }), z.looseObject({ message: z.string() })])
    .safeParse(data).data;
  const more = typeof details === "object" ? (details["details"] ?? details["message"]) : details;
  return typeof more === "string" && more !== "" ? `${message}: ${more}` : message;
}

/** Agents count apart what a cache gave and took; here the input is all of it. */
function usageOf({ usage, _meta }: PromptEnd): Usage | null {
  const whole = _meta?.quota?.token_count;
  const { inputTokens, outputTokens, cachedReadTokens, cachedWriteTokens, thoughtTokens } = usage ?? {
    inputTokens: whole?.input_tokens ?? 0,
    outputTokens: whole?.output_tokens ?? 0,
    cachedReadTokens: 0,
    cachedWriteTokens: 0,
    thoughtTokens: 0,
  };
  const all = inputTokens + outputTokens + cachedReadTokens + cachedWriteTokens;
  // An interrupted agent counts nothing: that is not known, and not none.
  if (all === 0) return null;
  return {
    input_tokens: inputTokens + cachedReadTokens + cachedWriteTokens,
    cached_input_tokens: cachedReadTokens,
    cache_write_input_tokens: cachedWriteTokens,
    output_tokens: outputTokens,
    reasoning_output_tokens: thoughtTokens,
  };
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null; // a program's word beside the protocol
  }
}
