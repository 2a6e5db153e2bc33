import type { CreateSession } from "../../../protocol/api.ts";
import type { Session } from "../../../protocol/session.ts";

type PaneAgent = NonNullable<Extract<CreateSession, { provider: "tmux" }>["agent"]>;

/** The agent that can go on with a session's conversation in a terminal; null when there is none. */
export function terminalAgentOf({ provider }: Pick<Session, "provider">): PaneAgent | null {
  return provider === "claude" || provider === "codex" || provider === "opencode" ? provider : null;
}
