import { isInteractive, type Session } from "../../../protocol/session.ts";

const NAMES: Record<string, string> = {
  claude: "Claude",
  codex: "Codex",
  opencode: "OpenCode",
  gemini: "Gemini",
};

type Labelled = Pick<Session, "agent" | "command" | "provider" | "interactive">;

/** Who works in a session: the agent's name, or the program in the foreground. */
export function agentLabel(session: Labelled): string {
  if (session.provider === "edge") return "Chat";
  if (session.provider === "codex" && !isInteractive(session)) return "Codex job";
  if (session.agent !== null && session.agent in NAMES) return NAMES[session.agent] ?? session.agent;
  if (session.command === null && session.provider in NAMES) return NAMES[session.provider] ?? "";
  return session.command ?? (session.agent === "shell" ? "shell" : "—");
}

/** The agent's name; a program that is no agent is quieter and in mono. */
export function AgentLabel({ session }: { session: Labelled }) {
  const isAgent = session.provider !== "tmux" || (session.agent !== null && session.agent in NAMES);
  return (
    <span className={isAgent ? "truncate" : "truncate font-mono text-muted"}>{agentLabel(session)}</span>
  );
}
