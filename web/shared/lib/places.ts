import type { Host } from "../../../protocol/host.ts";
import type { Session } from "../../../protocol/session.ts";

const MOST = 12;

/** Directories to offer for a new session on a host: where something was lately, then its workspaces; each once. */
export function places(host: Host | null, sessions: Iterable<Session>): string[] {
  if (host === null) return [];
  const recent = [...sessions]
    .filter((session) => session.host === host.id && session.cwd !== null)
    .sort((a, b) => b.updated_at - a.updated_at)
    // A worktree ends with its session; what it was made of is the place to start from.
    .flatMap((session) =>
      session.worktree !== null ? [session.worktree.repo] : session.cwd === null ? [] : [session.cwd],
    );
  return [...new Set([...recent.slice(0, 200), ...(host.info?.workspaces ?? [])])].slice(0, MOST);
}
