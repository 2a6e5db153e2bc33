import * as z from "zod";
import type { EventBody, Usage } from "../../../../protocol/events.ts";
import { claudeDecision, hookRequest } from "../../claude/hookRequest.ts";
import { freshTranscript, TranscriptState, translateTranscript } from "../../claude/translate.ts";
import { closed } from "../../codex/translate.ts";
import { type AgentAdapter, AgentState, type Begin, type Step, step } from "../adapter.ts";
import { CanUseTool, ClaudeLine, type TurnUsage } from "./claudeLines.ts";

const State = z.object({
  ...AgentState.shape,
  run: z.number().int(),
  cwd: z.string(),
  model: z.string().nullable(),
  transcript: TranscriptState,
});
type State = z.infer<typeof State>;

const Asked = z.object({ tool_name: z.string(), tool_input: z.record(z.string(), z.unknown()) });

/** Claude Code without a terminal: `claude -p` with lines both ways, and its permission control over them. */
export const claudeAdapter: AgentAdapter<State> = {
  agent: "claude",
  name: "claude",
  state: State,
  confirms: true,

  launch: ({ claude }, { model, mode, effort, agentType, thread, fork }) => ({
    argv: [
      claude,
      "-p",
      "--input-format=stream-json",
      "--output-format=stream-json",
      "--verbose",
      "--permission-prompt-tool=stdio",
      "--replay-user-messages",
      // Without one it is the person's own, which may ask nothing.
      `--permission-mode=${mode ?? "default"}`,
      ...(model === null ? [] : [`--model=${model}`]),
      // It knows no less than low.
      ...(effort === null ? [] : [`--effort=${effort === "minimal" ? "low" : effort}`]),
      ...(agentType === null ? [] : [`--agent=${agentType}`]),
      ...(thread === null ? [] : [`--resume=${thread}`]),
      ...(thread !== null && fork ? ["--fork-session"] : []),
    ],
    // Of a Claude that the daemon may have been started in.
    env: { CLAUDECODE: "", CLAUDE_CODE_ENTRYPOINT: "sdk-cli" },
  }),

  begin: ({ run, turn, cwd, model, thread, fork }: Begin) =>
    step<State>(
      {
        thread: fork ? null : thread,
        turn,
        running: false,
        takes: true,
        run,
        cwd,
        model,
        transcript: freshTranscript(turn),
      },
      { sends: [control(`r${run}.begin`, { subtype: "initialize", hooks: null })] },
    ),

  line(state, text) {
    const line = readLine(text);
    switch (line?.type) {
      case undefined:
        return step(state);
      case "system":
        return system(state, line);
      case "assistant":
      case "user":
        // Its own echo of what it was told, and what its subagents do, are not for the log.
        if (line.parent_tool_use_id != null || ("isReplay" in line && line.isReplay === true))
          return step(state);
        return said(state, text);
      case "result":
        return ended(state, line);
      case "control_request":
        return asked(state, line);
      case "control_cancel_request":
        return step(state, { over: [{ request: line.request_id, end: "gone" }] });
      case "control_response":
        return answered(state, line.response);
    }
  },

  prompt(state, { id, text }) {
    const begun = begin(state);
    const item = { kind: "user_message" as const, text, ...(state.running ? { steered: true } : {}) };
    return step(begun.state, {
      events: [...begun.events, { type: "item", id, turn: begun.state.turn, item }],
      sends: [
        JSON.stringify({
          type: "user",
          message: { role: "user", content: text },
          parent_tool_use_id: null,
          session_id: "",
        }),
      ],
    });
  },

  interrupt: (state) =>
    state.running
      ? step(state, { sends: [control(`r${state.run}.interrupt`, { subtype: "interrupt" })] })
      : null,

  decide(state, given, decision) {
    const { request_id, ...tool } = z.object({ request_id: z.string(), ...Asked.shape }).parse(given);
    const answer = claudeDecision(tool, decision);
    const response = decision.allow ? { updatedInput: tool.tool_input, ...answer } : answer;
    const body = { subtype: "success", request_id, response };
    return step(state, { sends: [JSON.stringify({ type: "control_response", response: body })] });
  },

  setModel: (state, model) =>
    step<State>(
      { ...state, model },
      { sends: [control(`r${state.run}.model`, { subtype: "set_model", model })] },
    ),

  setMode: (state, mode) =>
    step(state, { sends: [control(`r${state.run}.mode`, { subtype: "set_permission_mode", mode })] }),

  died(state, why) {
    const events = closeCalls(state);
    if (state.running) events.push({ type: "turn_failed", turn: state.turn, message: why });
    return step(idle(state), { events });
  },
};

function readLine(text: string): ClaudeLine | null {
  try {
    const parsed = ClaudeLine.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null; // of a kind that is not known here, or of no interest
  } catch {
    return null; // not JSON: something that a program of Claude's printed
  }
}

function control(request_id: string, request: object): string {
  return JSON.stringify({ type: "control_request", request_id, request });
}

type LineOf<T extends ClaudeLine["type"]> = Extract<ClaudeLine, { type: T }>;

function system(state: State, line: LineOf<"system">): Step<State> {
  if (line.subtype === "init") {
    const known = { ...state, thread: line.session_id ?? state.thread, model: line.model ?? state.model };
    // It goes on by itself: with what it was told while it worked, for example.
    const begun = begin(known);
    const changed = line.model !== undefined && line.model !== state.model;
    const model: EventBody[] = changed
      ? [{ type: "model", model: line.model ?? "", effort: null, by: "Claude" }]
      : [];
    return step(begun.state, { events: [...begun.events, ...model] });
  }
  if (line.subtype === "api_retry") {
    const { attempt = 1, max_retries = 1, error = "an error" } = line;
    const message = `The model does not answer (${error.replaceAll("_", " ")}): try ${attempt} of ${max_retries}.`;
    return step(state, { events: [{ type: "notice", level: "warning", message }] });
  }
  return step(state);
}

/** A turn begins, unless one runs. */
function begin(state: State): Step<State> {
  if (state.running) return step(state);
  const turn = state.turn + 1;
  const transcript = { ...freshTranscript(turn), running: true };
  return step<State>(
    { ...state, turn, running: true, transcript },
    {
      events: [{ type: "turn_started", turn, thread: state.thread }],
    },
  );
}

/** What it says and does is told as its transcript tells it. */
function said(state: State, text: string): Step<State> {
  const before = { ...state.transcript, turn: state.turn, running: state.running };
  const { events, state: transcript } = translateTranscript(text, before, state.thread ?? "");
  const { turn, running } = transcript;
  // The end of a turn has a line of its own.
  const ends = state.running && !running;
  return step<State>(
    {
      ...state,
      turn,
      running: running || ends,
      transcript: { ...transcript, running: true },
    },
    { events: events.filter(({ type }) => type !== "turn_completed") },
  );
}

function ended(state: State, line: LineOf<"result">): Step<State> {
  if (!state.running) return step(state);
  const events = closeCalls(state);
  const usage = line.usage === undefined ? null : usageOf(line.usage);
  const interrupted = line.terminal_reason?.startsWith("aborted") === true;
  const failed = line.is_error && !interrupted;
  if (failed) {
    const message = (line.result ?? line.subtype).slice(0, 8_000);
    events.push({ type: "turn_failed", turn: state.turn, message, ...(usage === null ? {} : { usage }) });
  } else {
    const how = interrupted ? { interrupted } : {};
    events.push({ type: "turn_completed", turn: state.turn, usage, ...how });
  }
  return step(idle(state), { events });
}

function asked(state: State, { request_id, request }: LineOf<"control_request">): Step<State> {
  const tool = CanUseTool.safeParse(request);
  if (!tool.success) {
    const error = `Signalbox does not know ${request.subtype}.`;
    const response = { subtype: "error", request_id, error };
    const message = `Claude asked for something that is not known here: ${request.subtype}.`;
    return step(state, {
      events: [{ type: "notice", level: "warning", message }],
      sends: [JSON.stringify({ type: "control_response", response })],
    });
  }
  const { tool_name, input: tool_input } = tool.data;
  const asking = { tool_name, tool_input };
  const told = hookRequest(request_id, { ...asking, cwd: state.cwd });
  return step(state, { asks: [{ request: told, asked: { request_id, ...asking } }] });
}

/** It says that it has our answer; or it answers what we asked of it. */
function answered(state: State, response: LineOf<"control_response">["response"]): Step<State> {
  const { request_id, subtype, error } = response;
  if (!request_id.startsWith(`r${state.run}.`))
    return step(state, { over: [{ request: request_id, end: "applied" }] });
  if (subtype !== "error") return step(state);
  const message = `Claude did not do it: ${error ?? "it does not say why"}`.slice(0, 2_000);
  return step(state, { events: [{ type: "notice", level: "warning", message }] });
}

/** What was begun and did not end. */
function closeCalls(state: State): EventBody[] {
  return Object.entries(state.transcript.open).map(([id, { name, input }]) => ({
    type: "item",
    id,
    turn: state.turn,
    item: closed({ kind: "tool", name, input, output: null, error: null, status: "in_progress" }, false),
  }));
}

function idle(state: State): State {
  return { ...state, running: false, transcript: freshTranscript(state.turn) };
}

function usageOf(usage: TurnUsage): Usage {
  const read = usage.cache_read_input_tokens;
  const write = usage.cache_creation_input_tokens;
  return {
    // Anthropic counts apart what the cache gave and took; here the input is all of it.
    input_tokens: usage.input_tokens + read + write,
    cached_input_tokens: read,
    cache_write_input_tokens: write,
    output_tokens: usage.output_tokens,
    reasoning_output_tokens: 0,
  };
}
