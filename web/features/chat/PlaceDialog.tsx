import { useId, useMemo, useState } from "react";
import type { Session } from "../../../protocol/session.ts";
import { classes } from "../../shared/lib/classes.ts";
import { shortPath } from "../../shared/lib/paths.ts";
import { places } from "../../shared/lib/places.ts";
import { useHosts, useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Field, Input, Select } from "../../shared/ui/Field.tsx";
import { presenceWord } from "../../shared/ui/Presence.tsx";
import type { ChatActions } from "./chatActions.ts";

/** Chooses the host and directory that a chat's tools work in. */
export function PlaceDialog({
  session,
  actions,
  onClose,
}: {
  session: Session;
  actions: ChatActions;
  onClose(): void;
}) {
  const { sessions, hosts } = useHub();
  const list = useHosts();
  const listId = useId();
  const [host, setHost] = useState(
    session.host ?? list.find((each) => each.presence === "online")?.id ?? list[0]?.id ?? "",
  );
  const offered = useMemo(() => places(hosts.get(host) ?? null, sessions.values()), [hosts, host, sessions]);
  const [cwd, setCwd] = useState(session.cwd ?? offered[0] ?? "");
  const wrong = cwd.startsWith("/") ? null : "The directory must begin with /.";
  const chosen = hosts.get(host);

  if (list.length === 0) {
    return (
      <Dialog open onClose={onClose} title="Host and directory" description="No host has been added yet.">
        <DialogFoot>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" onClick={() => openDialog.set({ name: "enrol" })}>
            Add a host
          </Button>
        </DialogFoot>
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title="Host and directory"
      description="The tools of this chat work there."
      testId="place-dialog"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (wrong !== null) return;
          void actions.setPlace(host, cwd.trim());
          onClose();
        }}
      >
        <div className="flex flex-col gap-4 p-5">
          <Field
            label="Host"
            hint={
              chosen !== undefined && chosen.presence !== "online"
                ? `${chosen.name} is not connected. Calls wait until it is back.`
                : null
            }
          >
            {(ids) => (
              <Select
                {...ids}
                data-testid="place-host"
                value={host}
                onChange={(event) => {
                  setHost(event.target.value);
                  setCwd(places(hosts.get(event.target.value) ?? null, sessions.values())[0] ?? "");
                }}
              >
                {list.map((each) => (
                  <option key={each.id} value={each.id}>
                    {each.name}
                    {each.presence === "online" ? "" : ` (${presenceWord(each.presence).toLowerCase()})`}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field label="Directory" error={cwd === "" ? null : wrong}>
            {(ids) => (
              <>
                <Input
                  {...ids}
                  list={listId}
                  className="font-mono"
                  data-testid="place-cwd"
                  placeholder="/home/you/project"
                  autoCapitalize="off"
                  spellCheck={false}
                  value={cwd}
                  onChange={(event) => setCwd(event.target.value)}
                />
                <datalist id={listId}>
                  {offered.map((place) => (
                    <option key={place} value={place} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
          {offered.length > 1 && (
            <div className="-mt-2 flex flex-wrap gap-1.5">
              {offered.slice(0, 6).map((place) => (
                <button
                  key={place}
                  type="button"
                  title={place}
                  onClick={() => setCwd(place)}
                  className={classes(
                    "thumb max-w-56 truncate rounded-small border px-1.5 font-mono text-small",
                    place === cwd ? "border-edge bg-selected" : "border-line text-muted hover:text-text",
                  )}
                >
                  {shortPath(place)}
                </button>
              ))}
            </div>
          )}
        </div>
        <DialogFoot>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={wrong !== null} data-testid="choose-place">
            Work there
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}
