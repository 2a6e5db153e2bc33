import { useInfiniteQuery } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import type { ApprovalStatus } from "../../../protocol/approvals.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { Queries } from "../../shared/api/Queries.tsx";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { ApprovalCard } from "../approvals/ApprovalCard.tsx";
import { Chip } from "./Chip.tsx";

type Ended = Exclude<ApprovalStatus, "pending">;
const ENDED: { status: Ended; label: string }[] = [
  { status: "allowed", label: "Allowed" },
  { status: "denied", label: "Denied" },
  { status: "expired", label: "Expired" },
  { status: "withdrawn", label: "Withdrawn" },
];
const ALL = ENDED.map(({ status }) => status);

/** Approvals that were decided, or ended without it, the newest first. */
export default function DecidedList() {
  return (
    <Queries>
      <Decided />
    </Queries>
  );
}

function Decided() {
  const { sessions, hosts } = useHub();
  const [only, setOnly] = useState<Ended | null>(null);
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["decided", only],
    queryFn: ({ pageParam }) => api.approvals(only === null ? ALL : [only], pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 0,
  });
  const rows = data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap gap-1.5" role="search" aria-label="Narrow the list">
        {ENDED.map(({ status, label }) => (
          <Chip key={status} on={only === status} onToggle={() => setOnly(only === status ? null : status)}>
            {label}
          </Chip>
        ))}
      </div>
      {error !== null && (
        <p role="alert" className="text-trouble-text">
          {failureSentence(error)}
        </p>
      )}
      {isPending && <Skeleton className="h-24" />}
      {data !== undefined && rows.length === 0 && (
        <Empty title="Nothing of that kind" icon={<History size={24} />}>
          <p>What was allowed, denied or ended without a decision is kept here.</p>
        </Empty>
      )}
      <ul className="flex flex-col gap-2" aria-label="Decided approvals">
        {rows.map((approval) => (
          <li
            key={approval.id}
            data-testid="decided-approval"
            className="rounded-base border border-line bg-surface p-3"
          >
            <div className="mb-2 flex min-w-0 flex-wrap items-baseline gap-x-2">
              {sessions.has(approval.session) ? (
                <Link
                  href={`/sessions/${approval.session}`}
                  className="min-w-0 truncate text-lead hover:underline phone:basis-full"
                >
                  {sessions.get(approval.session)?.title}
                </Link>
              ) : (
                <span className="text-lead text-muted">A session that is gone</span>
              )}
              <span className="shrink-0 text-muted">
                {approval.host === null ? "" : (hosts.get(approval.host)?.name ?? "")}
              </span>
              <code className="ml-auto shrink-0 font-mono text-[12px] text-muted">{approval.tool}</code>
            </div>
            <ApprovalCard approval={approval} />
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button
          className="self-center"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
          data-testid="more-decided"
        >
          Older ones
        </Button>
      )}
    </div>
  );
}
