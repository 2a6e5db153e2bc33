import { useState } from "react";
import { useLocation } from "wouter";
import { newId } from "../../../protocol/ids.ts";
import type { Session } from "../../../protocol/session.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { agentLabel } from "../../shared/ui/AgentName.tsx";
import { ConfirmDialog } from "../../shared/ui/ConfirmDialog.tsx";
import { showToast } from "../../shared/ui/toasts.ts";
import { terminalAgentOf } from "./terminalAgentOf.ts";
import type { SessionActions } from "./useSessionActions.ts";

/** Hands an agent's conversation over to a terminal: its process ends first, so that one alone goes on with it. */
export default function OpenTerminalDialog({
  open,
  onClose,
  session,
  actions,
}: {
  open: boolean;
  onClose(): void;
  session: Session;
  actions: SessionActions;
}) {
  const [busy, setBusy] = useState(false);
  const [, navigate] = useLocation();
  // One terminal, however often it is asked for.
  const [id] = useState(() => newId("ses"));
  const who = agentLabel(session);

  async function handOver(): Promise<void> {
    const { host, cwd, thread, title } = session;
    const agent = terminalAgentOf(session);
    if (host === null || cwd === null || thread === null || agent === null) return;
    setBusy(true);
    try {
      if (!actions.ended) {
        // What it wrote stays in its worktree, where the terminal goes on.
        const ended = await api.sendCommand(session.id, { type: "kill", force: true, wait_ms: 15_000 });
        if (ended.status !== "done") throw new Error(`${who} could not be ended; nothing was handed over.`);
      }
      const made = await api.createSession({ provider: "tmux", id, host, cwd, title, agent, resume: thread });
      navigate(`/sessions/${made.id}`);
    } catch (error) {
      showToast({ kind: "trouble", text: failureSentence(error) });
    }
    setBusy(false);
    onClose();
  }

  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      onConfirm={() => void handOver()}
      busy={busy}
      title="Go on in a terminal?"
      confirm="Open the terminal"
      testId="terminal-dialog"
    >
      <p>
        {who} ends here, with what it does right now, and goes on with this conversation in a new pane of tmux
        on {actions.hostName}, as a session of its own.
      </p>
      <p>
        What was said here stays here. Go on in the terminal: a message here would start {who} a second time.
      </p>
    </ConfirmDialog>
  );
}
