import type { ClaudeSession } from "../../tmux/claudeRegistry.ts";

/** Between two dialogs of one Claude its state is `busy` for a moment; only what lasts this long says that one was answered. */
const SETTLED_MS = 400;

/**
 * Whether a request was answered at the terminal: Claude had waited after it was made, and waits no more.
 * Its hook is not told of a "yes" there.
 */
export function isAnsweredHere(
  createdAt: number,
  claude: Pick<ClaudeSession, "status" | "statusUpdatedAt"> | undefined,
  now: number,
): "yes" | "no" | { askAgainIn: number } {
  if (claude?.status === undefined || claude.statusUpdatedAt === undefined) return "no";
  if (claude.status === "waiting" || claude.statusUpdatedAt <= createdAt) return "no";
  const left = claude.statusUpdatedAt + SETTLED_MS - now;
  return left <= 0 ? "yes" : { askAgainIn: left };
}
