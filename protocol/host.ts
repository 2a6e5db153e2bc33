import * as z from "zod";
import { HostId, TeamId } from "./ids.ts";

/** What a daemon says of its machine in its hello. */
export const HostInfo = z.object({
  hostname: z.string().max(200),
  os: z.string().max(100),
  arch: z.string().max(40),
  /** Version of the daemon. */
  agent_version: z.string().max(40),
  node_version: z.string().max(40),
  /** tmux's version, or null when it is missing. */
  tmux_version: z.string().max(40).nullable(),
  /** Agents found on the machine: name → version ("unknown" when it did not say). */
  agents: z.record(z.string().max(40), z.string().max(80)),
  /** Agents that speak the Agent Client Protocol, by their names in the daemon's configuration. */
  acp: z.array(z.string().max(40)).max(50).optional(),
  /** Directories offered for new sessions. */
  workspaces: z.array(z.string()).max(100),
  /** Whether Claude Code's permission requests reach the daemon (`other`: those of another one), and the line that sees to it. */
  claude_hook: z
    .object({ state: z.enum(["installed", "other", "missing"]), install: z.string().max(4096) })
    .optional(),
  /** What keeps the daemon from its work, in sentences ("tmux is not installed"). */
  problems: z.array(z.string().max(500)).max(20),
});
export type HostInfo = z.infer<typeof HostInfo>;

/** `removed`: its token is revoked and it is gone from the team. */
export const Presence = z.enum(["online", "offline", "never"]);
export type Presence = z.infer<typeof Presence>;

export const Host = z.object({
  id: HostId,
  team: TeamId,
  name: z.string().max(100),
  presence: Presence,
  /** When it was last connected; null when never. */
  last_seen: z.number().nullable(),
  /** Since when the presence holds. */
  presence_since: z.number(),
  info: HostInfo.nullable(),
  /** Panes the daemon sees that are not sessions yet. */
  unadopted_panes: z.number().int(),
  /** Commands waiting for the host. */
  waiting_commands: z.number().int(),
  created_at: z.number(),
  updated_at: z.number(),
  version: z.number().int(),
});
export type Host = z.infer<typeof Host>;

/** A pane that is not a session (yet): the daemon sees it, nobody adopted it. */
export const UnadoptedPane = z.object({
  socket: z.string(),
  pane: z.string().regex(/^%\d+$/),
  tmux_session: z.string(),
  command: z.string(),
  cwd: z.string(),
  title: z.string(),
});
export type UnadoptedPane = z.infer<typeof UnadoptedPane>;
