import { Plus } from "lucide-react";
import { Queries } from "../../shared/api/Queries.tsx";
import { useHosts, useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { PageHead } from "../../shared/ui/PageHead.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { HostCard } from "./HostCard.tsx";
import NoHost from "./NoHost.tsx";

/** Every machine that dials in, and how to add one. */
export default function HostsPage() {
  const hosts = useHosts();
  const { loaded } = useHub();
  const online = hosts.filter((host) => host.presence === "online").length;
  return (
    <Queries>
      <PageHead
        title="Hosts"
        note={hosts.length > 0 ? `${online} of ${hosts.length} online` : ""}
        actions={
          hosts.length > 0 && (
            <Button look="primary" onClick={() => openDialog.set({ name: "enrol" })} data-testid="enrol">
              <Plus size={16} /> Add a host
            </Button>
          )
        }
      />
      <div className="min-h-0 grow overflow-y-auto border-t border-line">
        {!loaded ? (
          <div aria-busy="true" className="mx-auto flex max-w-4xl flex-col gap-3 p-4">
            <Skeleton className="h-36" />
            <Skeleton className="h-36" />
          </div>
        ) : hosts.length === 0 ? (
          <NoHost />
        ) : (
          <ul className="mx-auto flex max-w-4xl flex-col gap-3 p-4">
            {hosts.map((host) => (
              <li key={host.id}>
                <HostCard host={host} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </Queries>
  );
}
