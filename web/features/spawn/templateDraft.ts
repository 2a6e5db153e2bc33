import type { TemplateFields } from "../../../protocol/templates.ts";
import { parseArgv } from "../../shared/lib/parseArgv.ts";
import { quoteArgv } from "../../shared/lib/quoteArgv.ts";
import { inTerminal, programOf, type AgentChoice, type Draft } from "./newSession.ts";

/** What a template keeps of a draft: what is filled in, and belongs to its kind. */
export function fieldsOf(draft: Draft): TemplateFields {
  const { kind } = draft;
  const given = <T>(name: string, value: T | ""): Record<string, T> =>
    value === "" ? {} : { [name]: value };
  const argv = kind === "command" ? parseArgv(draft.command) : null;
  const program = programOf(draft.agent);
  return {
    kind,
    ...given("host", draft.host),
    ...given("cwd", draft.cwd.trim()),
    ...given("title", draft.title.trim()),
    ...(argv?.ok === true && argv.argv.length > 0 ? { argv: argv.argv } : {}),
    ...(kind === "chat" ? given("model", draft.chatModel) : {}),
    ...(kind === "codex" || kind === "agent"
      ? { ...given("prompt", draft.prompt.trim()), ...given("model", draft.model.trim()) }
      : {}),
    ...(kind === "codex" ? given("sandbox", draft.sandbox) : {}),
    ...(kind === "agent"
      ? {
          agent: program === null ? plainAgent(draft.agent) : "acp",
          ...(program === null ? {} : { program }),
          terminal: inTerminal(draft),
          ...given("mode", draft.mode),
        }
      : {}),
    ...(kind !== "chat" && draft.worktree
      ? { worktree: true, ...given("branch", draft.branch.trim()), ...given("base", draft.base.trim()) }
      : {}),
  };
}

/** A draft as a template says; what the template leaves open stays as it stands, where that still makes sense. */
export function draftOf(fields: TemplateFields, before: Draft): Draft {
  const agent: AgentChoice =
    fields.agent === "acp" ? `acp:${fields.program ?? ""}` : (fields.agent ?? before.agent);
  return {
    ...before,
    kind: fields.kind,
    host: fields.host ?? before.host,
    cwd: fields.cwd ?? before.cwd,
    title: fields.title ?? "",
    command: fields.argv === undefined ? "" : quoteArgv(fields.argv),
    agent,
    terminal: fields.terminal ?? true,
    mode: fields.mode ?? "",
    resume: null,
    prompt: fields.prompt ?? "",
    model: fields.kind === "chat" ? "" : (fields.model ?? ""),
    chatModel: fields.kind === "chat" ? (fields.model ?? "") : "",
    sandbox: fields.sandbox ?? "",
    worktree: fields.worktree ?? false,
    branch: fields.branch ?? "",
    base: fields.base ?? "",
  };
}

function plainAgent(agent: AgentChoice): "claude" | "codex" | "opencode" | "gemini" {
  return agent === "codex" || agent === "opencode" || agent === "gemini" ? agent : "claude";
}
