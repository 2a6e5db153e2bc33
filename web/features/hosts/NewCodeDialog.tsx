import { useState } from "react";
import type { CreatedHost } from "../../../protocol/api.ts";
import type { Host } from "../../../protocol/host.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { InstallLine } from "./InstallLine.tsx";

type Props = { open: boolean; rotate: boolean; onClose(): void; host: Host };

/** A new one-time code for a host; with `rotate` its old token stops working at once. */
export function NewCodeDialog({ open, rotate, onClose, host }: Props) {
  const [made, setMade] = useState<CreatedHost | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  function close(): void {
    setMade(null);
    setFailure(null);
    onClose();
  }

  async function make(): Promise<void> {
    setBusy(true);
    setFailure(null);
    try {
      setMade(await (rotate ? api.rotateHost(host.id) : api.newHostCode(host.id)));
    } catch (error) {
      setFailure(failureSentence(error));
    }
    setBusy(false);
  }

  return (
    <Dialog
      open={open}
      onClose={close}
      wide
      title={rotate ? `Change the token of ${host.name}` : `Connect ${host.name} again`}
      testId="code-dialog"
    >
      <div className="flex flex-col gap-4 p-5">
        {made === null ? (
          <p>
            {rotate
              ? "Its token stops working at once, and the host is cut off until you paste a new line on it. Its sessions go on there and come back with it; nothing is lost."
              : "Makes a line with a new one-time code, for a host that lost its token or was never connected. A token that it still has goes on working until the line is used."}
          </p>
        ) : (
          <>
            <p>Paste this in a terminal on {host.name}:</p>
            <InstallLine line={made.install} expiresAt={made.expires_at} />
          </>
        )}
        {failure !== null && (
          <p role="alert" className="text-trouble-text">
            {failure}
          </p>
        )}
      </div>
      <DialogFoot>
        <Button onClick={close}>{made === null ? "Cancel" : "Close"}</Button>
        {made === null && (
          <Button
            look={rotate ? "danger" : "primary"}
            disabled={busy}
            onClick={() => void make()}
            data-testid="make-code"
          >
            {rotate ? "Change the token" : "Make the line"}
          </Button>
        )}
      </DialogFoot>
    </Dialog>
  );
}
