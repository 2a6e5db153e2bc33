import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command, CommandResult } from "../../../protocol/commands.ts";
import { DaemonMessage } from "../../../protocol/link.ts";
import { newId } from "../../../protocol/ids.ts";
import { AgentConfig } from "../../config.ts";
import type { Log, Outlet } from "../../parts.ts";
import { openStore, type Store } from "../../store.ts";
import { startTmux } from "../startTmux.ts";
import type { TmuxPart } from "../tmuxPart.ts";

/** Why tests with a real tmux cannot run here; null when they can. */
export const noTmux: string | null =
  spawnSync("tmux", ["-V"]).status === 0 ? null : "tmux is not installed on this machine";

export type Rig = {
  directory: string;
  env: NodeJS.ProcessEnv;
  /** Runs tmux on one of the rig's own sockets. */
  tmux(socket: string, ...args: string[]): string;
  /** Starts the part; a second call is a restart with the same store. */
  start(
    tmuxConfig?: Partial<AgentConfig["tmux"]>,
    agents?: Partial<AgentConfig["agents"]>,
  ): Promise<TmuxPart>;
  /** What was put into the outlet, in order, since the rig began. */
  messages: DaemonMessage[];
  log: { level: string; message: string; fields: unknown }[];
  store(): Store;
  /** Where parts put what the edge must learn. */
  outlet(): Outlet;
  /** Makes the journal full, or not. */
  setFull(full: boolean): void;
  command(part: TmuxPart, session: string, command: Command, signal?: AbortSignal): Promise<CommandResult>;
  /** Ends every tmux server of the rig and removes its files. */
  end(): Promise<void>;
};

/** A place of its own for tmux servers, a store and a home, so that no test touches what runs on this machine. */
export function makeRig(): Rig {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "sbx-")));
  const home = join(directory, "home");
  mkdirSync(home);
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: home,
    LANG: "C.UTF-8",
    SHELL: "/bin/sh",
    PS1: "$ ",
    TMUX_TMPDIR: directory,
    CLAUDE_CONFIG_DIR: join(home, ".claude"),
  };
  const messages: DaemonMessage[] = [];
  const log: Rig["log"] = [];
  const parts: TmuxPart[] = [];
  let store: Store | null = null;
  let full = false;

  const outlet: Outlet = {
    put(put, also) {
      if (full) return false;
      store?.transaction(() => also?.());
      // What goes out must be what the wire allows.
      messages.push(...put.map((message) => DaemonMessage.parse(message)));
      return true;
    },
    lost() {},
  };
  const writeLog: Log = (level, message, fields) => log.push({ level, message, fields });
  const sockets = join(directory, `tmux-${process.getuid?.() ?? 0}`);

  return {
    directory,
    env,
    messages,
    log,
    tmux: (socket, ...args) =>
      execFileSync("tmux", ["-u", "-f", "/dev/null", "-L", socket, ...args], {
        env,
        encoding: "utf8",
        cwd: home,
      }),
    async start(tmuxConfig = {}, agents = {}) {
      const config = AgentConfig.parse({
        state_dir: join(directory, "state"),
        worktrees_dir: join(directory, "worktrees"),
        tmux: { poll_ms: 60_000, ...tmuxConfig },
        agents,
      });
      store ??= openStore(join(directory, "state", "agent.db"));
      const part = await startTmux({ config, store, outlet, log: writeLog, env });
      parts.push(part);
      await part.refresh();
      return part;
    },
    store() {
      if (store === null) throw new Error("the rig has not been started");
      return store;
    },
    outlet: () => outlet,
    setFull(now) {
      full = now;
    },
    command: (part, session, command, signal = new AbortController().signal) =>
      part.run(command, { id: newId("cmd"), session, signal }),
    async end() {
      for (const part of parts) await part.stop();
      if (existsSync(sockets)) {
        for (const name of readdirSync(sockets)) {
          spawnSync("tmux", ["-S", join(sockets, name), "kill-server"], { env, timeout: 5_000 });
        }
      }
      store?.close();
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The sessions that were announced, by the tmux pane they are. */
export function sessionsByPane(messages: readonly DaemonMessage[]): Map<string, string> {
  const sessions = new Map<string, string>();
  for (const message of messages) {
    if (message.kind === "session" && message.facts.pane !== null) {
      sessions.set(`${message.facts.pane.socket} ${message.facts.pane.pane}`, message.session);
    }
  }
  return sessions;
}

/** The events of a session, in order. */
export function eventsOf(messages: readonly DaemonMessage[], session: string) {
  return messages.flatMap((message) =>
    message.kind === "events" && message.session === session ? message.events.map(({ event }) => event) : [],
  );
}

/** The newest facts of a session. */
export function factsOf(messages: readonly DaemonMessage[], session: string) {
  return messages.findLast(
    (message) => (message.kind === "facts" || message.kind === "session") && message.session === session,
  );
}
