import { join } from "node:path";
import * as z from "zod";
import { isLocked } from "./system/lock.ts";
import { readJsonFile } from "./system/readJsonFile.ts";

/** `agent.json`: what a running daemon says of itself, for `status` and `doctor`. */
export const AgentStatus = z.object({
  pid: z.number().int(),
  version: z.string(),
  url: z.string(),
  started_at: z.number(),
  host: z.object({ id: z.string(), name: z.string() }).nullable(),
  link: z.object({
    state: z.enum(["waiting", "connecting", "greeting", "online", "stopped"]),
    since: z.number(),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  }),
  /** What keeps it from its work, in sentences. */
  problems: z.array(z.string()),
  journal: z.object({ unacked: z.number().int(), bytes: z.number().int() }),
});
export type AgentStatus = z.infer<typeof AgentStatus>;

/** Files of a daemon's state directory. */
export function agentFiles(stateDir: string) {
  return {
    database: join(stateDir, "agent.db"),
    lock: join(stateDir, "agent.lock"),
    status: join(stateDir, "agent.json"),
    token: join(stateDir, "token"),
  };
}

/** What the daemon of a state directory last said, and whether it runs now. Null when there never was one. */
export function readAgentStatus(stateDir: string): { running: boolean; status: AgentStatus } | null {
  const files = agentFiles(stateDir);
  const status = readJsonFile(files.status, AgentStatus);
  return status === null ? null : { running: isLocked(files.lock), status };
}
