import type { CommandOf } from "../../../protocol/commands.ts";
import { explainRun } from "../../run.ts";
import type { TmuxCommand } from "../command.ts";
import type { LivePane } from "../livePane.ts";
import type { TypeResult } from "../tmuxPart.ts";
import { cleanPaste } from "./cleanPaste.ts";

/** Bytes typed by one control line; each becomes three characters. */
const CHUNK_BYTES = 4_096;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const OK: TypeResult = { ok: true };

/** In copy mode tmux swallows keys, so it is left before anything is typed. */
function leaveCopyMode(pane: string): TmuxCommand {
  return ["copy-mode", "-q", "-t", pane];
}

/** The commands that type bytes exactly as they are. */
export function typeCommands(pane: string, bytes: Uint8Array): TmuxCommand[][] {
  const lines: TmuxCommand[][] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const keys = Array.from(bytes.subarray(at, at + CHUNK_BYTES), (byte) => HEX[byte] ?? "00");
    lines.push([leaveCopyMode(pane), ["send-keys", "-t", pane, "-H", ...keys]]);
  }
  return lines;
}

/** Types bytes; with `enter`, presses Enter after them. */
export async function typeBytes(pane: LivePane, bytes: Uint8Array, enter = false): Promise<TypeResult> {
  const lines = typeCommands(pane.row.pane, bytes);
  if (enter) {
    const press: TmuxCommand = ["send-keys", "-t", pane.row.pane, "Enter"];
    const last = lines.at(-1);
    if (last === undefined) lines.push([leaveCopyMode(pane.row.pane), press]);
    else last.push(press);
  }
  // All lines are written before the first answer, so nothing else gets in between.
  const replies = await Promise.all(lines.map((line) => pane.send(line)));
  const failed = replies.find((reply) => !reply.ok);
  return failed?.ok === false ? { ok: false, reason: failed.error } : OK;
}

/** Presses keys by their names. */
export async function pressKeys(pane: LivePane, keys: CommandOf<"send_keys">["keys"]): Promise<TypeResult> {
  const reply = await pane.send([
    leaveCopyMode(pane.row.pane),
    ["send-keys", "-t", pane.row.pane, "--", ...keys],
  ]);
  return reply.ok ? OK : { ok: false, reason: reply.error };
}

/** Pastes text, bracketed where the program asked for that; with `enter`, presses Enter after it. */
export async function pasteText(pane: LivePane, text: string, enter = false): Promise<TypeResult> {
  const clean = cleanPaste(text);
  if (clean === "") return enter ? typeBytes(pane, new Uint8Array(0), true) : OK;
  const buffer = `signalbox-${crypto.randomUUID()}`;
  const loaded = await pane.server.exec([["load-buffer", "-b", buffer, "-"]], { input: clean });
  if (loaded.status !== "exited" || loaded.code !== 0)
    return { ok: false, reason: explainRun("tmux", loaded) };
  const target = pane.row.pane;
  const reply = await pane.send([
    leaveCopyMode(target),
    // -p: brackets where wanted; -r: line feeds stay; -d: the buffer goes.
    ["paste-buffer", "-p", "-r", "-d", "-b", buffer, "-t", target],
    ...(enter ? [["send-keys", "-t", target, "Enter"] as const] : []),
  ]);
  if (reply.ok) return OK;
  await pane.server.exec([["delete-buffer", "-b", buffer]]);
  return { ok: false, reason: reply.error };
}

/** Stops what runs: Escape for coding agents, for which Ctrl-C means leaving; Ctrl-C otherwise. */
export function interrupt(pane: LivePane): Promise<TypeResult> {
  return pressKeys(pane, [pane.agent === "shell" || pane.agent === "other" ? "C-c" : "Escape"]);
}
