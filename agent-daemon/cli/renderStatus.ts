import type { AgentReport, StatusReport } from "./gatherStatus.ts";

/** The answer of `status` for a person. Pure. */
export function renderStatus(
  { local, connected }: StatusReport,
  now: number,
  signIn: string | null,
): string[] {
  const lines: string[] = [];
  if (local !== null && local.running && local.record !== null) {
    const { record } = local;
    lines.push(
      row(
        "Signalbox",
        `${record.ready ? "runs" : "starts"} at ${record.url} (since ${ago(now - record.started_at)})`,
      ),
    );
    lines.push(row("edge", childState(record.edge)));
    lines.push(row("daemon", local.agent === null ? childState(record.agent) : agentState(local.agent, now)));
    for (const problem of local.agent?.status.problems ?? []) lines.push(row("", problem));
    if (signIn !== null) lines.push(row("sign in", signIn));
  } else if (local !== null && local.running) {
    lines.push(row("Signalbox", "starts"));
  } else if (local !== null && connected === null) {
    lines.push("Signalbox is not running here. Start it: npm start");
  }
  if (connected !== null) {
    lines.push(row("host", `of ${connected.agent.status.url}`));
    lines.push(row("daemon", agentState(connected.agent, now)));
    for (const problem of connected.agent.status.problems) lines.push(row("", problem));
  }
  return lines.length > 0
    ? lines
    : ["Nothing of Signalbox runs here. Make this machine a host: signalbox connect URL --code CODE"];
}

function row(label: string, value: string): string {
  return `${label.padEnd(11)}${value}`;
}

function childState({ state, restarts }: { state: string; restarts: number }): string {
  const words =
    state === "running"
      ? "runs"
      : state === "starting"
        ? "starts"
        : state === "restarting"
          ? "is started again"
          : "stopped";
  return restarts === 0 ? words : `${words} (started again ${restarts} times)`;
}

function agentState({ running, status }: AgentReport, now: number): string {
  if (!running) return "is not running";
  const { state, problem, since } = status.link;
  const waiting =
    status.journal.unacked === 0 ? "" : `; ${status.journal.unacked} messages wait for the edge`;
  if (state === "online")
    return `online${status.host === null ? "" : ` as ${status.host.name}`} for ${ago(now - since)}${waiting}`;
  return `${state === "stopped" ? "stopped" : "not connected"}${problem === null ? "" : `: ${problem.message}`}${waiting}`;
}

/** A span of time in the words of a person. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}
