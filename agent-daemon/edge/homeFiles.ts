import { join } from "node:path";

/** Everything that one-machine mode keeps, below `$SIGNALBOX_HOME` (`.signalbox/` beside the project by default). */
export function homeFiles(home: string) {
  return {
    home,
    /** Held by the supervisor while it runs. */
    lock: join(home, "run.lock"),
    /** {@link RunRecord}. */
    run: join(home, "run.json"),
    ownerToken: join(home, "owner-token"),
    /** What the edge keeps keys of models with. */
    settingsSecret: join(home, "settings-secret"),
    /** {@link LocalHost}. */
    host: join(home, "host.json"),
    /** Storage of the edge: D1, objects, R2. */
    edge: join(home, "edge"),
    /** The daemon's state directory. */
    agent: join(home, "agent"),
    agentConfig: join(home, "agent.yaml"),
    logs: join(home, "logs"),
  };
}
export type HomeFiles = ReturnType<typeof homeFiles>;

/** What a build leaves in `dist/` for the edge. */
export function distFiles(dist: string) {
  return {
    web: join(dist, "web"),
    worker: join(dist, "worker"),
    /** {@link EdgeManifest}. */
    manifest: join(dist, "worker/manifest.json"),
  };
}
