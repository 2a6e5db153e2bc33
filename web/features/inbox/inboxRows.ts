import type { Approval } from "../../../protocol/approvals.ts";

/** What the inbox is narrowed to; null: everything. */
export type InboxFilter = { host: string | null; tool: string | null };

/** A filter from the address. */
export function readInboxFilter(search: string): InboxFilter {
  const params = new URLSearchParams(search);
  return { host: params.get("host"), tool: params.get("tool") };
}

/** The filter as it stands in the address, with its question mark; empty when nothing is filtered. */
export function writeInboxFilter({ host, tool }: InboxFilter): string {
  const params = new URLSearchParams();
  if (host !== null) params.set("host", host);
  if (tool !== null) params.set("tool", tool);
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

/**
 * The approvals that are shown, oldest first: those that wait, and those that were decided while they were looked at (`seen`), in
 * their place, so that nothing moves under a finger.
 */
export function inboxRows(
  approvals: Iterable<Approval>,
  seen: ReadonlySet<string>,
  filter: InboxFilter,
): Approval[] {
  return [...approvals]
    .filter(({ id, status }) => status === "pending" || seen.has(id))
    .filter(
      ({ host, tool }) =>
        (filter.host === null || host === filter.host) && (filter.tool === null || tool === filter.tool),
    )
    .sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
}

/** What j and k select: the next one that waits, from where one is; the same one at the ends. */
export function neighbour(rows: readonly Approval[], selected: string | null, step: 1 | -1): string | null {
  const at = rows.findIndex(({ id }) => id === selected);
  const from = at < 0 ? (step === 1 ? -1 : rows.length) : at;
  const ahead = step === 1 ? rows.slice(from + 1) : rows.slice(0, Math.max(0, from)).toReversed();
  return (ahead.find(({ status }) => status === "pending") ?? rows[at])?.id ?? null;
}
