import type { Approval } from "../../../protocol/approvals.ts";
import type { CallState, Item } from "../../../protocol/events.ts";
import { quoteArgv } from "../../shared/lib/quoteArgv.ts";

export type CallItem = Extract<Item, { kind: "call" }>;
/** The sign of a call's state: each has a shape of its own. */
export type CallSign =
  | "proposed"
  | "waiting"
  | "working"
  | "done"
  | "trouble"
  | "denied"
  | "unknown"
  | "stopped";
export type CallWords = { word: string; sign: CallSign };

const WORDS: Record<CallState, CallWords> = {
  proposed: { word: "Proposed", sign: "proposed" },
  waiting: { word: "Needs permission", sign: "waiting" },
  dispatched: { word: "Running", sign: "working" },
  completed: { word: "Done", sign: "done" },
  failed: { word: "Failed", sign: "trouble" },
  denied: { word: "Denied", sign: "denied" },
  expired: { word: "Expired", sign: "stopped" },
  indeterminate: { word: "Not known", sign: "unknown" },
  cancelled: { word: "Stopped", sign: "stopped" },
};

/** Where a call stands, in a word or two. `awayHost`: the name of its host while that is not connected. */
export function callWords(
  call: Pick<CallItem, "state" | "approval">,
  approval: Pick<Approval, "status"> | null,
  awayHost: string | null,
): CallWords {
  if (call.state === "dispatched" && awayHost !== null)
    return { word: `Waits for ${awayHost}`, sign: "proposed" };
  if (call.state === "proposed" && call.approval !== null)
    return { word: "Allowed, starting", sign: "working" };
  // The decision is known before the call moves on.
  if (call.state === "waiting" && approval?.status === "allowed")
    return { word: "Allowed, starting", sign: "working" };
  if (call.state === "waiting" && approval?.status === "denied") return WORDS.denied;
  return WORDS[call.state];
}

const VERBS: Record<string, string> = {
  run_command: "",
  command_output: "Output of",
  command_stop: "Stop",
  read_file: "Read",
  write_file: "Write",
  edit_file: "Edit",
  list_files: "List",
  search_files: "Search for",
  git_status: "git status",
  git_diff: "git diff",
  read_pane: "Read the terminal",
  type_into_pane: "Type",
  service_status: "Status of",
  service_jobs: "Jobs of",
  service_restart: "Restart",
  hop: "Go to",
  ask_user: "Ask",
  request_read_access: "Ask to read",
  spawn_subagent: "Subagent:",
  subagent_status: "Subagents",
  subagent_result: "Result of",
  cancel_subagent: "End",
  read_session: "Read the session",
};

/** A call in a line: a word for what it does, and what it does it to, in mono. */
export function callTitle(
  tool: string,
  input: Record<string, unknown> | null,
): { verb: string; what: string } {
  if (!Object.hasOwn(VERBS, tool)) return { verb: tool, what: "" };
  const text = (key: string): string => (typeof input?.[key] === "string" ? input[key] : "");
  const what =
    tool === "search_files"
      ? text("pattern")
      : tool === "list_files"
        ? text("path") || "."
        : tool === "hop"
          ? `${text("host")} ${text("workspace")}`.trim()
          : tool === "read_pane" || tool === "read_session"
            ? text("session")
            : words(input?.["argv"]) ||
              text("path") ||
              text("service") ||
              text("text") ||
              text("question") ||
              text("command");
  return { verb: VERBS[tool] ?? tool, what };
}

function words(argv: unknown): string {
  return Array.isArray(argv) ? quoteArgv(argv.map(String)) : "";
}

/** Calls that are shown open without being asked: what waits, what went wrong, and what was done rather than looked at. */
export function opensItself(call: Pick<CallItem, "tool" | "state">): boolean {
  switch (call.state) {
    case "waiting":
    case "indeterminate":
    case "failed":
    case "expired":
      return true;
    case "proposed":
    case "cancelled":
      return false;
    case "denied":
      return true;
    case "dispatched":
    case "completed":
      return ["run_command", "write_file", "edit_file", "git_status", "service_restart"].includes(call.tool);
  }
}

/** Whether a call's head says all of its input already, so that it need not stand below once more. What waits for a decision always shows it. */
export function headSaysAll(
  state: CallItem["state"],
  input: Record<string, unknown> | null,
  what: string,
): boolean {
  if (input === null || state === "waiting" || state === "proposed") return false;
  const keys = Object.keys(input);
  return keys.length === 0 || (keys.length === 1 && what.length <= 60 && !/[\n\r]/.test(what));
}
