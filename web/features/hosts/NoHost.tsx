import { Server } from "lucide-react";
import { Button } from "../../shared/ui/Button.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { Input } from "../../shared/ui/Field.tsx";
import { EnrolLine } from "./EnrolLine.tsx";
import { useEnrol } from "./useEnrol.ts";

/** What to do when there is no host yet: a name, and the line to paste. */
export default function NoHost() {
  const { name, setName, create, canCreate, failure, created, presence } = useEnrol();
  return (
    <Empty
      title={created === null ? "Connect your first machine" : `Connect ${created.host.name}`}
      icon={<Server size={24} />}
    >
      {created === null ? (
        <>
          <p>
            Every terminal and coding agent on it appears here, live. It dials in by itself; nothing listens
            on it. Give it a name, and paste the line you get.
          </p>
          <form
            className="flex w-full max-w-sm gap-2"
            onSubmit={(event) => {
              event.preventDefault();
              create();
            }}
          >
            <Input
              aria-label="Name of the machine"
              data-testid="host-name"
              placeholder="workshop"
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <Button
              look="primary"
              type="submit"
              disabled={!canCreate}
              data-testid="create-host"
              className="touch:h-11"
            >
              Make the line
            </Button>
          </form>
          {failure !== null && (
            <p role="alert" className="text-trouble-text">
              {failure}
            </p>
          )}
        </>
      ) : (
        <EnrolLine created={created} presence={presence} />
      )}
    </Empty>
  );
}
