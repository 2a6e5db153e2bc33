import { basename } from "node:path";
import type { DaemonMessage } from "../../../protocol/link.ts";
import type { GitState, SessionFacts } from "../../../protocol/session.ts";
import type { AnyAdapter } from "./adapter.ts";
import type { OwnedSession } from "./openOwnedStore.ts";

const TITLE_CHARACTERS = 80;

/** Tells the edge of a session, which makes it there when it is new. */
export function sessionMessage(row: OwnedSession, adapter: AnyAdapter, git: GitState | null): DaemonMessage {
  const { session, title, agent: provider } = row;
  return { kind: "session", session, provider, title, facts: factsOf(row, adapter, git), interactive: true };
}

/** Tells the edge what changed in a session without being an event. */
export function factsMessage(row: OwnedSession, adapter: AnyAdapter, git: GitState | null): DaemonMessage {
  return { kind: "facts", session: row.session, facts: factsOf(row, adapter, git) };
}

function factsOf(
  { cwd, worktree, preview, program, agent }: OwnedSession,
  { name }: AnyAdapter,
  git: GitState | null,
): SessionFacts {
  return { cwd, command: program ?? agent, agent: name, git, pane: null, worktree, preview };
}

/** The first line of what it is told, or where it works. */
export function titleOf(prompt: string | undefined, agent: string, cwd: string): string {
  const line = prompt
    ?.split("\n")
    .find((candidate) => candidate.trim() !== "")
    ?.trim();
  const characters = [...(line ?? `${agent} · ${basename(cwd) || "/"}`)];
  return characters.length <= TITLE_CHARACTERS
    ? characters.join("")
    : `${characters.slice(0, TITLE_CHARACTERS - 1).join("")}…`;
}
