import { matchesFilter, type SessionFilter } from "../../protocol/filter.ts";
import type { Kept } from "./HubItems.ts";

/**
 * The changes as a client with this filter sees them, as JSON: a session that no longer matches is removed for it,
 * one that neither matches nor may have matched is not mentioned.
 */
export function changesFor(kept: Kept[], filter: SessionFilter | undefined): string[] {
  return kept.flatMap(({ change, before }) => {
    if (filter === undefined || change.kind !== "session" || matchesFilter(change.session, filter))
      return [JSON.stringify(change)];
    // On a resume `before` is the change itself: whether it matched earlier is not known, so it is removed.
    const mayHaveMatched =
      before !== null &&
      before.kind === "session" &&
      (before === change || matchesFilter(before.session, filter));
    return mayHaveMatched ? [JSON.stringify({ kind: "session_removed", id: change.session.id })] : [];
  });
}
