import type { Command } from "../../protocol/commands.ts";
import { isToolName, TOOLS } from "../../protocol/tools.ts";

/** Whether a command only looks: then it may run beside others that only look. */
export function changesNothing(command: Command): boolean {
  return command.type === "tool" && isToolName(command.tool) && TOOLS[command.tool].scope === "read";
}
