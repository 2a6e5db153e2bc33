import { createHash } from "node:crypto";
import * as z from "zod";
import type { CommandOf } from "../../../protocol/commands.ts";
import { type AgentQuestion, type AgentRequest, MAX_REQUEST_INPUT } from "../../../protocol/requests.ts";
import type { ToolScope } from "../../../protocol/toolScope.ts";
import { redact } from "../../../protocol/redact.ts";
import type { PermissionHook } from "./hookWire.ts";
import { permissionUpdates, updateWords } from "./permissionUpdates.ts";

const QUESTION_TOOL = "AskUserQuestion";

/** By names that come from outside: a map, so that none of them finds what every object inherits. */
const SCOPES = new Map<string, ToolScope>([
  [QUESTION_TOOL, "free"],
  ["Read", "read_outside"],
  ["Glob", "read_outside"],
  ["Grep", "read_outside"],
  ["LS", "read_outside"],
  ["Edit", "write"],
  ["MultiEdit", "write"],
  ["Write", "write"],
  ["NotebookEdit", "write"],
]);

const AskedQuestions = z.looseObject({
  questions: z.array(
    z.looseObject({
      question: z.string(),
      header: z.string().optional(),
      multiSelect: z.boolean().optional(),
      options: z.array(z.looseObject({ label: z.string(), description: z.string().optional() })).default([]),
    }),
  ),
});

/** The tool that Claude asks to use, what with, and what would spare it asking. */
type AskedTool = Pick<PermissionHook, "tool_name" | "tool_input" | "permission_suggestions">;

/** What Claude asks, as every agent's requests are told. A tool that is not known here asks like a command. */
export function hookRequest(
  id: string,
  {
    tool_name: tool,
    tool_input: input,
    permission_suggestions,
    cwd,
  }: AskedTool & Pick<PermissionHook, "cwd">,
): AgentRequest {
  const json = JSON.stringify(input);
  const questions = tool === QUESTION_TOOL ? questionsOf(input) : null;
  const remembers = updateWords(permissionUpdates(permission_suggestions));
  const cut = json.length > MAX_REQUEST_INPUT;
  return {
    id,
    requester: "claude",
    tool: tool.slice(0, 100),
    scope: SCOPES.get(tool) ?? "execute",
    input: cut ? JSON.stringify({ cut: json.slice(0, MAX_REQUEST_INPUT / 4) }) : json,
    input_sha256: createHash("sha256").update(json).digest("hex"),
    summary: redact(summaryOf(tool, input)).slice(0, 500),
    touches: [touchedPath(input) ?? cwd].map((path) => path.slice(0, 500)),
    ...(questions === null ? {} : { questions }),
    ...(remembers === null ? {} : { remembers }),
    offers: [
      ...(cut || questions !== null ? [] : (["edit"] as const)),
      "message",
      ...(remembers === null ? [] : (["remember"] as const)),
      "interrupt",
    ],
  };
}

/** What the hook prints for a decision. */
export function hookReply(hook: PermissionHook, decision: CommandOf<"decide">): string {
  return JSON.stringify({
    hookSpecificOutput: { hookEventName: "PermissionRequest", decision: claudeDecision(hook, decision) },
  });
}

/** A decision in Claude's words. */
export function claudeDecision(asked: AskedTool, decision: CommandOf<"decide">) {
  return decision.allow
    ? {
        behavior: "allow",
        ...(decision.input === undefined ? {} : { updatedInput: inputOf(asked, decision.input) }),
        ...(decision.remember === true
          ? { updatedPermissions: permissionUpdates(asked.permission_suggestions) }
          : {}),
      }
    : {
        behavior: "deny",
        message: decision.message ?? "The person denied this.",
        ...(decision.interrupt === true ? { interrupt: true } : {}),
      };
}

/** Answers of a question join what was asked; any other input stands for itself. */
function inputOf({ tool_name, tool_input }: AskedTool, input: Record<string, unknown>) {
  return tool_name === QUESTION_TOOL ? { ...tool_input, ...input } : input;
}

function questionsOf(input: Record<string, unknown>): AgentQuestion[] | null {
  const asked = AskedQuestions.safeParse(input);
  if (!asked.success) return null;
  return asked.data.questions.slice(0, 20).map(({ question, header, options, multiSelect }) => ({
    question: question.slice(0, 4000),
    header: header?.slice(0, 200) ?? null,
    options: options.slice(0, 50).map(({ label, description }) => ({
      label: label.slice(0, 500),
      description: description?.slice(0, 2000) ?? null,
    })),
    many: multiSelect ?? false,
  }));
}

/** Begins with what rules look at: the tool, then the command or the path. */
function summaryOf(tool: string, input: Record<string, unknown>): string {
  const told = ["command", "file_path", "notebook_path", "path", "url", "query", "pattern"].find(
    (key) => typeof input[key] === "string",
  );
  if (told !== undefined) return `${tool} ${String(input[told])}`;
  const asked = questionsOf(input)?.[0];
  return asked === undefined ? tool : asked.question;
}

function touchedPath(input: Record<string, unknown>): string | null {
  const path = input["file_path"] ?? input["notebook_path"] ?? input["path"];
  return typeof path === "string" ? path : null;
}
