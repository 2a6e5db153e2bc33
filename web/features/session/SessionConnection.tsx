import { useStore } from "../../shared/lib/useStore.ts";
import type { SessionStore } from "../../shared/live/sessionStore.ts";
import { useConnection } from "../../shared/live/useHub.ts";
import { ConnectionNotice } from "../../shared/ui/ConnectionNotice.tsx";

/** Says how the session's own connection is, unless the page's says it already. */
export function SessionConnection({ store }: { store: SessionStore }) {
  const connection = useStore(store.connection);
  const { loaded, events } = useStore(store.state);
  const page = useConnection();
  const said = page.phase !== "live" && !(page.phase === "connecting" && page.attempt === 0);
  if (said || connection.phase === "refused") return null;
  return (
    <ConnectionNotice
      connection={connection}
      unconfirmed={
        !loaded && events.length > 0 ? "Connecting. This is the last that this browser saw of it." : null
      }
      retry={store.retryNow}
      testId="session-connection"
    />
  );
}
