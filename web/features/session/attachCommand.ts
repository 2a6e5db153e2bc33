import type { PaneAddress } from "../../../protocol/session.ts";

/** What to type on the host to see the same pane there. */
export function attachCommand(pane: Pick<PaneAddress, "socket" | "tmux_session">): string {
  const socket =
    pane.socket === "default"
      ? ""
      : pane.socket.startsWith("/")
        ? ` -S ${quote(pane.socket)}`
        : ` -L ${quote(pane.socket)}`;
  return `tmux${socket} attach -t ${quote(pane.tmux_session)}`;
}

function quote(word: string): string {
  return /^[\w./@%+:,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
