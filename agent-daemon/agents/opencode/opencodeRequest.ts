import { createHash } from "node:crypto";
import * as z from "zod";
import type { CommandOf } from "../../../protocol/commands.ts";
import { redact } from "../../../protocol/redact.ts";
import { type AgentRequest, MAX_REQUEST_INPUT } from "../../../protocol/requests.ts";
import type { ToolScope } from "../../../protocol/toolScope.ts";
import type { OpencodeEvent, Permission, Questions } from "./opencodeWire.ts";

/** What is kept of a request, to answer it. */
export const Asking = z.object({
  id: z.string(),
  kind: z.enum(["permission", "question"]),
  /** The tool call that it is about. */
  call: z.string().nullable(),
  questions: z.array(z.string()),
});
export type Asking = z.infer<typeof Asking>;

const SCOPES = new Map<string, ToolScope>([
  ["edit", "write"],
  ["read", "read_outside"],
  ["glob", "read_outside"],
  ["grep", "read_outside"],
  ["list", "read_outside"],
]);

/** What the page gives back for questions: by their text. */
const Answers = z.looseObject({
  answers: z.record(z.string(), z.union([z.string().transform((one) => [one]), z.array(z.string())])),
});

type AskEvent = Extract<OpencodeEvent, { type: "permission.asked" | "question.asked" }>;

/** What OpenCode asks, as every agent's requests are told, and what is kept to answer it. */
export function readAsk(event: AskEvent, cwd: string): { request: AgentRequest; asking: Asking } {
  const { id, tool } = event.properties;
  const call = tool?.callID ?? null;
  if (event.type === "permission.asked")
    return {
      request: permissionRequest(event.properties, cwd),
      asking: { id, kind: "permission", call, questions: [] },
    };
  const questions = event.properties.questions.map(({ question }) => question.slice(0, 4000));
  return {
    request: questionRequest(event.properties, cwd),
    asking: { id, kind: "question", call, questions },
  };
}

function permissionRequest({ id, permission, patterns, metadata }: Permission, cwd: string): AgentRequest {
  const tool = permission.slice(0, 100);
  const path = ["filepath", "filePath", "path"]
    .map((key) => metadata[key])
    .find((value) => typeof value === "string");
  const command = metadata["command"];
  const about = typeof command === "string" ? command : (path ?? patterns.join(" "));
  const input = Object.keys(metadata).length === 0 ? { patterns } : metadata;
  return {
    ...inputOf(input),
    id,
    requester: "opencode",
    tool,
    scope: SCOPES.get(permission) ?? "execute",
    summary: redact(`${tool} ${about}`.trim()).slice(0, 500),
    touches: [(path ?? cwd).slice(0, 500)],
    offers: ["message"],
  };
}

function questionRequest({ id, questions }: Questions, cwd: string): AgentRequest {
  const told = questions.slice(0, 20).map(({ question, header, options, multiple }) => ({
    question: question.slice(0, 4000),
    header: header?.slice(0, 200) ?? null,
    options: options.slice(0, 50).map(({ label, description }) => ({
      label: label.slice(0, 500),
      description: description?.slice(0, 2000) ?? null,
    })),
    many: multiple ?? false,
  }));
  return {
    ...inputOf({ questions: told }),
    id,
    requester: "opencode",
    tool: "question",
    scope: "free",
    summary: redact(told[0]?.question ?? "A question").slice(0, 500),
    touches: [cwd.slice(0, 500)],
    questions: told,
    offers: [],
  };
}

/** How the server is told what was decided. */
export function replyTo(
  { id, kind, questions }: Asking,
  { allow, input, message }: Pick<CommandOf<"decide">, "allow" | "input" | "message">,
): { path: string; body: Record<string, unknown> } {
  const path = `/${kind}/${encodeURIComponent(id)}`;
  if (kind === "permission")
    return {
      path: `${path}/reply`,
      body: allow ? { reply: "once" } : { reply: "reject", ...(message === undefined ? {} : { message }) },
    };
  if (!allow) return { path: `${path}/reject`, body: {} };
  const given = Answers.safeParse(input).data?.answers ?? {};
  return { path: `${path}/reply`, body: { answers: questions.map((question) => given[question] ?? []) } };
}

function inputOf(input: unknown): Pick<AgentRequest, "input" | "input_sha256"> {
  const json = JSON.stringify(input);
  return {
    input:
      json.length > MAX_REQUEST_INPUT ? JSON.stringify({ cut: json.slice(0, MAX_REQUEST_INPUT / 4) }) : json,
    input_sha256: createHash("sha256").update(json).digest("hex"),
  };
}
