import type { CommandOf, CommandResult } from "../../../protocol/commands.ts";
import { DONE, failed, type Outlet } from "../../parts.ts";
import { isWithin } from "../../tools/isWithin.ts";
import { removeWorktree } from "../../worktrees/removeWorktree.ts";
import type { SnapshotRepos } from "../../worktrees/snapshotRepos.ts";
import { describeLoss, worktreeLoss } from "../../worktrees/worktreeLoss.ts";
import type { SessionRecord, SessionRecords } from "../sessionRecords.ts";
import type { PaneWatch } from "../watchPanes.ts";

export type KillDeps = { records: SessionRecords; watch: PaneWatch; outlet: Outlet; repos: SnapshotRepos };

/** Ends a pane, unless its worktree holds work that is nowhere else. The worktree stays, and so does everything else in tmux. */
export async function killPane(
  deps: KillDeps,
  command: CommandOf<"kill">,
  record: SessionRecord,
): Promise<CommandResult> {
  const { records, watch } = deps;
  const { session, worktree } = record;
  if (record.endedAt !== null) return DONE;
  if (worktree !== null && command.force !== true) {
    const loss = await worktreeLoss(worktree);
    if (!loss.ok)
      return failed("would_lose_work", `It is not known whether work would be lost: ${loss.message}.`);
    const details = describeLoss(loss);
    if (details.length > 0)
      return failed("would_lose_work", `${worktree.path} holds work that is nowhere else.`, details);
  }
  await watch.refresh();
  const pane = watch.live(session);
  if (pane === undefined) {
    return records.get(session)?.endedAt === null
      ? failed("unreachable", "The pane cannot be reached now.")
      : DONE;
  }
  // Known before it is done, so that the end is told rightly even when the daemon does not live to see it.
  records.put({ ...pane.record, killed: true });
  const reply = await pane.send([["kill-pane", "-t", pane.row.pane]]);
  await watch.refresh();
  // tmux has done it, also when that cannot be seen or stored at the moment.
  if (reply.ok) return DONE;
  const after = records.get(session);
  if (after?.endedAt !== null) return DONE;
  records.put({ ...after, killed: false });
  return failed("tmux", `tmux did not end the pane: ${reply.error}.`);
}

/** Removes the worktree of a session that has ended. */
export async function removeSessionWorktree(
  deps: KillDeps,
  command: CommandOf<"remove_worktree">,
  record: SessionRecord,
): Promise<CommandResult> {
  const { worktree, session } = record;
  if (worktree === null) return failed("no_worktree", "This session has no worktree of its own.");
  if (record.endedAt === null)
    return failed("running", "The session still runs in its worktree; end it first.");
  const other = [...deps.records.all()].find(
    ({ endedAt, facts }) =>
      endedAt === null && facts !== null && facts.cwd !== null && isWithin(worktree.path, facts.cwd),
  );
  if (other !== undefined)
    return failed("in_use", `“${other.title}” works in ${worktree.path}; end it first.`);
  if (command.snapshot === true) deps.repos.note(worktree.repo);
  const result = await removeWorktree(worktree, command);
  if (result.status !== "done") return result;
  const facts = record.facts === null ? null : { ...record.facts, worktree: null };
  const after: SessionRecord = { ...record, worktree: null, facts };
  const stored =
    facts !== null && deps.outlet.put([{ kind: "facts", session, facts }], () => deps.records.save(after));
  if (stored) deps.records.commit(after);
  else deps.records.put({ ...after, facts: record.facts });
  return result;
}
