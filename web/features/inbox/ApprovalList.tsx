import { Ban } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import type { Approval } from "../../../protocol/approvals.ts";
import { useKeys } from "../../shared/keys/useKeys.ts";
import { classes } from "../../shared/lib/classes.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { ConfirmDialog } from "../../shared/ui/ConfirmDialog.tsx";
import { Textarea } from "../../shared/ui/Field.tsx";
import { ApprovalCard } from "../approvals/ApprovalCard.tsx";
import { decisions } from "../approvals/useApproval.ts";
import { Chip } from "./Chip.tsx";
import { inboxRows, neighbour, readInboxFilter, writeInboxFilter, type InboxFilter } from "./inboxRows.ts";

/** Decisions that are on their way at once when many are denied. */
const AT_ONCE = 4;

/** Every approval that waits, across sessions and hosts, to be decided where it stands. */
export default function ApprovalList() {
  const { approvals, sessions, hosts } = useHub();
  const [, navigate] = useLocation();
  const filter = readInboxFilter(useSearch());
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set());
  const unseen = [...approvals.values()].filter(({ id, status }) => status === "pending" && !seen.has(id));
  if (unseen.length > 0) setSeen(new Set([...seen, ...unseen.map(({ id }) => id)]));
  const everything = inboxRows(approvals.values(), seen, { host: null, tool: null });
  const rows = inboxRows(approvals.values(), seen, filter);
  const pending = rows.filter(({ status }) => status === "pending");
  const [selected, setSelected] = useState<string | null>(null);
  const [denying, setDenying] = useState<Approval[] | null>(null);
  const list = useRef<HTMLUListElement>(null);

  useEffect(() => {
    if (selected === null) return;
    const card = list.current?.querySelector(`[data-row="${selected}"]`);
    card?.scrollIntoView({ block: "nearest" });
  }, [selected]);

  const current = rows.find(({ id }) => id === selected) ?? null;
  function decide(decision: "allow" | "deny"): void {
    if (current?.status !== "pending") return;
    void decisions.decide(current.id, decision === "allow" ? { decision, scope: "once" } : { decision });
    setSelected(neighbour(rows, current.id, 1));
  }
  const group = "What needs you";
  useKeys([
    {
      keys: ["j", "ArrowDown"],
      label: "Next approval",
      group,
      run: () => setSelected(neighbour(rows, selected, 1)),
    },
    {
      keys: ["k", "ArrowUp"],
      label: "Previous approval",
      group,
      run: () => setSelected(neighbour(rows, selected, -1)),
    },
    { keys: ["a"], label: "Allow the selected one once", group, run: () => decide("allow") },
    { keys: ["d"], label: "Deny the selected one", group, run: () => decide("deny") },
    {
      keys: ["Enter"],
      label: "Open its session",
      group,
      run: () => current !== null && navigate(`/sessions/${current.session}`),
    },
    { keys: ["Escape"], label: "Select nothing", group, run: () => setSelected(null) },
  ]);

  return (
    <>
      <Filters
        rows={everything}
        filter={filter}
        hostName={(id) => hosts.get(id)?.name ?? "Unknown host"}
        onChange={(next) => navigate(`/inbox${writeInboxFilter(next)}`, { replace: true })}
        pending={pending.length}
        onDenyAll={() => setDenying(pending)}
      />
      <ul ref={list} className="flex flex-col gap-2" aria-label="Approvals">
        {rows.map((approval) => (
          <li
            key={approval.id}
            data-row={approval.id}
            data-testid="inbox-approval"
            aria-current={approval.id === selected ? "true" : undefined}
            className={classes(
              "scroll-my-4 rounded-base border bg-surface p-3",
              approval.id === selected ? "border-focus" : "border-line",
            )}
          >
            <Link
              href={`/sessions/${approval.session}`}
              className="mb-2 flex min-w-0 flex-wrap items-baseline gap-x-2 hover:underline"
            >
              <span className="min-w-0 truncate text-lead phone:basis-full">
                {sessions.get(approval.session)?.title ?? "A session"}
              </span>
              <span className="shrink-0 text-muted">
                {approval.host === null ? "" : (hosts.get(approval.host)?.name ?? "")}
              </span>
              <code className="ml-auto shrink-0 font-mono text-[12px] text-muted">{approval.tool}</code>
            </Link>
            <ApprovalCard approval={approval} />
          </li>
        ))}
      </ul>
      {denying !== null && <DenyAll approvals={denying} onClose={() => setDenying(null)} />}
    </>
  );
}

function Filters({
  rows,
  filter,
  hostName,
  onChange,
  pending,
  onDenyAll,
}: {
  rows: readonly Approval[];
  filter: InboxFilter;
  hostName(id: string): string;
  onChange(filter: InboxFilter): void;
  pending: number;
  onDenyAll(): void;
}) {
  const hosts = useMemo(
    () => [...new Set(rows.flatMap(({ host }) => (host === null ? [] : [host])))],
    [rows],
  );
  const tools = useMemo(() => [...new Set(rows.map(({ tool }) => tool))], [rows]);
  const filtered = filter.host !== null || filter.tool !== null;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex min-h-7 items-center gap-2">
        <h2 className="text-small font-medium text-muted">
          {pending > 0
            ? `${pending} ask${pending === 1 ? "s" : ""} for permission`
            : filtered
              ? "Nothing like that asks for permission"
              : "No permission is asked for"}
        </h2>
        {pending > 1 && (
          <Button look="danger" className="ml-auto h-7 px-2" onClick={onDenyAll} data-testid="deny-all">
            <Ban size={13} /> Deny {filtered ? "these" : "all"} {pending}
          </Button>
        )}
      </div>
      {(hosts.length > 1 || tools.length > 1 || filtered) && (
        <div className="flex flex-wrap items-center gap-1.5" role="search" aria-label="Narrow the list">
          {(hosts.length > 1 || filter.host !== null) &&
            hosts.map((id) => (
              <Chip
                key={id}
                on={filter.host === id}
                onToggle={() => onChange({ ...filter, host: filter.host === id ? null : id })}
              >
                {hostName(id)}
              </Chip>
            ))}
          {(tools.length > 1 || filter.tool !== null) &&
            tools.map((tool) => (
              <Chip
                key={tool}
                on={filter.tool === tool}
                onToggle={() => onChange({ ...filter, tool: filter.tool === tool ? null : tool })}
              >
                <code className="font-mono">{tool}</code>
              </Chip>
            ))}
          {filtered && (
            <Button look="quiet" className="h-7 px-2" onClick={() => onChange({ host: null, tool: null })}>
              All
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

function DenyAll({ approvals, onClose }: { approvals: Approval[]; onClose(): void }) {
  const [message, setMessage] = useState("");
  function deny(): void {
    const rest = approvals.map(({ id }) => id);
    const words = message.trim() === "" ? {} : { message: message.trim() };
    const next = async (): Promise<void> => {
      for (let id = rest.shift(); id !== undefined; id = rest.shift())
        await decisions.decide(id, { decision: "deny", ...words });
    };
    for (let index = 0; index < AT_ONCE; index++) void next();
    onClose();
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={deny}
      title={`Deny ${approvals.length} at once?`}
      confirm={`Deny ${approvals.length}`}
      testId="deny-all-dialog"
    >
      <p>None of them runs. Who asked is told, and goes on without it.</p>
      <ul className="max-h-40 overflow-y-auto font-mono text-[12px]">
        {approvals.map(({ id, summary }) => (
          <li key={id} className="truncate">
            {summary}
          </li>
        ))}
      </ul>
      <Textarea
        aria-label="Message to all of them"
        placeholder="A message to all of them (optional)"
        rows={2}
        maxLength={4000}
        value={message}
        onChange={(event) => setMessage(event.target.value)}
      />
    </ConfirmDialog>
  );
}
