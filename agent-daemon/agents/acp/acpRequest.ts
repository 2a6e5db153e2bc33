import { createHash } from "node:crypto";
import * as z from "zod";
import type { CommandOf } from "../../../protocol/commands.ts";
import { redact } from "../../../protocol/redact.ts";
import { type AgentQuestion, type AgentRequest, MAX_REQUEST_INPUT } from "../../../protocol/requests.ts";
import type { ToolScope } from "../../../protocol/toolScope.ts";
import { type AcpCall, toolName, WRITES } from "./acpCall.ts";
import type { PermissionAsk } from "./acpWire.ts";

type Option = PermissionAsk["options"][number];

/** A request as it is shown, and which of the agent's options an answer stands for. */
export const AskedOptions = z.array(z.object({ id: z.string(), name: z.string(), kind: z.string() }));
export type AskedOptions = z.infer<typeof AskedOptions>;

/** What the page gives back for questions: by their text. */
const Answers = z.looseObject({
  answers: z.record(z.string(), z.union([z.string(), z.array(z.string()).transform(([one]) => one ?? "")])),
});

/**
 * What an agent asks, as every agent's requests are told. Options that say more than yes or no become a question with
 * them; "always" is not taken over where it only saves asking, since that is what grants and rules are for.
 */
export function acpRequest(
  id: string,
  { toolCall, options }: PermissionAsk,
  call: AcpCall,
  cwd: string,
): AgentRequest {
  const input = inputOf(toolCall.rawInput, call);
  const json = JSON.stringify(input);
  // Two acts that look the same here because they are long are two acts still.
  const hidden = [call.wholeInput, call.wholeDiffs].filter((hash) => hash !== null);
  const tool = toolName(call).slice(0, 100);
  const question = isYesNo(options) ? null : questionOf(call, options);
  return {
    id,
    requester: "acp",
    tool,
    // No grant and no rule can choose for a person.
    scope: question === null ? scopeOf(call) : "free",
    input:
      json.length > MAX_REQUEST_INPUT ? JSON.stringify({ cut: json.slice(0, MAX_REQUEST_INPUT / 4) }) : json,
    input_sha256: createHash("sha256")
      .update([json, ...hidden].join("\n"))
      .digest("hex"),
    summary: redact(
      `${tool} ${call.command ?? call.paths[0] ?? call.changes[0]?.path ?? call.title}`.trim(),
    ).slice(0, 500),
    touches: touchesOf(call, cwd).map((path) => path.slice(0, 500)),
    ...(question === null ? {} : { questions: [question] }),
    offers: [],
  };
}

/** The option that a decision stands for; null when the agent offers none for it, or not the one that was meant. */
export function optionFor(
  options: AskedOptions,
  { allow, input }: Pick<CommandOf<"decide">, "allow" | "input">,
): string | null {
  if (!allow) return first(options, ["reject_once", "reject_always"]);
  const answers = Object.values(Answers.safeParse(input).data?.answers ?? {});
  const named = options.find(({ name }, at) => answers.includes(labelOf(name, at)));
  if (answers.length > 0) return named?.id ?? null;
  return isYesNo(options) ? first(options, ["allow_once"]) : null;
}

function first(options: AskedOptions, kinds: readonly string[]): string | null {
  for (const kind of kinds) {
    const found = options.find((option) => option.kind === kind);
    if (found !== undefined) return found.id;
  }
  return null;
}

/** All of kinds that are known, one way of each to say no, and one to say yes to this alone. */
function isYesNo(options: readonly Pick<Option, "kind">[]): boolean {
  const kinds = options.map(({ kind }) => kind);
  return (
    kinds.every((kind) => /^(?:allow|reject)_(?:once|always)$/.test(kind)) &&
    ["reject_once", "reject_always"].every((kind) => kinds.filter((each) => each === kind).length <= 1) &&
    kinds.filter((kind) => kind === "allow_once").length === 1
  );
}

function questionOf({ title }: AcpCall, options: readonly Option[]): AgentQuestion {
  return {
    question: (title === "" ? "How shall it go on?" : title).slice(0, 4000),
    header: null,
    options: options.map(({ name }, at) => ({ label: labelOf(name, at), description: null })),
    many: false,
  };
}

/** Labels are told apart by where they stand, should they be cut or nothing. */
function labelOf(name: string, at: number): string {
  return name === "" || name.length > 480 ? `${at + 1}. ${name.slice(0, 480)}`.trim() : name;
}

function scopeOf({ kind }: AcpCall): ToolScope {
  if (kind === "read" || kind === "search") return "read_outside";
  return WRITES.has(kind) ? "write" : "execute";
}

function touchesOf({ changes, paths }: AcpCall, cwd: string): string[] {
  const touched = [...new Set([...changes.map(({ path }) => path), ...paths])];
  return touched.length === 0 ? [cwd] : touched.slice(0, 50);
}

/** What it wants to do; what is to be changed is said with it where the agent says that apart. */
function inputOf(raw: unknown, { input, diffs, kind, title }: AcpCall): unknown {
  const known = raw ?? (input === "" ? null : parse(input));
  const told = z.record(z.string(), z.unknown()).safeParse(known).data;
  const has = told === undefined ? (known === null ? {} : { input: known }) : told;
  if (diffs.length > 0 && !["content", "diff", "new_string", "patch"].some((key) => key in has))
    return { ...has, changes: diffs };
  if (Object.keys(has).length > 0) return has;
  return kind === "execute" ? { command: title } : { title };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return { cut: json };
  }
}
