import { rmSync } from "node:fs";
import type { AgentConfig } from "../config.ts";
import type { Log } from "../parts.ts";
import { startServer, type Listing, type TmuxServer } from "./server.ts";
import type { SessionRecord } from "./sessionRecords.ts";
import { findSockets, namedSocket, type SocketName } from "./sockets.ts";

export type Servers = {
  /** The server on a socket, whether one runs there or not. */
  on(socket: SocketName): TmuxServer;
  known(): TmuxServer[];
  /** How people call the socket with this path. */
  nameOf(path: string): string;
  /** Asks every server that is configured or has a live session for its panes. */
  list(records: Iterable<SessionRecord>): Promise<Map<string, Listing>>;
  stop(): void;
};

/** Keeps what is known of each tmux server. */
export function startServers(deps: {
  config: AgentConfig;
  env: NodeJS.ProcessEnv;
  log: Log;
  /** Where channels keep their FIFOs. */
  directory: string;
}): Servers {
  const { config, env } = deps;
  // What a daemon that was killed has left; its processes have come to their end by themselves.
  rmSync(deps.directory, { recursive: true, force: true });
  const servers = new Map<string, TmuxServer>();

  const on = (socket: SocketName): TmuxServer => {
    const known = servers.get(socket.path);
    if (known !== undefined) return known;
    const server = startServer({
      program: config.tmux.path,
      socket,
      env,
      log: deps.log,
      directory: deps.directory,
    });
    servers.set(socket.path, server);
    return server;
  };

  const named = (name: string): SocketName[] => {
    const socket = namedSocket(name, env);
    return socket === null ? [] : [socket];
  };

  return {
    on,
    known: () => [...servers.values()],
    nameOf: (path) => servers.get(path)?.name ?? path,
    async list(records) {
      const configured =
        config.tmux.sockets === "auto" ? findSockets(env) : config.tmux.sockets.flatMap(named);
      // A live session's socket is asked wherever it is.
      const others = [...records].flatMap((record) => (record.endedAt === null ? named(record.socket) : []));
      const sockets = new Map([...configured, ...others].map((socket) => [socket.path, socket]));
      for (const [path, server] of servers) {
        if (sockets.has(path)) continue;
        server.stop();
        servers.delete(path);
      }
      const listings = await Promise.all(
        [...sockets.values()].map(async (socket) => [socket.path, await on(socket).list()] as const),
      );
      return new Map(listings);
    },
    stop() {
      for (const server of servers.values()) server.stop();
      servers.clear();
    },
  };
}
