import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Host, UnadoptedPane } from "../../../protocol/host.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Path } from "../../shared/ui/Path.tsx";
import { showToast } from "../../shared/ui/toasts.ts";

/** Panes that the host sees and that are no sessions. */
export function UnadoptedPanes({ host }: { host: Host }) {
  const [open, setOpen] = useState(false);
  const panes = useQuery({
    // The count changes with the list, so a change asks again.
    queryKey: ["panes", host.id, host.unadopted_panes],
    queryFn: () => api.hostPanes(host.id),
    enabled: open,
    staleTime: 5_000,
  });
  return (
    <details
      className="border-t border-line"
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      data-testid="unadopted"
    >
      <summary className="flex h-10 items-center gap-2 px-4 text-muted hover:text-text">
        {host.unadopted_panes} pane{host.unadopted_panes === 1 ? "" : "s"} that{" "}
        {host.unadopted_panes === 1 ? "is no session" : "are no sessions"} yet
      </summary>
      {panes.error !== null && <p className="px-4 pb-3 text-trouble-text">{failureSentence(panes.error)}</p>}
      <ul>
        {panes.data?.map((pane) => (
          <PaneRow key={`${pane.socket} ${pane.pane}`} host={host} pane={pane} />
        ))}
      </ul>
    </details>
  );
}

function PaneRow({ host, pane }: { host: Host; pane: UnadoptedPane }) {
  const [busy, setBusy] = useState(false);
  const [, navigate] = useLocation();
  const queries = useQueryClient();

  async function adopt(): Promise<void> {
    setBusy(true);
    try {
      const session = await api.adoptPane(host.id, { socket: pane.socket, pane: pane.pane });
      navigate(`/sessions/${session.id}`);
    } catch (error) {
      showToast({ kind: "trouble", text: failureSentence(error) });
      await queries.invalidateQueries({ queryKey: ["panes", host.id] });
      setBusy(false);
    }
  }

  return (
    <li className="flex min-h-11 items-center gap-3 border-t border-line px-4 py-1.5" data-testid="pane">
      <div className="min-w-0 grow">
        <div className="truncate">
          {pane.title || pane.command}{" "}
          <span className="text-muted">
            {pane.tmux_session} {pane.pane}
            {pane.socket === "default" ? "" : ` on ${pane.socket}`}
          </span>
        </div>
        <div className="flex min-w-0 gap-3 text-[12px] text-muted">
          <span className="shrink-0 font-mono">{pane.command}</span>
          <Path path={pane.cwd} />
        </div>
      </div>
      <Button disabled={busy} onClick={() => void adopt()} data-testid="adopt">
        Adopt
      </Button>
    </li>
  );
}
