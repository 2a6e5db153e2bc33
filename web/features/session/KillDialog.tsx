import { useState } from "react";
import { isInteractive, type Session } from "../../../protocol/session.ts";
import { ConfirmDialog } from "../../shared/ui/ConfirmDialog.tsx";
import { LossList } from "../../shared/ui/LossList.tsx";
import type { SessionActions } from "./useSessionActions.ts";

type Refusal = { message: string; details: readonly string[] };

/** Ends a pane, a job or an agent. When work would be lost, it shows what, and asks again. */
export function KillDialog({
  open,
  onClose,
  session,
  actions,
}: {
  open: boolean;
  onClose(): void;
  session: Session;
  actions: SessionActions;
}) {
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [busy, setBusy] = useState(false);
  const what = isInteractive(session) ? "agent" : session.provider === "tmux" ? "terminal" : "job";

  function close(): void {
    setRefusal(null);
    onClose();
  }

  async function kill(): Promise<void> {
    setBusy(true);
    const answer = await actions.run(
      { type: "kill", ...(refusal === null ? {} : { force: true }) },
      `The ${what} was ended.`,
      (code) => code === "would_lose_work",
    );
    setBusy(false);
    const result = answer?.result;
    if (result?.status === "failed" && result.code === "would_lose_work")
      setRefusal({ message: result.message, details: result.details ?? [] });
    else close();
  }

  return (
    <ConfirmDialog
      open={open}
      onClose={close}
      onConfirm={() => void kill()}
      busy={busy}
      title={refusal === null ? `End “${session.title}”?` : "Work would be left behind"}
      confirm={refusal === null ? `End the ${what}` : "End it all the same"}
      testId="kill-dialog"
    >
      {refusal === null ? (
        <>
          <p>
            {what === "terminal"
              ? "The pane is closed, and what runs in it ends."
              : `The ${what} and everything it started are stopped.`}
          </p>
          <p>
            What it wrote here stays: its events, its title, where it was
            {session.worktree === null ? "" : ", and its worktree"}.
            {what === "agent" && " A message starts it again, with the same conversation."}
          </p>
        </>
      ) : (
        <>
          <p className="text-trouble-text">{refusal.message}</p>
          <LossList lines={refusal.details} />
          {session.worktree !== null && (
            <p>The worktree and its files stay where they are: {session.worktree.path}</p>
          )}
        </>
      )}
    </ConfirmDialog>
  );
}
