import type { Session } from "../../../protocol/session.ts";
import { RemovalDialog, type Removal } from "../worktrees/RemovalDialog.tsx";
import type { SessionActions } from "./useSessionActions.ts";

/** Removes a session's worktree; never what is nowhere else. */
export function RemoveWorktreeDialog(props: {
  open: boolean;
  onClose(): void;
  session: Session;
  actions: SessionActions;
}) {
  const { worktree } = props.session;

  async function remove(snapshot: boolean): Promise<Removal> {
    const command = { type: "remove_worktree", ...(snapshot ? { snapshot } : {}) } as const;
    const answer = await props.actions.run(command, "The worktree was removed.", () => true);
    const result = answer?.result;
    if (result?.status === "failed")
      return { ok: false, code: result.code, message: result.message, details: result.details ?? [] };
    if (result?.status === "done" && result.value.type === "worktree_removed")
      return { ok: true, snapshot: result.value.snapshot };
    return null;
  }

  // Its worktree is gone from the session as soon as it is removed; what was kept of it is shown all the same.
  if (worktree === null && !props.open) return null;
  return (
    <RemovalDialog
      open={props.open}
      onClose={props.onClose}
      worktree={worktree ?? { path: "", branch: null }}
      remove={remove}
    />
  );
}
