import type { CommandOf, CommandResult } from "../../../protocol/commands.ts";
import { RING_LINES } from "../../../protocol/limits.ts";
import { failed } from "../../parts.ts";
import type { LivePane } from "../livePane.ts";
import { MAX_LINE_CHARS } from "../plainLines.ts";
import type { Ring } from "../ring.ts";
import { searchLines } from "../search.ts";

/** Text of a snapshot; the result must fit into an event. */
const MAX_TEXT_CHARS = 150_000;

/** The visible text of a pane, with lines above it when asked for. */
export async function snapshotPane(pane: LivePane, command: CommandOf<"snapshot">): Promise<CommandResult> {
  const { pane: target } = pane.row;
  const history = command.history ?? 0;
  const reply = await pane.send([
    ["display-message", "-p", "-t", target, "#{pane_width} #{pane_height} #{cursor_x} #{cursor_y}"],
    ["capture-pane", "-p", "-t", target, ...(history > 0 ? ["-S", `-${history}`] : [])],
  ]);
  if (!reply.ok) return failed("tmux", `tmux did not give the screen: ${reply.error}.`);
  const [cols = 0, rows = 0, x = 0, y = 0] = (reply.outputs[0] ?? "")
    .toString()
    .trim()
    .split(" ")
    .map(Number);
  const text = (reply.outputs[1] ?? "").toString().replace(/\n$/, "");
  const from = text.length <= MAX_TEXT_CHARS ? 0 : text.indexOf("\n", text.length - MAX_TEXT_CHARS) + 1;
  return {
    status: "done",
    value: { type: "snapshot", text: text.slice(from), cols, rows, cursor: { x, y } },
  };
}

/** Searches the ring of a watched pane, or tmux's history when that reaches further back. */
export async function searchPane(
  pane: LivePane,
  ring: Ring | undefined,
  command: CommandOf<"search">,
  signal: AbortSignal,
): Promise<CommandResult> {
  const recent = ring?.complete === true ? await ring.lines() : [];
  const past = recent.length >= RING_LINES ? [] : await historyLines(pane);
  if (past === null && recent.length === 0) return failed("tmux", "tmux did not give the pane's history.");
  const source = past === null || recent.length > past.length ? "ring" : "history";
  const lines = source === "ring" ? recent : (past ?? []);
  const outcome = await searchLines(lines, command, signal);
  if (!outcome.ok) return failed(outcome.code, outcome.message);
  const { matches, more, searched } = outcome;
  return { status: "done", value: { type: "search", matches, source, more, lines_searched: searched } };
}

async function historyLines(pane: LivePane): Promise<string[] | null> {
  const reply = await pane.send([["capture-pane", "-p", "-J", "-t", pane.row.pane, "-S", `-${RING_LINES}`]]);
  if (!reply.ok) return null;
  const lines = (reply.outputs[0] ?? "")
    .toString()
    .split("\n")
    // tmux joins wrapped lines, however long that makes them.
    .map((line) => line.slice(0, MAX_LINE_CHARS).trimEnd());
  while (lines.at(-1) === "") lines.pop();
  return lines.slice(-RING_LINES);
}
