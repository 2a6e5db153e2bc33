import { join } from "node:path";
import type { Command, CommandResult, CommandType } from "../../protocol/commands.ts";
import type { AgentConfig } from "../config.ts";
import { DONE, failed, type CommandContext, type Log, type Outlet } from "../parts.ts";
import type { Store } from "../store.ts";
import { adoptPane } from "./commands/adoptPane.ts";
import { killPane, removeSessionWorktree } from "./commands/killPane.ts";
import { searchPane, snapshotPane } from "./commands/readPane.ts";
import { pressOnScreen, seeScreen } from "./commands/pressOnScreen.ts";
import { resizePane } from "./commands/resizePane.ts";
import { spawnPane } from "./commands/spawnPane.ts";
import { interrupt, pasteText, pressKeys, typeBytes } from "./commands/typeText.ts";
import { cutText } from "./cutText.ts";
import { startPaneAccess } from "./paneAccess.ts";
import { openSessionRecords } from "./sessionRecords.ts";
import type { TmuxPart, TypeResult } from "./tmuxPart.ts";
import { findTmux } from "./findTmux.ts";
import type { CodingAgent } from "./recogniseAgent.ts";
import { openSnapshotRepos } from "../worktrees/snapshotRepos.ts";
import { watchPanes } from "./watchPanes.ts";

export type TmuxDeps = {
  config: AgentConfig;
  store: Store;
  outlet: Outlet;
  log: Log;
  /** Milliseconds since 1970; for tests. */
  clock?: () => number;
  /** The environment tmux and the agents' files are looked up in; for tests. */
  env?: NodeJS.ProcessEnv;
};

const ON_SESSIONS: ReadonlySet<CommandType> = new Set([
  "send_input",
  "send_keys",
  "paste",
  "interrupt",
  "resize",
  "snapshot",
  "search",
  "kill",
  "remove_worktree",
]);

/** Finds the panes of this machine's tmux servers, makes sessions of them and carries out commands on them. */
export async function startTmux(deps: TmuxDeps): Promise<TmuxPart> {
  const { config, outlet, log } = deps;
  const clock = deps.clock ?? Date.now;
  const env = { ...(deps.env ?? process.env) };
  // A daemon that runs in a pane must not be taken for one that wants to nest.
  delete env.TMUX;
  delete env.TMUX_PANE;

  const records = openSessionRecords(deps.store);
  const repos = openSnapshotRepos(deps.store);
  const tmux = await findTmux(config.tmux.path, env);
  const watch = watchPanes({ config, env, records, outlet, log, clock, unusable: tmux.unusable });
  const access = startPaneAccess({ directory: join(config.state_dir, "pipes"), records, watch, log });

  const run = async (command: Command, context: CommandContext): Promise<CommandResult> => {
    const { session } = context;
    const unusable = await tmux.unusable();
    if (unusable !== null) return failed("no_tmux", unusable);
    if (command.type === "spawn") return spawnPane({ config, env, records, watch, log }, command, session);
    if (command.type === "adopt") return adoptPane({ env, records, watch }, command, session);
    const record = records.get(session);
    if (record === undefined) return failed("no_such_session", "This host does not know the session.");
    if (command.type === "kill") return killPane({ records, watch, outlet, repos }, command, record);
    if (command.type === "remove_worktree")
      return removeSessionWorktree({ records, watch, outlet, repos }, command, record);
    if (record.endedAt !== null)
      return failed("ended", `The session has ended. ${record.endReason ?? ""}`.trim());
    const pane = watch.live(session);
    if (pane === undefined) return failed("unreachable", "The pane cannot be reached now.");
    switch (command.type) {
      case "send_input": {
        // Codex takes keys that come fast for a paste, and then an Enter for part of it.
        const pasted = pane.agent === "codex" && command.enter === true;
        return told(
          await access.inOrder(session, () =>
            pasted
              ? pasteText(pane, command.text, true)
              : typeBytes(pane, Buffer.from(command.text), command.enter),
          ),
        );
      }
      case "paste":
        return told(await access.inOrder(session, () => pasteText(pane, command.text, command.enter), true));
      case "send_keys":
        return told(await access.inOrder(session, () => pressKeys(pane, command.keys)));
      case "interrupt":
        return told(await access.inOrder(session, () => interrupt(pane)));
      case "resize": {
        const result = await resizePane(pane, command, { yield: false });
        if (result.ok) watch.resized(session, command.cols, command.rows);
        return told(result);
      }
      case "snapshot":
        return snapshotPane(pane, command);
      case "search":
        return searchPane(pane, access.ring(session), command, context.signal);
      default:
        return failed("not_here", `${command.type} is not for a terminal.`);
    }
  };

  const panesOf = (name: CodingAgent) =>
    [...watch.all()].flatMap(({ record, agent, row }) =>
      agent === name ? [{ session: record.session, panePid: row.panePid }] : [],
    );

  watch.start();
  return {
    get version() {
      return tmux.version();
    },
    problems: () =>
      [...watch.problems(), ...access.problems()].map((problem) => cutText(problem, 500)).slice(0, 10),
    refresh: watch.refresh,
    announce: watch.announce,
    directories: () =>
      [...records.all()].flatMap(({ endedAt, facts }) =>
        endedAt === null && facts !== null && facts.cwd !== null ? [facts.cwd] : [],
      ),
    cwdOf: (session) => records.get(session)?.facts?.cwd ?? null,
    places: () =>
      [...records.all()].map(({ session, worktree, endedAt, facts }) => ({
        session,
        directory: facts?.cwd ?? null,
        worktree,
        live: endedAt === null,
      })),
    placeOf(session) {
      const { worktree = null, facts } = records.get(session) ?? { facts: null };
      const directory = worktree?.path ?? facts?.cwd ?? null;
      return directory === null ? null : { directory, worktree };
    },
    handles: (command, session) =>
      command.type === "spawn" ||
      command.type === "adopt" ||
      (ON_SESSIONS.has(command.type) && records.get(session) !== undefined),
    async run(command, context) {
      try {
        return await run(command, context);
      } catch (error) {
        // What nobody foresaw must still become a result, or the command would wait for ever.
        log("error", "a command failed", {
          command: command.type,
          error: error instanceof Error ? error.stack : String(error),
        });
        return failed("internal", `It went wrong: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
    async sessionAt({ tmux: variable, pane }) {
      // `$TMUX` is the socket's path, the server's pid and a number; the pid tells the server, however its path is written.
      const pid = /,(\d+),\d+$/.exec(variable ?? "")?.[1];
      if (pid === undefined || pane === null) return null;
      const find = () =>
        [...records.all()].find(
          ({ endedAt, key }) => endedAt === null && key?.serverPid === Number(pid) && key.pane === pane,
        )?.session;
      if (find() === undefined) await watch.refresh();
      return find() ?? null;
    },
    claudes: () =>
      [...watch.all()].flatMap(({ record, claude }) =>
        claude === undefined ? [] : [{ session: record.session, claude }],
      ),
    codexes: () => panesOf("codex"),
    opencodes: () => panesOf("opencode"),
    tell: watch.tell,
    watched: () =>
      [...watch.all()].map(({ record: { session }, agent, row }) => ({
        session,
        agent,
        program: row.command,
        cwd: row.cwd,
        text: watch.screen(session),
        activeAt: row.windowActivity * 1000,
        tells: watch.tells(session),
      })),
    foreground: watch.foreground,
    async see(session) {
      const pane = watch.live(session);
      return pane === undefined ? null : seeScreen(pane);
    },
    async pressOn(session, seen, bytes) {
      const pane = watch.live(session);
      if (pane === undefined) return { ok: false, reason: "the pane is gone" };
      return access.inOrder(session, () => pressOnScreen(pane, seen, bytes));
    },
    prompted: watch.prompted,
    onLook: watch.onLook,
    ...access.panes,
    async stop() {
      await access.stop();
      await watch.stop();
    },
  };
}

function told(result: TypeResult): CommandResult {
  return result.ok ? DONE : failed("tmux", `tmux did not take it: ${result.reason}.`);
}
