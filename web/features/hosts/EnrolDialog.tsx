import { useState } from "react";
import type { CreatedHost } from "../../../protocol/api.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { Field, Input } from "../../shared/ui/Field.tsx";
import { Presence } from "../../shared/ui/Presence.tsx";
import { InstallLine } from "./InstallLine.tsx";

/** Adds a host: a name, then a line to paste there; it shows when the host has dialled in. */
export function EnrolDialog({ onClose }: { onClose(): void }) {
  const [name, setName] = useState("");
  const [created, setCreated] = useState<CreatedHost | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const { hosts } = useHub();
  const presence = created === null ? "never" : (hosts.get(created.host.id)?.presence ?? "never");

  async function create(): Promise<void> {
    setBusy(true);
    setFailure(null);
    try {
      setCreated(await api.createHost(name.trim()));
    } catch (error) {
      setFailure(failureSentence(error));
    }
    setBusy(false);
  }

  return (
    <Dialog
      open
      onClose={onClose}
      wide
      title={created === null ? "Add a host" : `Connect ${created.host.name}`}
      description="The machine dials in by itself; nothing listens on it."
      testId="enrol-dialog"
    >
      {created === null ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() !== "" && !busy) void create();
          }}
        >
          <div className="p-5">
            <Field label="Name" hint="How you call this machine." error={failure}>
              {(ids) => (
                <Input
                  {...ids}
                  data-testid="host-name"
                  placeholder="workshop"
                  maxLength={100}
                  value={name}
                  onChange={(event) => setName(event.target.value)}
                />
              )}
            </Field>
          </div>
          <DialogFoot>
            <Button onClick={onClose}>Cancel</Button>
            <Button
              look="primary"
              type="submit"
              disabled={busy || name.trim() === ""}
              data-testid="create-host"
            >
              Make the line
            </Button>
          </DialogFoot>
        </form>
      ) : (
        <>
          <div className="flex flex-col gap-4 p-5">
            <p>
              Paste this in a terminal on {created.host.name}. It needs Node 22.13 or newer, and tmux for
              terminals; it says what is missing.
            </p>
            <InstallLine line={created.install} expiresAt={created.expires_at} />
            <p
              role="status"
              className="flex items-center gap-2 rounded-base border border-line px-3 py-2"
              data-testid="enrol-status"
              data-presence={presence}
            >
              <Presence presence={presence} />
              {presence === "online"
                ? `${created.host.name} is connected. Its panes appear in the list.`
                : "Waiting for it to dial in."}
            </p>
          </div>
          <DialogFoot>
            <Button look="primary" onClick={onClose}>
              {presence === "online" ? "Done" : "Close"}
            </Button>
          </DialogFoot>
        </>
      )}
    </Dialog>
  );
}
