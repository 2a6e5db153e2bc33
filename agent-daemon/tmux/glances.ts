import type { Servers } from "./servers.ts";

export type Glances = { stop(): void };

/** A glance costs tmux a third of a millisecond, and a few at hundreds of panes. */
const INTERVAL_MS = 500;

/**
 * Glances at which panes there are, their sizes and whether they live, between the looks at everything else.
 * It calls back when that has changed, so that what comes, goes or is resized is seen soon.
 */
export function startGlances(servers: Servers, onChange: () => void): Glances {
  const seen = new Map<string, string>();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const glance = async () => {
    for (const server of servers.known()) {
      const now = await server.glance();
      if (stopped) return;
      const before = seen.get(server.path);
      if (now === null) seen.delete(server.path);
      else seen.set(server.path, now);
      if (before !== undefined && now !== before) onChange();
    }
    timer = setTimeout(() => void glance(), INTERVAL_MS);
  };
  timer = setTimeout(() => void glance(), INTERVAL_MS);

  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
