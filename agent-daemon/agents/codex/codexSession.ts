import type { DaemonMessage } from "../../../protocol/link.ts";
import type { GitState, SessionFacts } from "../../../protocol/session.ts";
import type { CodexSession } from "./jobStore.ts";

const TITLE_CHARACTERS = 80;

/** What a session is before its first turn. */
export function newCodexSession(session: string, cwd: string, prompt: string): CodexSession {
  return {
    session,
    title: titleOf(prompt),
    cwd,
    model: null,
    sandbox: null,
    worktree: null,
    thread: null,
    turns: 0,
    preview: null,
  };
}

/** Tells the edge of a session, which makes it there when it is new. */
export function sessionMessage(row: CodexSession, git: GitState | null): DaemonMessage {
  return {
    kind: "session",
    session: row.session,
    provider: "codex",
    title: row.title,
    facts: factsOf(row, git),
  };
}

/** Tells the edge what changed in a session without being an event. */
export function factsMessage(row: CodexSession, git: GitState | null): DaemonMessage {
  return { kind: "facts", session: row.session, facts: factsOf(row, git) };
}

function factsOf(row: CodexSession, git: GitState | null): SessionFacts {
  return {
    cwd: row.cwd,
    command: "codex",
    agent: "codex",
    git,
    pane: null,
    worktree: row.worktree,
    preview: row.preview,
  };
}

/** The first line of the prompt, as the title of a session that nobody named. */
function titleOf(prompt: string): string {
  const line =
    prompt
      .split("\n")
      .find((candidate) => candidate.trim() !== "")
      ?.trim() ?? "Codex";
  const characters = [...line];
  return characters.length <= TITLE_CHARACTERS
    ? line
    : `${characters.slice(0, TITLE_CHARACTERS - 1).join("")}…`;
}
