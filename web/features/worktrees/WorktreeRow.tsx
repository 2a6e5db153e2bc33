import { GitBranch, Trash2 } from "lucide-react";
import { Link } from "wouter";
import type { WorktreeEntry } from "../../../protocol/worktrees.ts";
import { classes } from "../../shared/lib/classes.ts";
import { sizeWords } from "../../shared/lib/sizeWords.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Signal } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { worktreeWords } from "./worktreeWords.ts";

/** One worktree: its branch, how it stands, who works there, what it takes. */
export function WorktreeRow({
  item,
  root,
  onRemove,
}: {
  item: WorktreeEntry;
  root: string;
  onRemove(): void;
}) {
  const { sessions } = useHub();
  const [session] = item.sessions.flatMap((id) => sessions.get(id) ?? []);
  const place = item.path.startsWith(`${root}/`) ? item.path.slice(root.length + 1) : item.path;
  return (
    <div
      data-testid="worktree"
      data-path={item.path}
      className="grid grid-cols-[minmax(0,1fr)_auto_auto] items-center gap-x-3 gap-y-0.5 px-4 py-2.5"
    >
      <div className="flex min-w-0 items-center gap-2">
        <GitBranch size={14} aria-hidden className="shrink-0 text-muted" />
        <span className="truncate font-mono text-text" title={item.branch ?? undefined}>
          {item.branch ?? (item.head === null ? "no commit yet" : `at ${item.head}`)}
        </span>
      </div>
      <span className="text-right tabular-nums text-muted" title="On the disk">
        {item.bytes === null ? "not counted" : sizeWords(item.bytes)}
      </span>
      <Button
        square
        look="quiet"
        className="row-span-2"
        aria-label={`Remove the worktree ${place}`}
        title={item.in_use ? "A session works in it; end it first" : "Remove it"}
        disabled={item.in_use || item.problem !== null}
        onClick={onRemove}
        data-testid="remove-worktree"
      >
        <Trash2 size={14} />
      </Button>
      <p className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-0.5" data-testid="worktree-state">
        {worktreeWords(item).map(({ text, tone }) => (
          <span
            key={text}
            className={classes(
              tone === "work" ? "text-waiting-text" : tone === "bad" ? "text-trouble-text" : "text-muted",
            )}
          >
            {text}
          </span>
        ))}
        {session !== undefined && (
          <Link
            href={`/sessions/${session.id}`}
            className="flex min-w-0 items-center gap-1.5 text-muted underline-offset-2 hover:text-text hover:underline"
          >
            <Signal status={session.status} size={10} />
            <span className="truncate">{session.title}</span>
          </Link>
        )}
      </p>
      <span className="text-right text-muted">{item.made_at !== null && <Since at={item.made_at} />}</span>
      <span className="col-span-2 truncate font-mono text-[12px] text-muted" title={item.path}>
        {place}
      </span>
    </div>
  );
}
