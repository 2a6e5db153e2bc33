import { useState } from "react";
import { useLocation } from "wouter";
import type { Session } from "../../../protocol/session.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { ConfirmDialog } from "../../shared/ui/ConfirmDialog.tsx";
import { showToast } from "../../shared/ui/toasts.ts";

/** Deletes an ended session with everything it wrote. */
export function DeleteDialog({
  open,
  onClose,
  session,
}: {
  open: boolean;
  onClose(): void;
  session: Session;
}) {
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);

  async function remove(): Promise<void> {
    setBusy(true);
    try {
      await api.deleteSession(session.id);
      showToast({ text: `“${session.title}” was deleted.` });
      navigate("/", { replace: true });
    } catch (error) {
      showToast({ kind: "trouble", text: failureSentence(error) });
    }
    setBusy(false);
    onClose();
  }

  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      onConfirm={() => void remove()}
      busy={busy}
      title={`Delete “${session.title}”?`}
      confirm="Delete the session"
      testId="delete-dialog"
    >
      <p>
        Its events and conversation are deleted here, for everybody. Files on the host
        {session.worktree === null ? "" : ", its worktree included,"} are not touched.
      </p>
    </ConfirmDialog>
  );
}
