import { Button } from "../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { Field, Input } from "../../shared/ui/Field.tsx";
import { EnrolLine } from "./EnrolLine.tsx";
import { useEnrol } from "./useEnrol.ts";

/** Adds a host: a name, then a line to paste there; it shows when the host has dialled in. */
export function EnrolDialog({ onClose }: { onClose(): void }) {
  const { name, setName, create, canCreate, failure, created, presence } = useEnrol();
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
            create();
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
            <Button look="primary" type="submit" disabled={!canCreate} data-testid="create-host">
              Make the line
            </Button>
          </DialogFoot>
        </form>
      ) : (
        <>
          <div className="p-5">
            <EnrolLine created={created} presence={presence} />
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
