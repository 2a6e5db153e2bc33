import type { LivePane } from "../livePane.ts";
import type { SeenScreen, TypeResult } from "../tmuxPart.ts";

/** What moves as soon as a program writes, scrolls or is replaced. */
const STATE = "#{cursor_x}.#{cursor_y}.#{history_size}.#{alternate_on}.#{pane_pid}";
const MOVED = "moved";

/** The visible screen of a pane at one instant; null when it cannot be had. */
export async function seeScreen({ row: { pane }, send }: LivePane): Promise<SeenScreen | null> {
  const reply = await send([
    ["display-message", "-p", "-t", pane, `${STATE} #{pane_width} #{pane_current_command}`],
    ["capture-pane", "-p", "-t", pane],
  ]);
  if (!reply.ok) return null;
  const [facts = "", text = ""] = reply.outputs.map((output) => output.toString("utf8"));
  const [, state, x, y, cols, program] = /^((\d+)\.(\d+)\.\S+) (\d+) (.*)\n?$/.exec(facts) ?? [];
  if (state === undefined || program === undefined) return null;
  return {
    lines: text.split("\n"),
    cols: Number(cols),
    cursor: { x: Number(x), y: Number(y) },
    program,
    state,
  };
}

/** Types bytes if the pane's cursor stands where it was seen; tmux looks and types in one go. */
export async function pressOnScreen(
  { row: { pane }, send }: LivePane,
  { state }: SeenScreen,
  bytes: Uint8Array,
): Promise<TypeResult> {
  const keys = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const reply = await send([
    // In copy mode tmux swallows keys.
    ["copy-mode", "-q", "-t", pane],
    [
      "if-shell",
      "-F",
      "-t",
      pane,
      `#{==:${STATE},${state}}`,
      `send-keys -t ${pane} -H ${keys}`,
      `display-message -p ${MOVED}`,
    ],
  ]);
  if (!reply.ok) return { ok: false, reason: reply.error };
  const moved = reply.outputs.some((output) => output.toString("utf8").includes(MOVED));
  return moved ? { ok: false, reason: "the screen has changed" } : { ok: true };
}
