import { CreateSession } from "../../../protocol/api.ts";
import { parseArgv } from "../../shared/lib/parseArgv.ts";

export type Kind = "chat" | "shell" | "command" | "agent" | "codex";
/** An agent; `acp:` and a name is one that the host knows by that name. */
export type AgentChoice = "claude" | "codex" | "opencode" | "gemini" | `acp:${string}`;

/** What stands in the dialog. */
export type Draft = {
  host: string;
  cwd: string;
  kind: Kind;
  command: string;
  agent: AgentChoice;
  /** An agent in a terminal, or without one. */
  terminal: boolean;
  /** How freely it acts, in its own words; empty: as it is configured. */
  mode: string;
  /** The conversation that it goes on with. */
  resume: { id: string; title: string } | null;
  prompt: string;
  model: string;
  /** Of a chat; empty: the default one. */
  chatModel: string;
  sandbox: "" | "read-only" | "workspace-write" | "danger-full-access";
  worktree: boolean;
  branch: string;
  base: string;
  title: string;
};

export type DraftErrors = Partial<
  Record<"host" | "cwd" | "command" | "prompt" | "model" | "mode" | "branch" | "base" | "title", string>
>;

/** The request that a draft means, or what is wrong with it, field by field. */
export function readDraft(
  draft: Draft,
): { ok: true; request: CreateSession } | { ok: false; errors: DraftErrors } {
  if (draft.kind === "chat") return readChatDraft(draft);
  const errors: DraftErrors = {};
  const argv = draft.kind === "command" ? parseArgv(draft.command) : null;
  if (argv?.ok === false) errors.command = argv.message;
  if (draft.host === "") errors.host = "Choose a host.";
  if (draft.kind === "codex" && draft.prompt.trim() === "") errors.prompt = "Say what is to be done.";
  if (draft.worktree && draft.branch.trim() === "") errors.branch = "Name the new branch.";
  const optional = <T>(name: string, value: T | ""): Record<string, T> =>
    value === "" ? {} : { [name]: value };
  const common = {
    host: draft.host,
    cwd: draft.cwd.trim(),
    ...optional("title", draft.title.trim()),
    ...(draft.worktree
      ? { worktree: { branch: draft.branch.trim(), ...optional("base", draft.base.trim()) } }
      : {}),
  };
  const agent = {
    ...optional("prompt", draft.prompt.trim()),
    ...optional("model", draft.model.trim()),
    ...optional("mode", draft.mode),
    ...(draft.resume === null ? {} : { resume: draft.resume.id }),
  };
  const program = programOf(draft.agent);
  const parsed = CreateSession.safeParse(
    draft.kind === "codex"
      ? {
          provider: "codex",
          ...common,
          prompt: draft.prompt,
          ...optional("model", draft.model.trim()),
          ...optional("sandbox", draft.sandbox),
        }
      : draft.kind === "agent" && !inTerminal(draft)
        ? {
            provider: program === null ? draft.agent : "acp",
            ...common,
            ...(draft.agent === "codex" ? { interactive: true } : {}),
            ...(program === null ? {} : { program }),
            ...agent,
          }
        : {
            provider: "tmux",
            ...common,
            ...(argv?.ok === true ? { argv: argv.argv } : {}),
            ...(draft.kind === "agent" ? { agent: draft.agent, ...agent } : {}),
          },
  );
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const field = path[0] === "worktree" ? path[1] : path[0] === "argv" ? "command" : path[0];
      if (field === "cwd" && draft.cwd.trim() === "") errors.cwd ??= "Choose a directory.";
      else if (
        field === "branch" ||
        field === "base" ||
        field === "cwd" ||
        field === "model" ||
        field === "mode" ||
        field === "title" ||
        field === "host" ||
        field === "command" ||
        field === "prompt"
      )
        errors[field] ??= sentence(message);
    }
  }
  if (Object.keys(errors).length > 0 || !parsed.success) return { ok: false, errors };
  return { ok: true, request: parsed.data };
}

/** The name of an agent that the host knows by a name of its own. */
export function programOf(agent: AgentChoice): string | null {
  return agent.startsWith("acp:") ? agent.slice("acp:".length) : null;
}

/** Whether it gets a terminal: some can only run in one, some only without. */
export function inTerminal({ agent, terminal }: Pick<Draft, "agent" | "terminal">): boolean {
  if (agent === "gemini") return true;
  return programOf(agent) === null && terminal;
}

/** A chat needs neither host nor directory; one without the other says nothing. */
function readChatDraft(draft: Draft): ReturnType<typeof readDraft> {
  const cwd = draft.cwd.trim();
  const placed = draft.host !== "" && cwd !== "";
  const parsed = CreateSession.safeParse({
    provider: "edge",
    ...(placed ? { host: draft.host, cwd } : {}),
    ...(draft.title.trim() === "" ? {} : { title: draft.title.trim() }),
    ...(draft.chatModel === "" ? {} : { model: draft.chatModel }),
  });
  if (parsed.success) return { ok: true, request: parsed.data };
  const errors: DraftErrors = {};
  for (const { path, message } of parsed.error.issues) {
    const field = path[0];
    if (field === "cwd" || field === "title" || field === "host") errors[field] ??= sentence(message);
  }
  return { ok: false, errors };
}

function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
