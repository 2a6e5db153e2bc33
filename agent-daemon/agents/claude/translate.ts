import { createHash } from "node:crypto";
import * as z from "zod";
import { type EventBody, Usage } from "../../../protocol/events.ts";
import { MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import { cutMiddle } from "../codex/cutText.ts";

/** What must be remembered from one line of a transcript to the next. */
export const TranscriptState = z.object({
  turn: z.number().int(),
  /** A turn was started and has not ended. */
  running: z.boolean(),
  usage: Usage.nullable(),
  /** The message whose tokens were counted last: its lines repeat them. */
  counted: z.string().nullable(),
  /** Calls of tools without a result. */
  open: z.record(z.string(), z.object({ name: z.string(), input: z.string(), key: z.string().default("") })),
});
export type TranscriptState = z.infer<typeof TranscriptState>;

/** A call that has its result; `source` says who allowed or refused it: a `hook`, or somebody at the terminal. */
export type DecidedCall = { key: string; source: string };

/** What a call of a tool is recognised by, where it has no id. */
export function callKey(tool: string, input: Record<string, unknown>): string {
  return createHash("sha256")
    .update(`${tool} ${JSON.stringify(input)}`)
    .digest("hex");
}

/** The state before the first line, after `turn` turns of the session. */
export function freshTranscript(turn: number): TranscriptState {
  return { turn, running: false, usage: null, counted: null, open: {} };
}

const ResultPart = z.looseObject({ type: z.string(), text: z.string().optional() });
const Part = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  thinking: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  input: z.record(z.string(), z.unknown()).optional(),
  tool_use_id: z.string().optional(),
  content: z.union([z.string(), z.array(ResultPart)]).optional(),
  is_error: z.boolean().nullish(),
});
type Part = z.infer<typeof Part>;
const Content = z.union([z.string().transform((text): Part[] => [{ type: "text", text }]), z.array(Part)]);
const Base = { uuid: z.string(), isSidechain: z.boolean().optional(), isMeta: z.boolean().optional() };
const Line = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("user"),
    ...Base,
    message: z.looseObject({ content: Content }),
    permissionDecision: z.looseObject({ source: z.string() }).optional().catch(undefined),
  }),
  z.looseObject({
    type: z.literal("assistant"),
    ...Base,
    message: z.looseObject({
      id: z.string().optional(),
      model: z.string().optional(),
      content: Content,
      usage: z
        .looseObject({
          input_tokens: z.number().catch(0),
          output_tokens: z.number().catch(0),
          cache_read_input_tokens: z.number().catch(0),
          cache_creation_input_tokens: z.number().catch(0),
        })
        .optional(),
    }),
  }),
  z.looseObject({
    type: z.literal("system"),
    ...Base,
    subtype: z.string().optional(),
    content: z.string().optional(),
  }),
]);

/** What Claude writes of itself into a person's message: not what the person said. */
const MACHINE_TEXT = /^<(?:system-reminder|local-command|command-|bash-|task-)/;
/** Claude is told so when a subagent, or a command in the background, has ended. */
const TASK_NOTICE = /^\s*<task-notification>/;
const INTERRUPTED = "[Request interrupted by user";
const FILE_TOOLS = new Set(["Write", "Edit", "MultiEdit", "NotebookEdit"]);

/** The events of one line of Claude Code's transcript; a line of no interest, or of a kind unknown here, has none. */
export function translateTranscript(
  text: string,
  before: TranscriptState,
  thread: string,
): { events: EventBody[]; decided: DecidedCall[]; state: TranscriptState } {
  const parsed = parseLine(text);
  if (parsed === null || parsed.isSidechain === true || parsed.isMeta === true)
    return { events: [], decided: [], state: before };
  const state = { ...before, open: { ...before.open } };
  const events: EventBody[] = [];
  const decided: DecidedCall[] = [];
  const item = (id: string, body: Extract<EventBody, { type: "item" }>["item"]) =>
    events.push({ type: "item", id, turn: state.turn, item: body });

  if (parsed.type === "system") {
    if (parsed.subtype === "turn_duration") events.push(...endTurn(state));
    return { events, decided, state };
  }
  if (parsed.type === "assistant") {
    if (!state.running) begin(events, state, thread);
    count(state, parsed.message);
    for (const [at, part] of parsed.message.content.entries()) {
      const id = `${parsed.uuid}.${at}`;
      if (part.type === "text" && part.text !== undefined && part.text !== "")
        item(id, { kind: "message", text: part.text });
      if (part.type === "thinking" && part.thinking !== undefined && part.thinking !== "")
        item(id, { kind: "reasoning", text: part.thinking });
      if (part.type === "tool_use" && part.id !== undefined) {
        const { name = "tool", input = {} } = part;
        const call = { name, input: JSON.stringify(input).slice(0, 16_384), key: callKey(name, input) };
        state.open[part.id] = call;
        item(part.id, callItem(call, null));
      }
    }
    return { events, decided, state };
  }
  for (const [at, { type, text: told = "" }] of parsed.message.content.entries()) {
    if (type !== "text" || !TASK_NOTICE.test(told)) continue;
    if (!state.running) begin(events, state, thread);
    item(`${parsed.uuid}.${at}`, taskItem(told));
  }
  const said = parsed.message.content
    .flatMap((part) => (part.type === "text" && part.text !== undefined ? [part.text] : []))
    .filter((each) => !MACHINE_TEXT.test(each.trimStart()));
  for (const part of parsed.message.content) {
    if (part.type !== "tool_result" || part.tool_use_id === undefined) continue;
    const call = state.open[part.tool_use_id];
    if (call === undefined) continue;
    delete state.open[part.tool_use_id];
    if (parsed.permissionDecision !== undefined)
      decided.push({ key: call.key, source: parsed.permissionDecision.source });
    item(part.tool_use_id, callItem(call, part));
  }
  if (said.length === 0) return { events, decided, state };
  if (said.some((each) => each.startsWith(INTERRUPTED))) {
    for (const [id, call] of Object.entries(state.open))
      item(id, callItem(call, { type: "tool_result", content: "It was interrupted.", is_error: true }));
    state.open = {};
    item(parsed.uuid, { kind: "warning", text: "Interrupted by the person." });
    return { events: [...events, ...endTurn(state)], decided, state };
  }
  // What is said in the middle of a turn joins it.
  if (!state.running) begin(events, state, thread);
  item(parsed.uuid, { kind: "user_message", text: said.join("\n") });
  return { events, decided, state };
}

/** Ends a turn that Claude gave up without a word in its transcript: one that was taken back before it was answered. */
export function giveUpTurn(before: TranscriptState): { events: EventBody[]; state: TranscriptState } {
  const state = { ...before, open: {} };
  const { turn } = state;
  const why = "It ended without an answer.";
  const events = Object.entries(before.open).map(([id, call]): EventBody => {
    const result = { type: "tool_result", content: why, is_error: true };
    return { type: "item", id, turn, item: callItem(call, result) };
  });
  events.push({ type: "item", id: `given-up-${turn}`, turn, item: { kind: "warning", text: why } });
  events.push(...endTurn(state));
  return { events, state };
}

function begin(events: EventBody[], state: TranscriptState, thread: string): void {
  state.turn++;
  state.running = true;
  state.usage = null;
  events.push({ type: "turn_started", turn: state.turn, thread });
}

function endTurn(state: TranscriptState): EventBody[] {
  if (!state.running) return [];
  state.running = false;
  return [{ type: "turn_completed", turn: state.turn, usage: state.usage }];
}

type AssistantMessage = Extract<z.infer<typeof Line>, { type: "assistant" }>["message"];

function count(state: TranscriptState, { id, usage }: AssistantMessage): void {
  if (usage === undefined || (id !== undefined && id === state.counted)) return;
  state.counted = id ?? null;
  const sum = state.usage;
  const {
    input_tokens,
    output_tokens,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: write,
  } = usage;
  state.usage = {
    // Anthropic counts apart what the cache gave and took; here the input is all of it.
    input_tokens: (sum?.input_tokens ?? 0) + input_tokens + read + write,
    cached_input_tokens: (sum?.cached_input_tokens ?? 0) + read,
    cache_write_input_tokens: (sum?.cache_write_input_tokens ?? 0) + write,
    output_tokens: (sum?.output_tokens ?? 0) + output_tokens,
    reasoning_output_tokens: sum?.reasoning_output_tokens ?? 0,
  };
}

function callItem(
  { name, input }: { name: string; input: string },
  result: Part | null,
): Extract<EventBody, { type: "item" }>["item"] {
  const failed = result?.is_error === true;
  const status = result === null ? "in_progress" : failed ? "failed" : "completed";
  const told = result === null ? "" : textOf(result);
  const { text: output, cut } = cutMiddle(told, MAX_OUTPUT_BYTES);
  const given = readInput(input);
  if (name === "Bash")
    return {
      kind: "command",
      command: given.command ?? input,
      output,
      output_cut: cut,
      exit_code: failed ? exitCodeOf(told) : null,
      status,
    };
  if (FILE_TOOLS.has(name) && given.path !== null)
    return {
      kind: "file_change",
      changes: [{ path: given.path, change: name === "Write" ? "add" : "update" }],
      status,
    };
  return {
    kind: "tool",
    name,
    input,
    output: result === null || failed ? null : output,
    error: failed ? output : null,
    status,
  };
}

/** How a task ended that Claude had running beside it. */
function taskItem(notice: string): Extract<EventBody, { type: "item" }>["item"] {
  const part = (name: string) =>
    new RegExp(`<${name}>([\\s\\S]*)</${name}>`).exec(notice)?.[1]?.trim() ?? null;
  const { text: output } = cutMiddle(part("result") ?? "", MAX_OUTPUT_BYTES);
  const failed = part("status") !== "completed";
  return {
    kind: "tool",
    name: "task",
    input: (part("summary") ?? "").slice(0, 16_384),
    output: failed ? null : output,
    error: failed ? output || (part("status") ?? "unknown") : null,
    status: failed ? "failed" : "completed",
  };
}

const ToolInput = z.looseObject({
  command: z.string().optional(),
  file_path: z.string().optional(),
  notebook_path: z.string().optional(),
});

function readInput(json: string): { command: string | null; path: string | null } {
  try {
    const { command, file_path, notebook_path } = ToolInput.parse(JSON.parse(json));
    return { command: command ?? null, path: file_path ?? notebook_path ?? null };
  } catch {
    return { command: null, path: null }; // cut, or of another shape: shown as it is
  }
}

function textOf({ content }: Part): string {
  if (content === undefined || typeof content === "string") return content ?? "";
  return content.map((part) => part.text ?? `[${part.type}]`).join("\n");
}

function exitCodeOf(output: string): number | null {
  const code = /^(?:Error: )?Exit code (\d+)/.exec(output)?.[1];
  return code === undefined ? null : Number(code);
}

function parseLine(text: string): z.infer<typeof Line> | null {
  try {
    const parsed = Line.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
