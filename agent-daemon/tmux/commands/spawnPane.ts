import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { CommandOf, CommandResult } from "../../../protocol/commands.ts";
import type { PaneAddress, Worktree } from "../../../protocol/session.ts";
import type { AgentConfig } from "../../config.ts";
import { failed, type Log } from "../../parts.ts";
import { explainRun } from "../../run.ts";
import { addWorktree } from "../../worktrees/addWorktree.ts";
import { removeWorktree } from "../../worktrees/removeWorktree.ts";
import { shellQuote, type TmuxCommand } from "../command.ts";
import { cutText } from "../cutText.ts";
import { paneAddress } from "../paneFacts.ts";
import type { TmuxServer } from "../server.ts";
import type { SessionRecord, SessionRecords } from "../sessionRecords.ts";
import { namedSocket, socketDirectory } from "../sockets.ts";
import type { PaneWatch } from "../watchPanes.ts";
import { exactArgv, spawnArgv } from "./spawnArgv.ts";

export type SpawnDeps = {
  config: AgentConfig;
  env: NodeJS.ProcessEnv;
  records: SessionRecords;
  watch: PaneWatch;
  log: Log;
};

/** tmux refuses a command of more than some 16,000 bytes. */
const MAX_COMMAND_BYTES = 8_000;
const DEFAULT_COLS = 120;
const DEFAULT_ROWS = 36;
const BORN = "#{pane_id}|#{pid}|#{start_time}|#{pane_width}|#{pane_height}|#{window_index}:#{window_name}";

/** Makes a pane for a session. Asked a second time for the same session, it answers with the pane it made. */
export async function spawnPane(
  deps: SpawnDeps,
  command: CommandOf<"spawn">,
  session: string,
): Promise<CommandResult> {
  const known = deps.records.get(session);
  if (known !== undefined) return spawnedBefore(deps, known);
  const socket = namedSocket(command.socket ?? "default", deps.env);
  if (socket === null)
    return failed("bad_socket", `${command.socket} is neither the name of a tmux socket nor a path.`);
  if (!isDirectory(command.cwd))
    return failed("no_such_directory", `${command.cwd} is not a directory on this host.`);
  const program = spawnArgv(command, deps.config.agents, deps.env);
  if (!program.ok) return failed("no_such_program", program.message);

  const running = [...deps.watch.all()].find(
    ({ claude }) => command.resume !== undefined && claude?.sessionId === command.resume,
  );
  if (running !== undefined)
    return failed("already_running", `This conversation runs already, in “${running.record.title}”.`);

  let worktree: Worktree | null = null;
  let { cwd } = command;
  if (command.worktree !== undefined) {
    const { branch, base } = command.worktree;
    const added = await addWorktree({ cwd, branch, base, worktreesDir: deps.config.worktrees_dir });
    if (!added.ok) return failed(added.code, added.message);
    ({ worktree, cwd } = added);
  }

  const record: SessionRecord = {
    session,
    socket: socket.path,
    key: null,
    spawned: true,
    killed: false,
    title: command.title ?? cutText(`${programName(command)} in ${basename(cwd) || "/"}`, 200),
    worktree,
    facts: null,
    status: null,
    reason: null,
    endedAt: null,
    endReason: null,
  };
  deps.watch.spawning.add(session);
  try {
    // Known before it is made: whatever happens in between, the pane is found by its mark.
    await note(deps, record);
    const server = deps.watch.server(socket);
    const made = await makePane(deps, server, { command, session, cwd, argv: program.argv });
    if (!made.ok) {
      deps.records.remove(session);
      if (worktree !== null) await removeWorktree(worktree);
      return failed("spawn_failed", `tmux could not start it: ${made.message}.`);
    }
    const { key, pane } = made;
    deps.records.put({ ...record, key: { socket: socket.path, ...key } });
    deps.watch.spawning.delete(session);
    await giveName(server, session, record.title);
    await deps.watch.refresh();
    return { status: "done", value: { type: "pane", session, pane, worktree } };
  } finally {
    deps.watch.spawning.delete(session);
  }
}

/** Stores a session that is about to be made; when that fails, nothing that was made for it stays. */
async function note(deps: SpawnDeps, record: SessionRecord): Promise<void> {
  try {
    deps.records.put(record);
  } catch (error) {
    if (record.worktree !== null) await removeWorktree(record.worktree);
    throw error;
  }
}

async function spawnedBefore(deps: SpawnDeps, record: SessionRecord): Promise<CommandResult> {
  const { session, worktree } = record;
  await deps.watch.refresh();
  const pane = deps.watch.live(session);
  if (pane === undefined) return failed("ended", "This session has ended.");
  const address = paneAddress(pane.server.name, pane.row);
  return { status: "done", value: { type: "pane", session, pane: address, worktree } };
}

type Made =
  | { ok: true; key: { serverPid: number; serverStart: number; pane: string }; pane: PaneAddress }
  | { ok: false; message: string };

async function makePane(
  deps: SpawnDeps,
  server: TmuxServer,
  what: { command: CommandOf<"spawn">; session: string; cwd: string; argv: [string, ...string[]] | null },
): Promise<Made> {
  const { command, session, cwd } = what;
  // tmux makes its own directory only when it chooses the path itself.
  if (dirname(server.path) === socketDirectory(deps.env))
    mkdirSync(dirname(server.path), { recursive: true, mode: 0o700 });
  const script = join(deps.config.state_dir, `spawn-${session}.sh`);
  const run = what.argv === null ? [] : shortArgv(exactArgv(what.argv), script);
  const target = `=${session}:`;
  const size = ["-x", String(command.cols ?? DEFAULT_COLS), "-y", String(command.rows ?? DEFAULT_ROWS)];
  const commands: TmuxCommand[] = [
    ["new-session", "-d", "-E", "-P", "-F", BORN, "-s", session, ...size, "--", ...run],
    // -E above: the session's environment is that of the person's server, not of the daemon.
    // The name is this session's own and is matched whole, so this is as safe as the pane's number, which is not known yet.
    ["set-option", "-p", "-t", target, "@signalbox", session],
    ["set-option", "-p", "-t", target, "remain-on-exit", "on"],
    // Nobody is attached to it, and it must live all the same.
    ["set-option", "-t", target, "destroy-unattached", "off"],
  ];
  // The directory is that of the process: as an argument tmux would expand formats in it.
  const result = await server.exec(commands, { cwd });
  const [pane = "", pid = "", start = "", cols = "", rows = "", window = ""] = result.stdout
    .toString("utf8")
    .trim()
    .split("|");
  if (result.status !== "exited" || result.code !== 0 || !/^%\d+$/.test(pane)) {
    rmSync(script, { force: true });
    return { ok: false, message: explainRun("tmux", result) };
  }
  return {
    ok: true,
    key: { serverPid: Number(pid), serverStart: Number(start), pane },
    pane: {
      socket: server.name,
      pane,
      tmux_session: session,
      window,
      cols: Number(cols),
      rows: Number(rows),
    },
  };
}

/** A vector too long for tmux goes through a file that removes itself first. */
function shortArgv(argv: string[], script: string): string[] {
  if (argv.reduce((sum, arg) => sum + Buffer.byteLength(arg) + 1, 0) <= MAX_COMMAND_BYTES) return argv;
  writeFileSync(script, `rm -f -- "$0"\nexec ${argv.map(shellQuote).join(" ")}\n`, { mode: 0o600 });
  return ["sh", script];
}

/** Gives the tmux session a name for people. Taken names are passed over; without one it keeps the session's id. */
async function giveName(server: TmuxServer, session: string, title: string): Promise<void> {
  const slug =
    title
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 40) || "signalbox";
  for (const name of [slug, `${slug}-2`, `${slug}-3`, `${slug}-${session.slice(-4)}`]) {
    const renamed = await server.exec([["rename-session", "-t", `=${session}`, name]]);
    if (renamed.status === "exited" && renamed.code === 0) return;
  }
}

function programName(command: CommandOf<"spawn">): string {
  return (
    command.agent ?? (command.argv === undefined ? "shell" : basename(command.argv[0] ?? "") || "program")
  );
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // not there, or not for us
  }
}
