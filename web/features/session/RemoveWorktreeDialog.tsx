import { useState } from "react";
import type { Session } from "../../../protocol/session.ts";
import { ConfirmDialog } from "../../shared/ui/ConfirmDialog.tsx";
import { LossList } from "./KillDialog.tsx";
import type { SessionActions } from "./useSessionActions.ts";

/** Removes a session's worktree; never one that holds work. */
export function RemoveWorktreeDialog(props: {
  open: boolean;
  onClose(): void;
  session: Session;
  actions: SessionActions;
}) {
  const { session, actions } = props;
  const [refusal, setRefusal] = useState<{ message: string; details: readonly string[] } | null>(null);
  const [busy, setBusy] = useState(false);

  function close(): void {
    setRefusal(null);
    props.onClose();
  }

  async function remove(): Promise<void> {
    if (refusal !== null) return close();
    setBusy(true);
    const answer = await actions.run({ type: "remove_worktree" }, "The worktree was removed.", () => true);
    setBusy(false);
    const result = answer?.result;
    if (result?.status === "failed") setRefusal({ message: result.message, details: result.details ?? [] });
    else close();
  }

  return (
    <ConfirmDialog
      open={props.open}
      onClose={close}
      onConfirm={() => void remove()}
      busy={busy}
      title={refusal === null ? "Remove the worktree?" : "The worktree was kept"}
      confirm={refusal === null ? "Remove the worktree" : "Close"}
      testId="worktree-dialog"
    >
      {refusal === null ? (
        <>
          <p className="font-mono text-[12px] break-all">{session.worktree?.path}</p>
          <p>
            It is removed only when everything in it is committed and pushed. The branch{" "}
            <b>{session.worktree?.branch}</b> stays.
          </p>
        </>
      ) : (
        <>
          <p className="text-trouble-text">{refusal.message}</p>
          <LossList lines={refusal.details} />
          <p>Commit and push it, or take what you need, and ask again.</p>
        </>
      )}
    </ConfirmDialog>
  );
}
