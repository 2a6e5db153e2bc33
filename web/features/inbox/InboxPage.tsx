import { CheckCheck, History, ShieldCheck } from "lucide-react";
import { lazy, Suspense, useState, type ReactNode } from "react";
import { Link, useSearch } from "wouter";
import { classes } from "../../shared/lib/classes.ts";
import { useHub, useNeeds } from "../../shared/live/useHub.ts";
import { Empty } from "../../shared/ui/Empty.tsx";
import { PageHead } from "../../shared/ui/PageHead.tsx";
import { Signal } from "../../shared/ui/Signal.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { SessionCard } from "./SessionCard.tsx";

const ApprovalList = lazy(() => import("./ApprovalList.tsx"));
const DecidedList = lazy(() => import("./DecidedList.tsx"));

/** What needs the person, across all hosts: approvals first, then the sessions that wait or failed, the longest waiting first. */
export default function InboxPage() {
  const { sessions, approvals, runs, count } = useNeeds();
  const { loaded } = useHub();
  // What was decided here stays in view, as what it became, until the page is left.
  const [hadApprovals, setHadApprovals] = useState(false);
  if (approvals.length > 0 && !hadApprovals) setHadApprovals(true);
  const decided = new URLSearchParams(useSearch()).get("show") === "decided";
  const head = (
    <PageHead
      title="Needs you"
      note={count > 0 ? `${count} across all hosts` : ""}
      actions={
        <>
          <HeadLink href={decided ? "/inbox" : "/inbox?show=decided"} label="Decided" on={decided}>
            <History size={16} />
          </HeadLink>
          <HeadLink href="/rules" label="Rules">
            <ShieldCheck size={16} />
          </HeadLink>
        </>
      }
    />
  );
  if (decided)
    return (
      <>
        {head}
        <div className="min-h-0 grow overflow-y-auto border-t border-line">
          <div className="mx-auto max-w-3xl p-4">
            <Suspense fallback={<Skeleton className="h-36" />}>
              <DecidedList />
            </Suspense>
          </div>
        </div>
      </>
    );
  return (
    <>
      {head}
      <div className="min-h-0 grow overflow-y-auto border-t border-line">
        {loaded && count === 0 && !hadApprovals && (
          <Empty title="Nothing needs you" icon={<CheckCheck size={24} />}>
            <p>
              What asks for permission, and sessions that wait for you or failed, appear here as soon as that
              happens.
            </p>
          </Empty>
        )}
        <div className="mx-auto flex max-w-3xl flex-col gap-2 p-4">
          {hadApprovals && (
            <Suspense fallback={<Skeleton className="h-36" />}>
              <ApprovalList />
            </Suspense>
          )}
          {runs.map(({ id, title, asks }) => (
            <Link
              key={id}
              href={`/work/runs/${id}`}
              className="flex min-h-11 items-center gap-2.5 rounded-base border border-line bg-surface px-3 hover:bg-hover"
              data-testid="asking-run"
            >
              <Signal status="waiting" silent />
              <span className="min-w-0 grow truncate">{title}</span>
              <span className="shrink-0 text-waiting-text">
                {asks === 1 ? "asks a question" : `asks ${asks} questions`}
              </span>
            </Link>
          ))}
          {sessions.length > 0 && hadApprovals && (
            <h2 className="mt-3 text-small font-medium text-muted">Sessions</h2>
          )}
          <ul className="flex flex-col gap-2">
            {sessions.map((session) => (
              <li key={session.id}>
                <SessionCard session={session} />
              </li>
            ))}
          </ul>
        </div>
      </div>
    </>
  );
}

/** Where one goes from here; `on`: there already, and back by it. */
function HeadLink(props: { href: string; label: string; on?: boolean; children: ReactNode }) {
  return (
    <Link
      href={props.href}
      aria-current={props.on === true ? "page" : undefined}
      className={classes(
        "thumb flex h-8 items-center gap-1.5 rounded-base px-2",
        props.on === true ? "bg-selected" : "text-muted hover:bg-hover hover:text-text",
      )}
    >
      {props.children}
      <span className="phone:sr-only">{props.label}</span>
    </Link>
  );
}
