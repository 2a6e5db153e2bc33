import type { Host } from "../../../protocol/host.ts";

/** A host for a test. */
export const hostOf = (id: string, name: string, hostname: string): Host => ({
  id,
  team: "main",
  name,
  presence: "online",
  last_seen: 0,
  presence_since: 0,
  info: {
    hostname,
    os: "Debian 12",
    arch: "x64",
    agent_version: "0",
    node_version: "24",
    tmux_version: "3.3a",
    agents: {},
    workspaces: [],
    problems: [],
  },
  unadopted_panes: 0,
  waiting_commands: 0,
  created_at: 0,
  updated_at: 0,
  version: 1,
});
