import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, FolderGit2, RefreshCw } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import type { Host } from "../../../protocol/host.ts";
import type { WorktreeEntry } from "../../../protocol/worktrees.ts";
import { ApiFailure, failureSentence } from "../../shared/api/ApiFailure.ts";
import { Queries } from "../../shared/api/Queries.tsx";
import { sizeWords } from "../../shared/lib/sizeWords.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { usePageTitle } from "../../shared/ui/pageTitle.ts";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { RemovalDialog, type Removal } from "./RemovalDialog.tsx";
import { SnapshotList } from "./SnapshotList.tsx";
import { WorktreeRow } from "./WorktreeRow.tsx";
import { worktreesApi } from "./worktreesApi.ts";

/** Git states change without a word; whoever looks sees them in a moment. */
const REFETCH_MS = 20_000;

/** The worktrees of a host: how each stands, what it takes, and what was kept of those that are gone. */
export default function WorktreesPage({ id }: { id: string }) {
  const { hosts, loaded } = useHub();
  const host = hosts.get(id);
  usePageTitle(host === undefined ? null : `Worktrees of ${host.name}`);
  if (host === undefined) return loaded ? <Empty title="There is no such host" /> : null;
  return (
    <Queries>
      <Worktrees host={host} />
    </Queries>
  );
}

function Worktrees({ host }: { host: Host }) {
  const queries = useQueryClient();
  const queryKey = ["worktrees", host.id];
  const online = host.presence === "online";
  const { data, error, isPending, isFetching } = useQuery({
    queryKey,
    queryFn: () => worktreesApi.list(host.id),
    enabled: online,
    refetchInterval: REFETCH_MS,
    staleTime: 0,
  });
  const [removing, setRemoving] = useState<WorktreeEntry | null>(null);
  const again = (): void => void queries.invalidateQueries({ queryKey });
  const bytes = (data?.items ?? []).reduce((sum, item) => sum + (item.bytes ?? 0), 0);
  const uncounted = data?.items.some((item) => item.bytes === null) === true;

  async function remove(path: string, snapshot: boolean): Promise<Removal> {
    try {
      const { snapshot: kept } = await worktreesApi.remove(host.id, { path, snapshot });
      again();
      return { ok: true, snapshot: kept };
    } catch (failure) {
      again();
      const refusal = failure instanceof ApiFailure ? failure : null;
      return {
        ok: false,
        code: refusal?.code ?? "unknown",
        message: failureSentence(failure),
        details: refusal?.details ?? [],
      };
    }
  }

  return (
    <>
      <header className="flex min-h-14 shrink-0 items-center gap-3 px-4">
        <Link
          href="/hosts"
          aria-label="All hosts"
          className="thumb -ml-2 flex size-8 shrink-0 items-center justify-center rounded-base text-muted hover:text-text"
        >
          <ArrowLeft size={18} />
        </Link>
        <h1 className="shrink-0 text-title font-semibold phone:text-lead">Worktrees</h1>
        <p className="min-w-0 truncate pt-1 text-muted" data-testid="worktrees-note">
          {host.name}
          {data !== undefined && data.items.length > 0 && (
            <>
              {" "}
              · {data.items.length + data.more}, {uncounted && "at least "}
              {sizeWords(bytes)}
            </>
          )}
        </p>
        <Button
          square
          look="quiet"
          className="ml-auto"
          aria-label="Look again"
          disabled={isFetching || !online}
          onClick={again}
        >
          <RefreshCw size={14} />
        </Button>
      </header>
      <div className="min-h-0 grow overflow-y-auto border-t border-line">
        <div className="mx-auto flex max-w-4xl flex-col gap-3 p-4">
          {!online && (
            <p className="rounded-base bg-waiting-ground px-3 py-2 text-waiting-text">
              {host.name} is not connected.{" "}
              {data === undefined ? "Its worktrees are shown when it is back." : "What is shown may be old."}
            </p>
          )}
          {error !== null && (
            <p role="alert" className="text-trouble-text">
              {failureSentence(error)}
              {data !== undefined && " What is shown may be old."}
            </p>
          )}
          {online && isPending && (
            <div aria-busy="true" className="flex flex-col gap-2">
              <Skeleton className="h-[74px]" />
              <Skeleton className="h-[74px]" />
              <Skeleton className="h-[74px]" />
            </div>
          )}
          {data !== undefined && data.items.length === 0 && (
            <Empty title="No worktree here" icon={<FolderGit2 size={24} />}>
              <p>
                Start a session <b className="font-medium text-text">in a new git worktree</b>, and it works
                on a branch of its own under{" "}
                <span className="font-mono text-[12px] break-all">{data.root}</span>, beside whatever else is
                done in the repository.
              </p>
            </Empty>
          )}
          {data !== undefined && data.items.length > 0 && (
            <ul aria-label="Worktrees" className="rounded-base border border-line bg-surface">
              {data.items.map((item) => (
                <li key={item.path} className="not-first:border-t not-first:border-line">
                  <WorktreeRow item={item} root={data.root} onRemove={() => setRemoving(item)} />
                </li>
              ))}
            </ul>
          )}
          {data !== undefined && data.more > 0 && (
            <p className="text-muted">{data.more} more are not listed.</p>
          )}
          {data !== undefined && data.snapshots.length > 0 && <SnapshotList snapshots={data.snapshots} />}
        </div>
      </div>
      {removing !== null && (
        <RemovalDialog
          open
          onClose={() => setRemoving(null)}
          worktree={removing}
          remove={(snapshot) => remove(removing.path, snapshot)}
        />
      )}
    </>
  );
}
