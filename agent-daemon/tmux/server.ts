import type { Log } from "../parts.ts";
import { explainRun, run, type RunResult } from "../run.ts";
import { execArguments, type TmuxCommand } from "./command.ts";
import { startControlClient, type ControlClient, type Reply } from "./controlClient.ts";
import { paneFormat, parsePanes, type PaneRow } from "./paneFormat.ts";
import { isListening, socketFile, type SocketName } from "./sockets.ts";

export type Listing =
  | { status: "ok"; panes: PaneRow[] }
  /** Nobody answers on the socket: whatever ran there is gone. */
  | { status: "dead" }
  /** Something is there that cannot be asked now; nothing is known of its panes. */
  | { status: "unreachable"; message: string };

/** One tmux server, by its socket. */
export type TmuxServer = SocketName & {
  list(): Promise<Listing>;
  /**
   * Runs commands with nothing in between, through a control client. A client belongs to one server process for
   * life, so commands for a pane of a server that has been replaced reach nobody.
   */
  send(commands: readonly TmuxCommand[], to: Addressee): Promise<Reply>;
  /** Runs commands in a process of their own, which may start the server. */
  exec(commands: readonly TmuxCommand[], options?: { input?: string; cwd?: string }): Promise<RunResult>;
  /** Keeps one control client for each of these sessions. */
  keepClients(sessions: readonly { id: string; activity: number }[]): void;
  clients(): number;
  stop(): void;
};

/** Whom commands are for: a server process, and the tmux session whose client is best used. */
export type Addressee = { tmuxSession: string; serverPid: number; serverStart: number };

type Client = ControlClient & {
  /** `pid start` of its server, once it is known. */
  server: string | null;
  /** Resolves when it is. */
  ready: Promise<void>;
};

export type TmuxServerDeps = {
  /** The tmux program. */
  program: string;
  socket: SocketName;
  env: NodeJS.ProcessEnv;
  log: Log;
  /** Something about panes may have changed. */
  onNews: () => void;
};

/** Each client is a process; beyond these, sessions are served by the others' clients and by the poll. */
const MAX_CLIENTS = 64;
const EXEC_TIMEOUT_MS = 5_000;
/** A server that has not listed its panes by then is not waited for: what runs on the others must still be seen. */
const LIST_PATIENCE_MS = 2_000;
/** A client that cannot attach is not tried again before this. */
const CLIENT_RETRY_MS = 30_000;
const NEWS =
  /^(?:layout-change|window-(?:add|close|pane-changed|renamed)|unlinked-window-(?:add|close|renamed)|sessions-changed|session-(?:changed|renamed))$/;

const nonce = `:${Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36)).join("")}:`;

/** Speaks with the tmux server on one socket, whether it runs or not. */
export function startServer(deps: TmuxServerDeps): TmuxServer {
  const { socket } = deps;
  const clients = new Map<string, Client>();
  const refused = new Map<string, number>();
  /** Where the unanswered commands of a tmux session went: what follows them must not overtake them on another way. */
  const underWay = new Map<string, { client: Client; commands: number }>();
  let asking = false;
  let deadFile: string | null = null;
  let stopped = false;

  const exec: TmuxServer["exec"] = (commands, options = {}) =>
    run({
      argv: [deps.program, "-u", "-S", socket.path, ...execArguments(commands)],
      env: deps.env,
      timeoutMs: EXEC_TIMEOUT_MS,
      maxOutputBytes: 16 * 1024 * 1024,
      ...options,
    });

  const startClient = (session: string): Client => {
    const began = performance.now();
    const control = startControlClient({
      argv: [
        deps.program,
        "-u",
        "-S",
        socket.path,
        "-C",
        "attach-session",
        "-f",
        "no-output,ignore-size",
        "-t",
        session,
      ],
      env: deps.env,
      log: deps.log,
      onNotification(name, rest) {
        // When its session ends, tmux may move a client to another one, which has a client of its own.
        if (name === "session-changed" && !rest.startsWith(`${session} `)) control.stop();
        if (NEWS.test(name)) deps.onNews();
      },
      onEnd() {
        if (clients.get(session) === client) clients.delete(session);
        if (stopped) return;
        if (performance.now() - began < 1000) refused.set(session, performance.now());
        deps.onNews();
      },
    });
    const client: Client = { ...control, server: null, ready: Promise.resolve() };
    client.ready = control.send([["display-message", "-p", "#{pid} #{start_time}"]]).then((reply) => {
      if (reply.ok) client.server = (reply.outputs[0] ?? "").toString().trim();
    });
    clients.set(session, client);
    return client;
  };

  const send: TmuxServer["send"] = async (commands, to) => {
    if (stopped) return { ok: false, error: "the daemon stops" };
    const way = underWay.get(to.tmuxSession) ?? {
      client: clients.get(to.tmuxSession) ?? clients.values().next().value ?? startClient(to.tmuxSession),
      commands: 0,
    };
    underWay.set(to.tmuxSession, way);
    way.commands += 1;
    const { client } = way;
    try {
      // Not awaited once it is known: what is typed must keep its order and lose no time.
      if (client.server === null) await client.ready;
      if (client.server !== `${to.serverPid} ${to.serverStart}`)
        return { ok: false, error: "the pane's tmux server is gone" };
      return await client.send(commands);
    } finally {
      way.commands -= 1;
      if (way.commands === 0) underWay.delete(to.tmuxSession);
    }
  };

  const ask = async (): Promise<Listing> => {
    const command: TmuxCommand = ["list-panes", "-a", "-F", paneFormat(nonce)];
    const client = clients.values().next().value;
    if (client !== undefined) {
      const reply = await client.send([command]);
      if (reply.ok) return { status: "ok", panes: parsePanes(reply.outputs[0] ?? Buffer.alloc(0), nonce) };
    }
    const file = socketFile(socket.path);
    if (file === null || file === deadFile) return { status: "dead" };
    if (!(await isListening(socket.path))) {
      deadFile = file;
      return { status: "dead" };
    }
    const result = await exec([command]);
    if (result.status === "exited" && result.code === 0) {
      if (result.cut > 0)
        return { status: "unreachable", message: `tmux on ${socket.name} lists too many panes` };
      return { status: "ok", panes: parsePanes(result.stdout, nonce) };
    }
    const said = result.stderr.toString("utf8");
    if (/^no (?:current|sessions)/m.test(said)) return { status: "ok", panes: [] };
    if (/^no server running|^error connecting.*\(No such file or directory\)/m.test(said))
      return { status: "dead" };
    return { status: "unreachable", message: `${explainRun("tmux", result)} (socket ${socket.name})` };
  };

  /** An answer that comes too late is thrown away: what it says was true before the look that would use it. */
  const list = async (): Promise<Listing> => {
    const silent: Listing = {
      status: "unreachable",
      message: `tmux does not answer (socket ${socket.name})`,
    };
    if (asking) return silent;
    asking = true;
    const answer = ask().finally(() => {
      asking = false;
    });
    const patience = Promise.withResolvers<Listing>();
    const timer = setTimeout(() => patience.resolve(silent), LIST_PATIENCE_MS);
    try {
      return await Promise.race([answer, patience.promise]);
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    ...socket,
    list,
    send,
    exec,
    keepClients(sessions) {
      if (stopped) return;
      const newest = sessions.toSorted((a, b) => b.activity - a.activity).slice(0, MAX_CLIENTS);
      const wanted = new Set(newest.map((session) => session.id));
      const alive = new Set(sessions.map((session) => session.id));
      for (const [id, client] of clients) if (!alive.has(id)) client.stop();
      for (const id of refused.keys()) if (!alive.has(id)) refused.delete(id);
      // The oldest first: a bare `tmux attach` takes the session that was attached to last.
      for (const { id } of newest.toReversed()) {
        const since = refused.get(id);
        if (since !== undefined && performance.now() - since < CLIENT_RETRY_MS) continue;
        if (!clients.has(id) && clients.size < MAX_CLIENTS) startClient(id);
      }
      for (const [id, client] of clients) if (clients.size > MAX_CLIENTS && !wanted.has(id)) client.stop();
    },
    clients: () => clients.size,
    stop() {
      stopped = true;
      for (const client of clients.values()) client.stop();
      clients.clear();
    },
  };
}
