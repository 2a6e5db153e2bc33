import { Plus } from "lucide-react";
import { lazy, useEffect, useMemo, type ReactNode } from "react";
import { useLocation, useSearch } from "wouter";
import type { SessionFilter } from "../../../protocol/filter.ts";
import { isEnded } from "../../../protocol/session.ts";
import { looked } from "../../shared/lib/looked.ts";
import { useStore } from "../../shared/lib/useStore.ts";
import { hub } from "../../shared/live/stores.ts";
import { useHosts, useHub, useHubScope } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Empty } from "../../shared/ui/Empty.tsx";
import { PageHead } from "../../shared/ui/PageHead.tsx";
import { FilterBar } from "./FilterBar.tsx";
import { readFilter, writeFilter } from "./filterParams.ts";
import { countByStatus, groupSessions } from "./groupSessions.ts";
import { ListSkeleton } from "./ListSkeleton.tsx";
import { SessionList } from "./SessionList.tsx";

const NoSessions = lazy(() => import("./NoSessions.tsx"));

/** Every session on every host. */
export function SessionsPage({
  noHost,
}: {
  /** What to show when no host has ever dialled in. */ noHost: ReactNode;
}) {
  const { sessions, hosts, approvals, loaded } = useHub();
  const seen = useStore(looked);
  const hostList = useHosts();
  const recentOnly = useHubScope() === "recent";
  const search = useSearch();
  const [, navigate] = useLocation();
  const filter = useMemo(() => readFilter(search), [search]);
  const { rows, count } = useMemo(
    () => groupSessions(sessions.values(), hosts, filter, { approvals: approvals.values(), looked: seen }),
    [sessions, hosts, filter, approvals, seen],
  );
  const counts = useMemo(() => countByStatus(sessions.values(), filter), [sessions, filter]);
  const all = useMemo(() => [...sessions.values()], [sessions]);
  const providers = useMemo(() => [...new Set(all.map((session) => session.provider))].sort(), [all]);
  const open = all.filter((session) => !isEnded(session)).length;

  // What was asked for may have ended long ago.
  const everything = filter.ended === true || filter.text !== undefined || (loaded && count === 0);
  useEffect(() => {
    if (everything) hub().showAll();
  }, [everything]);

  function setFilter(next: SessionFilter): void {
    navigate(`/${writeFilter(next)}`, { replace: true });
  }

  return (
    <>
      <PageHead
        title="Sessions"
        note={
          loaded && all.length > 0 ? `${open} open on ${hosts.size} host${hosts.size === 1 ? "" : "s"}` : ""
        }
        actions={
          hosts.size > 0 && (
            <Button
              look="primary"
              onClick={() => openDialog.set({ name: "new" })}
              data-testid="new-session"
              className="phone:hidden"
            >
              <Plus size={16} /> New session
            </Button>
          )
        }
      />
      {!loaded || (count === 0 && recentOnly) ? (
        <ListSkeleton />
      ) : all.length === 0 ? (
        <div className="min-h-0 grow overflow-y-auto">
          {hostList.every((host) => host.presence === "never") ? noHost : <NoSessions hosts={hostList} />}
        </div>
      ) : (
        <>
          <FilterBar
            filter={filter}
            onChange={setFilter}
            hosts={hostList}
            providers={providers}
            counts={counts}
          />
          {count === 0 ? (
            <Empty title="No session is like that">
              <p>{all.length} are hidden by the filter.</p>
              <Button onClick={() => setFilter({})}>Show all</Button>
            </Empty>
          ) : (
            <SessionList
              rows={rows}
              hosts={hosts}
              end={
                recentOnly && (
                  <p className="flex items-center gap-2 px-4 py-2 text-muted" data-testid="recent-only">
                    What ended more than 7 days ago is not listed.
                    <Button onClick={() => hub().showAll()}>List it</Button>
                  </p>
                )
              }
            />
          )}
        </>
      )}
    </>
  );
}
