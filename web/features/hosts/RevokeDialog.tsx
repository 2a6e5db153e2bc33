import { useState } from "react";
import type { Host } from "../../../protocol/host.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { ConfirmDialog } from "../../shared/ui/ConfirmDialog.tsx";
import { showToast } from "../../shared/ui/toasts.ts";

type Props = { open: boolean; onClose(): void; host: Host; openSessions: number };

/** Removes a host and takes away its token. */
export function RevokeDialog({ open, onClose, host, openSessions }: Props) {
  const [busy, setBusy] = useState(false);
  async function remove(): Promise<void> {
    setBusy(true);
    try {
      await api.removeHost(host.id);
      showToast({ text: `${host.name} was removed. Its token does not work any more.` });
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
      title={`Remove ${host.name}?`}
      confirm="Remove the host"
      testId="revoke-dialog"
    >
      <p>Its token stops working at once, and it is cut off.</p>
      <p>
        {openSessions === 0
          ? "It has no open session."
          : `Its ${openSessions} open session${openSessions === 1 ? " ends" : "s end"} here, but what runs on the machine goes on there.`}{" "}
        What was written in its sessions stays readable.
      </p>
    </ConfirmDialog>
  );
}
