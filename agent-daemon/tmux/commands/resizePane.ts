import type { TmuxCommand } from "../command.ts";
import type { LivePane } from "../livePane.ts";

export type ResizeResult = { ok: true; changed: boolean } | { ok: false; reason: string };

type Looked = { ok: true; people: boolean; windowSize: string } | { ok: false; reason: string };

/** Whether a person looks at the pane with tmux itself, and how its window gets its size. */
async function look(pane: LivePane): Promise<Looked> {
  const reply = await pane.send([
    ["list-clients", "-F", "#{session_id} #{client_flags}"],
    ["show-options", "-w", "-q", "-v", "-t", pane.row.windowId, "window-size"],
  ]);
  if (!reply.ok) return { ok: false, reason: reply.error };
  const clients = (reply.outputs[0] ?? "")
    .toString()
    .split("\n")
    .map((line) => line.split(" "));
  return {
    ok: true,
    // Clients that leave the size to others (as ours do) are not asked.
    people: clients.some(
      ([session = "", flags = ""]) =>
        pane.row.sessions.includes(session) && !flags.split(",").includes("ignore-size"),
    ),
    windowSize: (reply.outputs[1] ?? "").toString().trim(),
  };
}

/**
 * Gives a pane a size. The pane of a window of its own takes the window with it.
 * `yield`: does nothing when a person's terminal decides the size.
 */
export async function resizePane(
  pane: LivePane,
  size: { cols: number; rows: number },
  options: { yield: boolean },
): Promise<ResizeResult> {
  const cols = String(size.cols);
  const rows = String(size.rows);
  const { row } = pane;
  const looked = await look(pane);
  if (!looked.ok) return looked;
  if (looked.people && options.yield) return { ok: true, changed: false };
  const commands: TmuxCommand[] = [];
  if (row.windowPanes > 1) commands.push(["resize-pane", "-t", row.pane, "-x", cols, "-y", rows]);
  else {
    commands.push(["resize-window", "-t", row.windowId, "-x", cols, "-y", rows]);
    // tmux makes the size a fixed one by this. It must follow the next person's terminal as it did before.
    if (!looked.people && looked.windowSize === "") {
      commands.push(["set-option", "-w", "-u", "-t", row.windowId, "window-size"]);
    }
  }
  const reply = await pane.send(commands);
  return reply.ok ? { ok: true, changed: true } : { ok: false, reason: reply.error };
}
