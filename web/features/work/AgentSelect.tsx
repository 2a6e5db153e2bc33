import type { JobAgent } from "../../../protocol/jobs.ts";
import { useHosts } from "../../shared/live/useHub.ts";
import { Field, Select } from "../../shared/ui/Field.tsx";

const AGENTS: [JobAgent, string][] = [
  ["edge", "A chat"],
  ["claude", "Claude Code on a host"],
  ["codex", "Codex on a host"],
  ["opencode", "OpenCode on a host"],
];

/** Who does it: a chat, or an agent that the host has; all that there can be while it has never said what it has. */
export function AgentSelect({
  host,
  value,
  label = "Agent",
  onChange,
}: {
  /** Its id; empty: none. */
  host: string;
  value: JobAgent;
  label?: string;
  onChange(agent: JobAgent): void;
}) {
  const hosts = useHosts();
  const info = hosts.find(({ id }) => id === host)?.info ?? null;
  const there = AGENTS.filter(([id]) => id === "edge" || info === null || id in info.agents);
  const acp = (info?.acp ?? []).map((name): [JobAgent, string] => [`acp:${name}`, `${name} on a host`]);
  const agents = [...there, ...acp];
  return (
    <Field label={label}>
      {(ids) => (
        <Select
          {...ids}
          value={value}
          onChange={(event) => onChange(agents.find(([id]) => id === event.target.value)?.[0] ?? value)}
          data-testid="job-agent"
        >
          {agents.every(([id]) => id !== value) && <option value={value}>{value}, not on this host</option>}
          {agents.map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
