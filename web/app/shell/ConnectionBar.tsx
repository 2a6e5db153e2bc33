import { hub } from "../../shared/live/stores.ts";
import { useConnection } from "../../shared/live/useHub.ts";
import { ConnectionNotice } from "../../shared/ui/ConnectionNotice.tsx";

/** Says above the page how the page's main connection is, when it is not live. */
export function ConnectionBar() {
  const connection = useConnection();
  return <ConnectionNotice connection={connection} retry={() => hub().retryNow()} testId="connection-bar" />;
}
