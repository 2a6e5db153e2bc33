import { Server } from "lucide-react";
import { Link } from "wouter";
import { useHosts } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { Input } from "../../shared/ui/Field.tsx";
import { EnrolLine } from "./EnrolLine.tsx";
import { useEnrol } from "./useEnrol.ts";

/** What to do when there is no host yet: a name, and the line to paste. */
export default function NoHost() {
  const { name, setName, create, canCreate, failure, created, presence } = useEnrol();
  const waiting = useHosts().find((host) => host.presence === "never");
  const title =
    waiting === undefined ? "Connect your first machine" : `${waiting.name} has not dialled in yet`;
  return (
    <Empty title={created === null ? title : `Connect ${created.host.name}`} icon={<Server size={24} />}>
      {created === null ? (
        <>
          {waiting !== undefined && (
            <p>
              If its line was not used, or its code has run out,{" "}
              <Link href="/hosts" className="underline underline-offset-2">
                make a new one
              </Link>
              .
            </p>
          )}
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
