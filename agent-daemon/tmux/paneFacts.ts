import { basename } from "node:path";
import type { UnadoptedPane } from "../../protocol/host.ts";
import type { AgentName, GitState, PaneAddress, SessionFacts, Worktree } from "../../protocol/session.ts";
import { cutText } from "./cutText.ts";
import type { PaneRow } from "./paneFormat.ts";

/** Names in tmux can be of any length; nobody reads more than this of one. */
const MAX_NAME = 200;
/** The longest path there is. */
const MAX_PATH = 4096;

/** Where a pane is, for people and for commands. */
export function paneAddress(socketName: string, row: PaneRow): PaneAddress {
  return {
    socket: socketName,
    pane: row.pane,
    tmux_session: cutText(row.tmuxSession, MAX_NAME),
    window: cutText(`${row.windowIndex}:${row.windowName}`, MAX_NAME),
    cols: row.cols,
    rows: row.rows,
  };
}

/** Everything the edge is told of a pane that is not an event. */
export function paneFacts(seen: {
  socketName: string;
  row: PaneRow;
  agent: AgentName;
  git: GitState | null;
  worktree: Worktree | null;
  preview: string | null;
}): SessionFacts {
  return {
    cwd: seen.row.cwd === "" ? null : cutText(seen.row.cwd, MAX_PATH),
    command: seen.row.command === "" ? null : cutText(seen.row.command, MAX_NAME),
    agent: seen.agent,
    git: seen.git,
    pane: paneAddress(seen.socketName, seen.row),
    worktree: seen.worktree,
    preview: seen.preview,
  };
}

/** A title for a session nobody has named: what runs, and where. */
export function paneTitle(agent: AgentName, command: string, cwd: string): string {
  const program = agent === "other" || agent === "shell" ? command : agent;
  const place = cwd === "" ? "" : ` in ${basename(cwd) || "/"}`;
  return cutText(`${program === "" ? "pane" : program.replace(/^-/, "")}${place}`, MAX_NAME);
}

/** How an unadopted pane is shown. A spinner in front of its title is not worth a message each time it turns. */
export function unadoptedPane(socketName: string, row: PaneRow): UnadoptedPane {
  return {
    socket: socketName,
    pane: row.pane,
    tmux_session: cutText(row.tmuxSession, MAX_NAME),
    command: cutText(row.command, MAX_NAME),
    cwd: cutText(row.cwd, MAX_PATH),
    title: cutText(row.title.replace(/^[^\p{L}\p{N}]+/u, ""), MAX_NAME),
  };
}

/** The last line of a screen that is not blank, as plain text. */
export function previewOf(screen: string): string | null {
  const lines = screen.split("\n");
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = (lines[i] ?? "").replace(/[\x00-\x1f\x7f-\x9f]/g, "").trim();
    // A frame's border says nothing.
    if (/[\p{L}\p{N}]/u.test(line)) return cutText(line, 200);
  }
  return null;
}
