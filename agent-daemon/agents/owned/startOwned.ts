import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { Command, CommandOf, CommandResult } from "../../../protocol/commands.ts";
import { SessionId } from "../../../protocol/ids.ts";
import type { SessionPlace } from "../../changes/startChanges.ts";
import type { AgentConfig } from "../../config.ts";
import { DONE, failed, type CommandContext, type Log, type Outlet, type Part } from "../../parts.ts";
import type { Store } from "../../store.ts";
import { addWorktree, type AddedWorktree } from "../../worktrees/addWorktree.ts";
import { findWorktree } from "../../worktrees/findWorktree.ts";
import { refuseLoss } from "../../worktrees/refuseLoss.ts";
import { removeWorktree } from "../../worktrees/removeWorktree.ts";
import { openSnapshotRepos } from "../../worktrees/snapshotRepos.ts";
import type { KnownPlace } from "../../worktrees/startWorktrees.ts";
import { readChild, readExit, removeJobFiles } from "../codex/jobFiles.ts";
import type { SelfProgram } from "../codex/launchSupervisor.ts";
import { readGitState } from "../codex/readGitState.ts";
import { stopJob } from "../codex/stopJob.ts";
import { decided, openRequestStore } from "../requests/openRequestStore.ts";
import type { AgentState, AnyAdapter, Step } from "./adapter.ts";
import { ADAPTERS } from "./adapters.ts";
import { addStep, givePrompts, makeChange } from "./makeChange.ts";
import { openOwnedStore, type OwnedSession } from "./openOwnedStore.ts";
import { factsMessage, sessionMessage, titleOf } from "./ownedMessages.ts";
import { runAgents } from "./runAgents.ts";

export type OwnedDeps = SelfProgram & {
  config: AgentConfig;
  store: Store;
  outlet: Outlet;
  log: Log;
  /** Environment of the agents; that of the daemon when not given. */
  env?: NodeJS.ProcessEnv;
  /** For tests. */
  longRecord?: number;
};

/** The part of the daemon that runs agents without a terminal. */
export type OwnedPart = Part & {
  /** Where the sessions with a running agent work. */
  directories(): string[];
  /** The session with a running agent that has this conversation. */
  sessionOf(thread: string): string | null;
  /** Every session that is remembered, with where it works or worked. */
  places(): KnownPlace[];
  /** Where an agent works, or worked; null when the session is none of these. */
  placeOf(session: string): SessionPlace | null;
  /** Tells the edge of every session with a running agent again, for an edge that has forgotten them. */
  announce(): void;
};

/** How long a command waits for the agent's process, to say its number. */
const START_PATIENCE_MS = 10_000;
const LOOK_MS = 20;
/** An agent says at once that it took a decision. */
const TAKE_MS = 15_000;
/** Ended requests are remembered this long, so that a late decision learns how they ended. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;

const FULL = failed(
  "journal_full",
  "The host's journal is full: nothing is done until the link has caught up.",
);
const NOT_RUNNING = failed("not_running", "The agent does nothing right now.");
const UNKNOWN: CommandResult = {
  status: "indeterminate",
  message: "The agent was given the decision, and has not said whether it took it.",
};

/** Runs agents that are spoken to in lines of text, in processes that outlive the daemon (see runAgents). */
export async function startOwned(deps: OwnedDeps): Promise<OwnedPart> {
  const { config, store, outlet, log, env = process.env } = deps;
  const owned = openOwnedStore(store);
  const repos = openSnapshotRepos(store);
  const requests = openRequestStore(store, "owned", z.record(z.string(), z.unknown()));
  requests.prune(Date.now() - KEEP_MS);
  const agents = runAgents({ ...deps, env, owned, requests, adapterOf });
  const stopping = new AbortController();
  await endStrangers();
  await agents.resume();

  function adapterOf({ agent }: Pick<OwnedSession, "agent">): AnyAdapter {
    const adapter = ADAPTERS[agent];
    if (adapter === undefined) throw new Error(`${agent} cannot be run without a terminal`);
    return adapter;
  }

  /** What runs for sessions that the store has forgotten: nobody could speak with it, or see what it does. */
  async function endStrangers(): Promise<void> {
    const root = join(config.state_dir, "owned");
    for (const session of await namesIn(root))
      for (const run of await namesIn(join(root, session))) {
        const row = owned.session(session);
        if (row?.alive === true && String(row.run) === run) continue;
        const dir = join(root, session, run);
        log("warn", "The files of an agent that nobody knows are removed.", { dir });
        await stopJob(dir, "at once", AbortSignal.timeout(5_000));
        await removeJobFiles(dir);
      }
  }

  async function start(command: CommandOf<"agent_start">, context: CommandContext): Promise<CommandResult> {
    const { session } = context;
    if (!SessionId.safeParse(session).success)
      return failed("bad_session", "This is not the id of a session.");
    // It comes again from a daemon that died before it had noted how this ended.
    if (owned.session(session) !== null) return started(session, context.signal);
    const { agent, program = null, prompt, resume, fork = false } = command;
    const { model = null, mode = null, effort = null, agent_type: agentType = null } = command;
    if (ADAPTERS[agent] === undefined)
      return failed("not_supported", `This host cannot run ${agent} without a terminal.`);
    const adapter = adapterOf({ agent });
    if (!(await isDirectory(command.cwd)))
      return failed("no_such_directory", `${command.cwd} is not a directory on this host.`);
    const added =
      command.worktree === undefined ? null : await makeWorktree(command.cwd, command.worktree, context);
    if (added?.ok === false) return failed(added.code, added.message);
    const cwd = added?.cwd ?? command.cwd;
    const row: OwnedSession = {
      session,
      agent,
      program,
      title: titleOf(prompt, program ?? agent, cwd),
      cwd,
      worktree: added?.worktree ?? null,
      model,
      mode,
      effort,
      agentType,
      origin: resume === undefined ? null : { thread: resume, fork },
      state: null,
      run: 0,
      alive: false,
      took: false,
      stopped: false,
      leaving: false,
      readTo: 0,
      input: 0,
      status: "starting",
      preview: null,
    };
    const git = await readGitState(cwd);
    const known = outlet.put([sessionMessage(row, adapter, git)], () => {
      owned.put(row);
      if (prompt !== undefined) owned.addPrompt(session, { id: context.id, text: prompt });
    });
    const problem = known ? await agents.launch(session) : "The host's journal is full.";
    if (problem !== null) {
      if (added !== null) await removeWorktree(added.worktree);
      dropPrompts(session);
      return failed("not_started", problem);
    }
    return started(session, context.signal);
  }

  /** Makes a session's worktree; what a daemon that died in the middle of this left of it is taken away first. */
  async function makeWorktree(
    cwd: string,
    wanted: NonNullable<CommandOf<"agent_start">["worktree"]>,
    { id }: CommandContext,
  ): Promise<AddedWorktree> {
    const begun = `${id} worktree`;
    const request = { cwd, worktreesDir: config.worktrees_dir, ...wanted };
    const again = owned.isDone(begun);
    owned.setDone(begun, Date.now());
    const added = await addWorktree(request);
    if (added.ok || added.code !== "branch_exists" || !again) return added;
    const left = await findWorktree(cwd, config.worktrees_dir, wanted.branch);
    if (left === null || (await removeWorktree(left)).status !== "done") return added;
    return addWorktree(request);
  }

  /** Waits for the agent's process and says its number, or why there is none. */
  async function started(session: string, signal: AbortSignal): Promise<CommandResult> {
    for (const began = Date.now(); Date.now() - began < START_PATIENCE_MS; await sleep(LOOK_MS)) {
      const row = owned.session(session);
      if (row === null || signal.aborted) break;
      const dir = agents.dirOf(row);
      const error = (await readExit(dir))?.error ?? null;
      if (error !== null) return failed("not_started", `The agent did not start: ${error}.`);
      const child = await readChild(dir);
      if (child !== null)
        return { status: "done", value: { type: "job", pid: child.pid, worktree: row.worktree } };
      if (!row.alive) return failed("not_started", "The agent did not start; the session's log says why.");
    }
    return DONE; // it is being started, also by a daemon after this one: the session's log says how it goes on
  }

  function dropPrompts(session: string): void {
    for (const { id } of owned.prompts(session)) owned.dropPrompt(session, id);
  }

  async function prompt(row: OwnedSession, text: string, id: string): Promise<CommandResult> {
    const { session } = row;
    const done = () => owned.setDone(id, Date.now());
    if (row.alive && !row.stopped && !row.leaving) {
      const change = makeChange(row);
      givePrompts(change, adapterOf(row), [...owned.prompts(session), { id, text }], Date.now());
      const also = () => {
        done();
        if (!change.taken.some((each) => each.id === id)) owned.addPrompt(session, { id, text });
      };
      return agents.commit(change, also) ? DONE : FULL;
    }
    store.transaction(() => {
      done();
      owned.addPrompt(session, { id, text });
    });
    const problem = await agents.launch(session);
    if (problem === null) return DONE;
    owned.dropPrompt(session, id);
    return failed("not_started", problem);
  }

  /** Does to a running agent what its adapter says, once for each command. */
  function tell(
    row: OwnedSession,
    id: string,
    work: (state: AgentState) => Step<AgentState> | null,
  ): CommandResult | null {
    const step = row.alive && row.state !== null ? work(row.state) : null;
    if (step === null) return null;
    const change = makeChange(row);
    addStep(change, step, Date.now());
    return agents.commit(change, () => owned.setDone(id, Date.now())) ? DONE : FULL;
  }

  async function decide(
    row: OwnedSession,
    command: CommandOf<"decide">,
    signal: AbortSignal,
  ): Promise<CommandResult> {
    const before = requests.endOf(command.request);
    if (before !== null) return decided(before);
    const request = requests.get(command.request);
    if (request === null || request.session !== row.session)
      return failed("no_such_request", "This host does not know the request.");
    const over = agents.whenOver(request.id);
    try {
      if (request.decision === null) {
        const { state } = row;
        const step = state === null ? null : adapterOf(row).decide(state, request.asked, command);
        if (step === null) return failed("not_here", "The agent takes no answer to this from here.");
        const change = makeChange(row);
        addStep(change, step, Date.now(), request.id);
        // Stored before the agent is told.
        if (!agents.commit(change, () => requests.decide(request.id, command, Date.now()))) return FULL;
      }
      const end = await Promise.race([over, elapsed(AbortSignal.any([signal, stopping.signal]))]);
      return end === null ? UNKNOWN : decided(end);
    } finally {
      agents.forget(request.id);
    }
  }

  async function kill(row: OwnedSession, force: boolean, signal: AbortSignal): Promise<CommandResult> {
    const refused = await refuseLoss(row.worktree, force);
    if (refused !== null) return refused;
    const now = owned.session(row.session) ?? row;
    const change = makeChange({ ...now, stopped: true });
    if (now.alive) {
      owned.put(change.row);
      dropPrompts(row.session);
      if (!(await stopJob(agents.dirOf(now), "at once", signal)))
        return failed("still_running", "The agent was asked to stop, but has not ended yet.");
      agents.wake(row.session);
      return DONE;
    }
    const exit = { code: null, signal: null, message: null };
    change.events.push({ at: Date.now(), event: { type: "ended", status: "done", exit } });
    change.row.status = "done";
    return agents.commit(change) ? DONE : FULL;
  }

  /** Waits for the end of an agent that was stopped. */
  async function hasEnded(session: string, signal: AbortSignal): Promise<boolean> {
    for (const began = Date.now(); Date.now() - began < START_PATIENCE_MS; await sleep(LOOK_MS)) {
      if (owned.session(session)?.alive !== true) return true;
      if (signal.aborted) break;
    }
    return false;
  }

  async function dropWorktree(
    row: OwnedSession,
    how: CommandOf<"remove_worktree">,
    { id, signal }: CommandContext,
  ): Promise<CommandResult> {
    if (row.worktree === null) return failed("no_worktree", "This session has no worktree.");
    if (row.alive && !(row.stopped && (await hasEnded(row.session, signal))))
      return failed("busy", "The agent is still in the worktree. End it first.");
    if (how.snapshot === true) repos.note(row.worktree.repo);
    const result = await removeWorktree(row.worktree, how);
    if (result.status !== "done") return result;
    const after = { ...(owned.session(row.session) ?? row), worktree: null, cwd: row.worktree.repo };
    const facts = factsMessage(after, adapterOf(after), await readGitState(after.cwd));
    const note = () => {
      owned.put(after);
      if (how.snapshot !== true) owned.setDone(id, Date.now());
    };
    // With a full journal the edge learns of it by the next facts.
    if (!outlet.put([facts], note)) store.transaction(note);
    return result;
  }

  async function run(command: Command, { id, session, signal }: CommandContext): Promise<CommandResult> {
    if (command.type === "agent_start") return start(command, { id, session, signal });
    const row = owned.session(session);
    if (row === null) return failed("no_such_session", "This host does not know the session.");
    if (owned.isDone(id)) return DONE;
    const adapter = adapterOf(row);
    switch (command.type) {
      case "agent_prompt":
        return prompt(row, command.text, id);
      case "interrupt":
        return tell(row, id, (state) => adapter.interrupt(state)) ?? NOT_RUNNING;
      case "decide":
        return decide(row, command, signal);
      case "set_model":
        return change({ ...row, model: command.model }, id, (state) =>
          adapter.setModel(state, command.model),
        );
      case "set_mode":
        return change({ ...row, mode: command.mode }, id, (state) => adapter.setMode(state, command.mode));
      case "kill":
        return kill(row, command.force === true, signal);
      case "remove_worktree":
        return dropWorktree(row, command, { id, session, signal });
      default:
        return failed("not_supported", `An agent without a terminal takes no ${command.type}.`);
    }
  }

  /** Of an agent that does not run it holds from its next process on. */
  function change(
    row: OwnedSession,
    id: string,
    work: (state: AgentState) => Step<AgentState> | null,
  ): CommandResult {
    if (row.alive) return tell(row, id, work) ?? failed("not_supported", "This agent cannot change that.");
    owned.put(row);
    return DONE;
  }

  return {
    handles: (command, session) =>
      command.type === "agent_start" ||
      (command.type === "decide" ? requests.knows(command.request) : owned.session(session) !== null),
    // Each is carried out once, however often it comes; only what makes a snapshot is not.
    repeats: (command) => command.type !== "remove_worktree" || command.snapshot !== true,
    run,
    directories: () => agents.running().flatMap((session) => owned.session(session)?.cwd ?? []),
    sessionOf: (thread) =>
      owned.sessions().find(({ alive, state }) => alive && state?.thread === thread)?.session ?? null,
    places: () =>
      owned.sessions().map(({ session, cwd, worktree, alive }) => ({
        session,
        directory: cwd,
        worktree,
        live: alive,
      })),
    placeOf(session) {
      const row = owned.session(session);
      return row === null ? null : { directory: row.cwd, worktree: row.worktree };
    },
    announce() {
      for (const session of agents.running()) {
        const row = owned.session(session);
        if (row !== null) outlet.put([sessionMessage(row, adapterOf(row), null)]);
      }
    },
    async stop() {
      stopping.abort();
      await agents.stop();
    },
  };
}

function elapsed(aborted: AbortSignal): Promise<null> {
  // Rejects when aborted, which is an end as well.
  return sleep(TAKE_MS, null, { signal: aborted, ref: false }).catch(() => null);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // not there, or not ours to see
  }
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch {
    return []; // nothing was ever run here
  }
}
