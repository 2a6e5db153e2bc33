import { RemovedWorktree, Worktrees, type RemoveWorktree } from "../../../protocol/worktrees.ts";
import { request } from "../../shared/api/request.ts";

const path = (host: string): string => `/hosts/${encodeURIComponent(host)}/worktrees`;

/** The worktrees of a host, which nobody needs at the first load. */
export const worktreesApi = {
  list: (host: string) => request(path(host), Worktrees),
  remove: (host: string, wish: RemoveWorktree) =>
    request(`${path(host)}/remove`, RemovedWorktree, { method: "POST", body: wish }),
};
