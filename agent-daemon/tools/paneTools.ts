import type { Command, CommandResult } from "../../protocol/commands.ts";
import type { ToolInput } from "../../protocol/tools.ts";
import { failed } from "../parts.ts";
import type { Part } from "../parts.ts";
import type { ToolCall } from "./toolCall.ts";
import { told } from "./toolResult.ts";

/** What carries out commands on panes; null where there is no tmux part. */
export type PanePart = Pick<Part, "handles" | "run"> | null;

/** Reads the end of another session's screen. */
export async function readPaneTool(
  input: ToolInput<"read_pane">,
  call: ToolCall,
  panes: PanePart,
): Promise<CommandResult> {
  const command: Command = {
    type: "snapshot",
    ...(input.lines === undefined ? {} : { history: input.lines }),
  };
  const result = await onPane(command, input.session, call, panes);
  if (result.status !== "done" || result.value.type !== "snapshot") return result;
  const lines = result.value.text.replace(/\s+$/, "").split("\n");
  const wanted = input.lines === undefined ? lines : lines.slice(-input.lines);
  const text = wanted.join("\n");
  return told(true, text === "" ? "(an empty screen)" : text);
}

/** Types into another session; with Enter unless that is not wanted. */
export async function typeIntoPaneTool(
  input: ToolInput<"type_into_pane">,
  call: ToolCall,
  panes: PanePart,
): Promise<CommandResult> {
  const enter = input.enter ?? true;
  const result = await onPane({ type: "paste", text: input.text, enter }, input.session, call, panes);
  return result.status === "done"
    ? told(true, enter ? "Typed, with Enter." : "Typed, without Enter.")
    : result;
}

async function onPane(
  command: Command,
  session: string,
  call: ToolCall,
  panes: PanePart,
): Promise<CommandResult> {
  if (panes === null) return failed("no_tmux", "This host has no tmux that the daemon can use.");
  if (session === call.session)
    return failed("bad_input", "A session has no terminal of its own to look at.");
  if (!panes.handles(command, session)) {
    return failed("no_such_session", "No session with a terminal has this id on this host.");
  }
  return panes.run(command, { id: call.id, session, signal: call.signal });
}
