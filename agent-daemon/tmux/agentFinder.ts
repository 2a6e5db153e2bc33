import type { AgentName } from "../../protocol/session.ts";
import type { PaneRow } from "./paneFormat.ts";
import type { Processes } from "./processes.ts";
import { isDue } from "./isDue.ts";
import { agentOfArgv, agentOfCommand, isInteractiveShell, isShell } from "./recogniseAgent.ts";

export type AgentFinder = {
  /** The agent in the pane's foreground. */
  find(pane: Pick<PaneRow, "panePid" | "command">): Promise<AgentName>;
};

/** How long an answer that took a look at processes holds; what a runner runs changes while it starts. */
const TTL_MS = 10_000;
const MAX_ENTRIES = 5_000;

/** Recognises agents by what tmux says, and by their processes when a runner such as node, or a shell, hides them. */
export function agentFinder(processes: Processes, clock: () => number): AgentFinder {
  const cache = new Map<string, { at: number; agent: AgentName }>();

  const lookUp = async (pane: Pick<PaneRow, "panePid" | "command">): Promise<AgentName> => {
    const running = await processes.foreground(pane.panePid);
    const agent = running.map(agentOfArgv).find((found) => found !== null);
    if (agent !== undefined) return agent;
    const [leader] = running;
    // A shell that runs a script is a program like any other.
    return isShell(pane.command) && (leader === undefined || isInteractiveShell(leader)) ? "shell" : "other";
  };

  return {
    async find(pane) {
      const told = agentOfCommand(pane.command);
      if (told !== undefined) return told;
      const key = `${pane.panePid} ${await processes.foregroundId(pane.panePid)} ${pane.command}`;
      const known = cache.get(key);
      if (known !== undefined && !isDue(known.at, TTL_MS, clock())) return known.agent;
      const agent = await lookUp(pane);
      if (cache.size >= MAX_ENTRIES) cache.clear();
      cache.set(key, { at: clock(), agent });
      return agent;
    },
  };
}
