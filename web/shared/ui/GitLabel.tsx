import { GitBranch } from "lucide-react";
import type { GitState } from "../../../protocol/session.ts";

/** Branch, and how many files are changed. */
export function GitLabel({ git }: { git: GitState }) {
  const branch = git.branch ?? "detached";
  const dirty = git.dirty ?? 0;
  const title = `${branch}${dirty > 0 ? `, ${dirty} changed file${dirty === 1 ? "" : "s"}` : git.dirty === 0 ? ", nothing changed" : ""}`;
  return (
    <span title={title} className="inline-flex min-w-0 items-center gap-1">
      <GitBranch size={12} className="shrink-0 text-muted" aria-hidden />
      <span className="truncate">{branch}</span>
      {dirty > 0 && (
        <span className="shrink-0 text-waiting-text">
          <span aria-hidden>±{dirty}</span>
          <span className="sr-only">, {dirty} changed</span>
        </span>
      )}
    </span>
  );
}
