import { Plus, Server, TerminalSquare } from "lucide-react";
import type { Host } from "../../../protocol/host.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { CopyLine } from "../../shared/ui/CopyLine.tsx";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Empty } from "../../shared/ui/Empty.tsx";

/** What to do when there are hosts, and no session on them yet. */
export default function NoSessions({ hosts }: { hosts: Host[] }) {
  const withoutTmux = hosts.filter(
    (host) => host.presence === "online" && host.info !== null && host.info.tmux_version === null,
  );
  const online = hosts.filter((host) => host.presence === "online");
  if (online.length === 0) {
    return (
      <Empty
        title={
          hosts.length === 1 ? `${hosts[0]?.name ?? "The host"} is not connected` : "No host is connected"
        }
        icon={<Server size={24} />}
      >
        <p>Its sessions appear as soon as it dials in. On that machine, this says what keeps it:</p>
        <CopyLine line="signalbox doctor" what="the command" />
      </Empty>
    );
  }
  if (withoutTmux.length === online.length) {
    return (
      <Empty title="tmux is missing" icon={<TerminalSquare size={24} />}>
        <p>
          {withoutTmux.map((host) => host.name).join(", ")} {withoutTmux.length === 1 ? "has" : "have"} no
          tmux, which holds terminals so that they outlive a connection. Install it there; Codex jobs work
          without it.
        </p>
        <CopyLine line="sudo apt install tmux" what="the command" />
      </Empty>
    );
  }
  return (
    <Empty title="No session yet" icon={<TerminalSquare size={24} />}>
      <p>
        Every tmux pane on {online.map((host) => host.name).join(", ")} shows up here by itself. Start one
        here, or there:
      </p>
      <CopyLine line="tmux new -s work" what="the command" />
      <Button look="primary" onClick={() => openDialog.set({ name: "new" })} data-testid="new-session">
        <Plus size={16} /> New session
      </Button>
    </Empty>
  );
}
