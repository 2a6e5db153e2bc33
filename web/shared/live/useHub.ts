import { useMemo } from "react";
import { isEnded, type Session } from "../../../protocol/session.ts";
import { isRunEnded } from "../../../protocol/run.ts";
import { isTaskEnded } from "../../../protocol/tasks.ts";
import type { Host } from "../../../protocol/host.ts";
import { useStore } from "../lib/useStore.ts";
import type { HubState } from "./hubState.ts";
import type { HubScope } from "./hubStore.ts";
import type { SocketState } from "./liveSocket.ts";
import { needsOf, type Needs } from "./needs.ts";
import { hub } from "./stores.ts";

/** Every session and host, live. */
export function useHub(): HubState {
  return useStore(hub().state);
}

/** Whether what ended long ago is here too. */
export function useHubScope(): HubScope {
  return useStore(hub().scope);
}

/** How the page's main connection is. */
export function useConnection(): SocketState {
  return useStore(hub().connection);
}

export function useHosts(): Host[] {
  const { hosts } = useHub();
  return useMemo(
    () => [...hosts.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true })),
    [hosts],
  );
}

/** What needs the person, the most urgent first. */
export function useNeeds(): Needs {
  const { sessions, approvals, runs } = useHub();
  return useMemo(() => needsOf({ sessions, approvals, runs }), [sessions, approvals, runs]);
}

/** How many tasks and runs are under way. */
export function useWorkCount(): number {
  const { tasks, runs } = useHub();
  return useMemo(
    () =>
      [...tasks.values()].filter((task) => !isTaskEnded(task)).length +
      [...runs.values()].filter(({ status }) => !isRunEnded(status)).length,
    [tasks, runs],
  );
}

export function useOpenSessions(): Session[] {
  const { sessions } = useHub();
  return useMemo(() => [...sessions.values()].filter((session) => !isEnded(session)), [sessions]);
}

/** A session's host is known and not online: what the session shows is the last that was known. */
export function isHostAway(
  hosts: ReadonlyMap<string, Host>,
  session: Pick<Session, "host" | "ended_at">,
): boolean {
  if (session.host === null || isEnded(session)) return false;
  const host = hosts.get(session.host);
  return host !== undefined && host.presence !== "online";
}
