import type { AgentName } from "../../protocol/session.ts";
import type { AgentFinder } from "./agentFinder.ts";
import type { ClaudeRegistry, ClaudeSession } from "./claudeRegistry.ts";
import type { TmuxCommand } from "./command.ts";
import type { Reply } from "./commandChannel.ts";
import type { PaneRow } from "./paneFormat.ts";
import type { SeenPane } from "./planPanes.ts";
import type { Processes } from "./processes.ts";
import type { TmuxServer } from "./server.ts";
import type { Servers } from "./servers.ts";
import type { SessionRecord } from "./sessionRecords.ts";

/** A session's pane as it was seen last, and how to speak with it. */
export type LivePane = {
  record: SessionRecord;
  row: PaneRow;
  agent: AgentName;
  /** What Claude Code says of itself, when it runs here. */
  claude: ClaudeSession | undefined;
  server: TmuxServer;
  /** Runs commands on the pane's own server. */
  send: (commands: readonly TmuxCommand[]) => Promise<Reply>;
};

export type ObserveDeps = {
  servers: Servers;
  agents: AgentFinder;
  claude: ClaudeRegistry;
  processes: Processes;
};

/** Finds out what runs in a pane. */
export async function observePane(
  deps: ObserveDeps,
  pane: SeenPane,
  record: SessionRecord,
): Promise<LivePane> {
  const { row } = pane;
  const server = deps.servers.on({ path: pane.socket, name: deps.servers.nameOf(pane.socket) });
  const claude = await claudeIn(deps, row);
  const found = await deps.agents.find(row);
  const to = { serverPid: row.serverPid, serverStart: row.serverStart };
  return {
    record,
    row,
    agent: found === "other" && claude !== undefined ? "claude" : found,
    claude,
    server,
    send: (commands) => server.send(commands, to),
  };
}

/** The visible text of a pane, with lines above it when asked for; null when it cannot be had. */
export async function visibleText(pane: LivePane, above = 0): Promise<string | null> {
  const reply = await pane.send([
    ["capture-pane", "-p", "-t", pane.row.pane, ...(above > 0 ? ["-S", `-${above}`] : [])],
  ]);
  return reply.ok ? (reply.outputs[0] ?? "").toString() : null;
}

/** The registry does not say on which tmux server a pane is, so the process must be below the pane's. */
async function claudeIn(deps: ObserveDeps, row: PaneRow): Promise<ClaudeSession | undefined> {
  const entries = deps.claude.inPane(row.pane);
  if (entries.length === 0) return undefined;
  const tree = await deps.processes.tree(row.panePid);
  return entries.find((entry) => tree.includes(entry.pid));
}
