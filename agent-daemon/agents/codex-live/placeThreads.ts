import type { AgentPanes } from "../../tmux/tmuxPart.ts";
import { ancestry, type FoundProcess } from "./codexProcesses.ts";
import type { ThreadPlace } from "./threadStore.ts";

/** The panes of conversations. A pane in which two terminals run shows neither. */
export function placeThreads(
  here: ReturnType<AgentPanes["codexes"]>,
  processes: readonly FoundProcess[],
  threadOf: ReadonlyMap<number, string>,
): ThreadPlace[] {
  const found = processes.flatMap(({ pid, started }) => {
    const line = ancestry(pid);
    const pane = here.find(({ panePid }) => line.includes(panePid));
    return pane === undefined ? [] : [{ session: pane.session, pid, started }];
  });
  return found.flatMap((each) => {
    const thread = threadOf.get(each.pid);
    const alone = found.filter(({ session }) => session === each.session).length === 1;
    return thread === undefined || !alone ? [] : [{ ...each, thread }];
  });
}
