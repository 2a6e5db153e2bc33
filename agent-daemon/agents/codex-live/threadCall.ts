import type { Command } from "../../../protocol/commands.ts";

/** A call of the app server. */
export type ThreadCall = { method: "turn/start" | "turn/interrupt"; params: Record<string, unknown> };

/**
 * What a command comes to for a conversation that is followed: a message begins a turn, or joins the one that runs, and
 * the terminal shows it as if it were typed there. Null where only the terminal can do it (its own commands begin with
 * a sign).
 */
export function threadCall(command: Command, thread: string, turn: string | null): ThreadCall | null {
  if (command.type === "interrupt" && turn !== null)
    return { method: "turn/interrupt", params: { threadId: thread, turnId: turn } };
  if (command.type !== "paste" || command.enter !== true || !/^\s*[^\s/!]/.test(command.text)) return null;
  const input = [{ type: "text", text: command.text, text_elements: [] }];
  return { method: "turn/start", params: { threadId: thread, input } };
}
