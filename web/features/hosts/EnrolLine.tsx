import type { CreatedHost } from "../../../protocol/api.ts";
import type { Presence as PresenceName } from "../../../protocol/host.ts";
import { Presence } from "../../shared/ui/Presence.tsx";
import { InstallLine } from "./InstallLine.tsx";

/** The line for a new host, and whether the host has dialled in. */
export function EnrolLine({ created, presence }: { created: CreatedHost; presence: PresenceName }) {
  const { name } = created.host;
  return (
    <div className="flex w-full flex-col gap-4 text-left text-text">
      <p>
        Paste this in a terminal on {name}. It needs Node 22.13 or newer, and tmux for terminals; it says what
        is missing.
      </p>
      <InstallLine line={created.install} expiresAt={created.expires_at} />
      <p
        role="status"
        data-testid="enrol-status"
        data-presence={presence}
        className="flex items-center gap-2 rounded-base border border-line px-3 py-2"
      >
        <Presence presence={presence} />
        {presence === "online"
          ? `${name} is connected. Its panes appear in the list.`
          : "Waiting for it to dial in."}
      </p>
    </div>
  );
}
