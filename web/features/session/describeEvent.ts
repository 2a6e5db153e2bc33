import { readEvent } from "../../../protocol/events.ts";
import { summarizeCall } from "../../../protocol/tools.ts";
import type { LogEvent } from "../../shared/live/sessionState.ts";

export type EventTone = "plain" | "good" | "warning" | "bad";
export type EventWords = {
  icon:
    | "start"
    | "name"
    | "signal"
    | "end"
    | "command"
    | "result"
    | "turn"
    | "item"
    | "notice"
    | "approval"
    | "gap"
    | "unknown";
  text: string;
  /** More, in mono. */
  detail: string | null;
  tone: EventTone;
};

/** A row of the log in words. A type that this page does not know is shown as it came. */
export function describeEvent(raw: LogEvent): EventWords {
  const event = readEvent(raw);
  if (event === null) {
    const { seq: _seq, at: _at, type, ...rest } = raw;
    return words("unknown", type, JSON.stringify(rest));
  }
  switch (event.type) {
    case "created":
      return words("start", `Created: ${event.title}`, event.cwd);
    case "seen":
      return words("signal", `Seen by ${event.by}`);
    case "renamed":
      return words("name", `Renamed to “${event.title}” by ${event.by}`);
    case "status":
      return words(
        "signal",
        event.reason === null ? STATUS[event.status] : `${STATUS[event.status]}: ${event.reason}`,
        null,
        STATUS_TONE[event.status] ?? "plain",
      );
    case "ended":
      return words("end", `Ended: ${exitWords(event.exit)}`, null, event.status === "done" ? "good" : "bad");
    case "command":
      return words(
        "command",
        `${COMMANDS[event.command] ?? event.command}, asked by ${event.by}`,
        event.summary === "" ? null : event.summary,
      );
    case "command_result":
      return resultWords(COMMANDS[event.command] ?? event.command, event.result);
    case "turn_started":
      return words("turn", `Turn ${event.turn} started`);
    case "turn_completed": {
      const { usage } = event;
      return words(
        "turn",
        `Turn ${event.turn} done`,
        usage === null ? null : `${usage.input_tokens} in, ${usage.output_tokens} out`,
        "good",
      );
    }
    case "turn_failed":
      return words("turn", `Turn ${event.turn} failed`, event.message, "bad");
    case "item":
      return words("item", ITEMS[event.item.kind], itemText(event.item));
    case "notice":
      return words(
        "notice",
        event.message,
        null,
        event.level === "error" ? "bad" : event.level === "warning" ? "warning" : "plain",
      );
    case "gap":
      return words("gap", `${event.lost} events were lost on the host`, event.reason, "warning");
    case "turn_cancelled":
      return words("turn", `Turn ${event.turn} stopped by ${event.by}`);
    case "queued":
      return words("command", `Message ${QUEUED[event.state]} by ${event.by}`, event.text);
    case "approval":
      return approvalWords(event.approval);
    case "grant":
      return words("approval", `Grant ${event.state} by ${event.by}`, event.grant.scope);
    case "model":
      return words(
        "command",
        `Model chosen by ${event.by}`,
        event.effort === null ? event.model : `${event.model}, effort ${event.effort}`,
      );
    case "background":
      return words(
        "command",
        event.exit === null
          ? "Runs in the background now"
          : `Background command ended: ${exitWords(event.exit)}`,
        event.summary,
      );
    case "hopped":
      return words("command", `Works on ${event.host_name} now`, event.workspace);
  }
}

const QUEUED = { queued: "queued", edited: "edited", removed: "removed", taken: "taken, sent" } as const;

type Approval = Extract<Known, { type: "approval" }>["approval"];

function approvalWords({ status, summary, decided_by, delivery }: Approval): EventWords {
  const by = decided_by === null ? "" : ` by ${decided_by}`;
  switch (status) {
    case "pending":
      return words("approval", "Needs permission", summary, "warning");
    case "allowed":
      return words(
        "approval",
        `Allowed${by}${delivery === "none" || delivery === "pending" ? "" : `, ${delivery}`}`,
        summary,
        delivery === "applied" ? "good" : "plain",
      );
    case "denied":
      return words("approval", `Denied${by}`, summary);
    case "expired":
      return words("approval", "Nobody decided in time", summary, "warning");
    case "withdrawn":
      return words("approval", "Withdrawn: it is no longer asked for here", summary);
  }
}

type Known = NonNullable<ReturnType<typeof readEvent>>;
type Result = Extract<Known, { type: "command_result" }>["result"];

function resultWords(command: string, result: Result): EventWords {
  switch (result.status) {
    case "done":
      return words("result", `${command}: done`, null, "good");
    case "failed":
      return words("result", `${command}: ${result.message}`, result.details?.join("\n") ?? null, "bad");
    case "expired":
      return words("result", `${command}: expired before the host took it`, null, "warning");
    case "cancelled":
      return words("result", `${command}: cancelled`, null, "plain");
    case "indeterminate":
      return words("result", `${command}: it is not known whether it happened`, result.message, "warning");
  }
}

function words(
  icon: EventWords["icon"],
  text: string,
  detail: string | null = null,
  tone: EventTone = "plain",
): EventWords {
  return { icon, text, detail, tone };
}

export function exitWords(exit: {
  code: number | null;
  signal: string | null;
  message: string | null;
}): string {
  if (exit.message !== null) return exit.message;
  if (exit.signal !== null) return `by ${exit.signal}`;
  return exit.code === null ? "how is not known" : `exit ${exit.code}`;
}

const STATUS = {
  starting: "Starting",
  working: "Working",
  waiting: "Waiting for you",
  idle: "Idle",
  done: "Done",
  trouble: "Trouble",
} as const;
const STATUS_TONE: Partial<Record<keyof typeof STATUS, EventTone>> = {
  waiting: "warning",
  trouble: "bad",
  done: "good",
};

const COMMANDS: Record<string, string> = {
  send_input: "Type",
  send_keys: "Press keys",
  paste: "Paste",
  interrupt: "Interrupt",
  resize: "Resize",
  snapshot: "Read the screen",
  search: "Search",
  spawn: "Start",
  adopt: "Adopt",
  rename: "Rename",
  kill: "End",
  remove_worktree: "Remove the worktree",
  codex_start: "Run Codex",
  codex_stop: "Stop Codex",
  agent_start: "Start",
  agent_prompt: "Say",
  set_mode: "Choose the mode",
  tool: "Tool",
  cancel_turn: "Stop the turn",
  set_model: "Choose the model",
  answer: "Answer",
};

const ITEMS = {
  user_message: "You",
  message: "Message",
  reasoning: "Reasoning",
  command: "Command",
  file_change: "Files changed",
  tool: "Tool",
  plan: "Plan",
  web_search: "Web search",
  call: "Tool call",
  question: "Question",
  summary: "Summary of earlier turns",
  warning: "Warning",
  other: "Other",
} as const;

function itemText(item: Extract<Known, { type: "item" }>["item"]): string {
  switch (item.kind) {
    case "command":
      return `${item.command}${item.exit_code === null ? "" : `  (exit ${item.exit_code})`}`;
    case "file_change":
      return item.changes.map(({ change, path }) => `${change} ${path}`).join("\n");
    case "tool":
      return `${item.name} ${item.input}`;
    case "plan":
      return item.steps.map(({ text, done }) => `${done ? "[x]" : "[ ]"} ${text}`).join("\n");
    case "web_search":
      return item.query;
    case "call":
      return `${item.state}  ${summarizeCall(item.tool, parsed(item.input))}`;
    case "question":
      return item.answer === null ? item.question : `${item.question}\n${item.answer}`;
    case "other":
      return `${item.name} ${item.json}`;
    default:
      return item.text;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null; // cut, or not JSON: the summary then names the tool alone
  }
}
