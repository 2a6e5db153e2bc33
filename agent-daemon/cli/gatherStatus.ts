import { readAgentStatus } from "../agentStatus.ts";
import type { AgentStatus } from "../agentStatus.ts";
import { readRunRecord } from "../edge/runRecord.ts";
import type { RunRecord } from "../edge/runRecord.ts";
import type { HomeFiles } from "../edge/homeFiles.ts";
import { isLocked } from "../system/lock.ts";

export type AgentReport = { running: boolean; status: AgentStatus };
export type StatusReport = {
  /** One-machine mode; null where this program cannot run it. */
  local: { home: string; running: boolean; record: RunRecord | null; agent: AgentReport | null } | null;
  /** The daemon that `connect` runs; null when there never was one. */
  connected: { stateDir: string; agent: AgentReport } | null;
};

/** What runs on this machine, by its own notes and locks. */
export function gatherStatus(files: HomeFiles | null, stateDir: string): StatusReport {
  const agent = readAgentStatus(stateDir);
  return {
    local:
      files === null
        ? null
        : {
            home: files.home,
            running: isLocked(files.lock),
            record: readRunRecord(files.run),
            agent: readAgentStatus(files.agent),
          },
    connected: agent === null || stateDir === files?.agent ? null : { stateDir, agent },
  };
}

/** Whether something that should run does, and is connected. */
export function isHealthy({ local, connected }: StatusReport): boolean {
  const daemons = [local?.running === true ? local.agent : null, connected?.agent ?? null].filter(
    (each) => each !== null,
  );
  const runs = local?.running === true || connected?.agent.running === true;
  return runs && daemons.every(({ running, status }) => running && status.link.state === "online");
}
