import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../parts.ts";
import { explainRun, run, type RunResult } from "../run.ts";
import { execArguments, type TmuxCommand } from "./command.ts";
import { openCommandChannel, type CommandChannel, type Reply } from "./commandChannel.ts";
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
   * Runs commands with nothing in between, through the channel. A channel belongs to one server process for life, so
   * commands for a pane of a server that has been replaced reach nobody.
   */
  send(commands: readonly TmuxCommand[], to: Addressee): Promise<Reply>;
  /** A text that changes when panes come, go, die or change their size; null when there is no channel to ask by. */
  glance(): Promise<string | null>;
  /** Runs commands in a process of their own, which may start the server. */
  exec(commands: readonly TmuxCommand[], options?: { input?: string; cwd?: string }): Promise<RunResult>;
  /** Nobody needs the channel. While it is there, a server whose last session ends would not end itself. */
  release(): void;
  stop(): void;
};

/** A server process. */
export type Addressee = { serverPid: number; serverStart: number };

export type TmuxServerDeps = {
  /** The tmux program. */
  program: string;
  socket: SocketName;
  env: NodeJS.ProcessEnv;
  /** Where the channel keeps its FIFOs. */
  directory: string;
  log: Log;
};

const EXEC_TIMEOUT_MS = 5_000;
/** A server that has not listed its panes by then is not waited for: what runs on the others must still be seen. */
const LIST_PATIENCE_MS = 2_000;

const nonce = `:${Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36)).join("")}:`;
let channels = 0;

/** Speaks with the tmux server on one socket, whether it runs or not. */
export function startServer(deps: TmuxServerDeps): TmuxServer {
  const { socket } = deps;
  const tmux = [deps.program, "-u", "-S", socket.path] as const;
  let channel: CommandChannel | null = null;
  let asking = false;
  let deadFile: string | null = null;
  let stopped = false;

  const exec: TmuxServer["exec"] = (commands, options = {}) =>
    run({
      argv: [...tmux, ...execArguments(commands)],
      env: deps.env,
      timeoutMs: EXEC_TIMEOUT_MS,
      maxOutputBytes: 16 * 1024 * 1024,
      ...options,
    });

  const open = (): CommandChannel => {
    const directory = join(deps.directory, `${process.pid}-${++channels}`);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const own: CommandChannel = openCommandChannel({
      tmux,
      env: deps.env,
      directory,
      log: deps.log,
      onEnd() {
        if (channel === own) channel = null;
      },
    });
    return own;
  };

  const send: TmuxServer["send"] = async (commands, to) => {
    if (stopped) return { ok: false, error: "the daemon stops" };
    const own = (channel ??= open());
    // Not awaited once it is known: what is typed must keep its order and lose no time.
    if (own.server() === null) await own.ready;
    if (own.server() !== `${to.serverPid} ${to.serverStart}`) {
      return { ok: false, error: "the pane's tmux server is gone" };
    }
    return own.send(commands);
  };

  const ask = async (): Promise<Listing> => {
    const command: TmuxCommand = ["list-panes", "-a", "-F", paneFormat(nonce)];
    if (channel !== null && channel.server() !== null) {
      const reply = await channel.send([command]);
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

  const glance = async (): Promise<string | null> => {
    if (channel === null || channel.server() === null) return null;
    const reply = await channel.send([
      ["list-panes", "-a", "-F", "#{pane_id} #{pane_dead} #{pane_width} #{pane_height}"],
    ]);
    return reply.ok ? (reply.outputs[0] ?? "").toString() : null;
  };

  return {
    ...socket,
    list,
    glance,
    send,
    exec,
    release: () => channel?.stop(),
    stop() {
      stopped = true;
      channel?.stop();
    },
  };
}
