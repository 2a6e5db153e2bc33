import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command, CommandOf, CommandResult } from "../../../protocol/commands.ts";
import { SessionId } from "../../../protocol/ids.ts";
import type { Worktree } from "../../../protocol/session.ts";
import type { SessionPlace } from "../../changes/startChanges.ts";
import type { AgentConfig } from "../../config.ts";
import { DONE, failed } from "../../parts.ts";
import type { CommandContext, Log, Outlet, Part } from "../../parts.ts";
import type { Store } from "../../store.ts";
import { addWorktree } from "../../worktrees/addWorktree.ts";
import { removeWorktree } from "../../worktrees/removeWorktree.ts";
import { refuseLoss } from "../../worktrees/refuseLoss.ts";
import { openSnapshotRepos } from "../../worktrees/snapshotRepos.ts";
import type { KnownPlace } from "../../worktrees/startWorktrees.ts";
import { codexArgv } from "./codexArgv.ts";
import { factsMessage, newCodexSession, sessionMessage } from "./codexSession.ts";
import { fitEvent } from "./fitEvent.ts";
import type { Follower, SupervisorState } from "./followJob.ts";
import { followTurn } from "./followTurn.ts";
import { createJobFiles, jobDir, readChild, readClaim, readExit, removeJobFiles } from "./jobFiles.ts";
import { openJobStore } from "./jobStore.ts";
import type { CodexJob, CodexSession, JobKey } from "./jobStore.ts";
import { launchSupervisor } from "./launchSupervisor.ts";
import type { SelfProgram } from "./launchSupervisor.ts";
import { readGitState } from "./readGitState.ts";
import { listJobFiles, recoverJob } from "./recoverJob.ts";
import type { Recovered } from "./recoverJob.ts";
import { stopJob } from "./stopJob.ts";
import { startTurn } from "./translate.ts";

export type CodexDeps = SelfProgram & {
  config: AgentConfig;
  store: Store;
  outlet: Outlet;
  log: Log;
  /** Milliseconds since 1970; for tests. */
  clock?: () => number;
  /** Environment of the jobs; that of the daemon when not given. */
  env?: NodeJS.ProcessEnv;
};

/** The part of the daemon that runs Codex without a terminal. */
export type CodexPart = Part & {
  /** The jobs that run now. */
  jobs(): JobKey[];
  /** Where the sessions with a running job work. */
  directories(): string[];
  /** The sessions with a worktree or a running job, with where they work. */
  places(): KnownPlace[];
  /** Where a job works, or worked; null when the session is no job's. */
  placeOf(session: string): SessionPlace | null;
  /** Tells the edge of every session with a running job again, for an edge that has forgotten them. */
  announce(): void;
};

type Place =
  | { ok: true; cwd: string; worktree: Worktree | null; isNew: boolean }
  | { ok: false; code: string; message: string };

type Running = { turn: number; dir: string; follower: Follower };

/** How long a command waits for the agent's process, to say its number. */
const START_PATIENCE_MS = 10_000;
const LOOK_MS = 20;
/** A job whose following broke is followed again after this. */
const FOLLOW_AGAIN_MS = 5_000;

const UNSEEN: CommandResult = {
  status: "indeterminate",
  message:
    "The job was started, but its process was not seen in time. The session's log says how it went on.",
};

/** Runs `codex exec --json` as jobs that outlive the daemon, and tells the edge every line of them. */
export async function startCodexJobs(deps: CodexDeps): Promise<CodexPart> {
  const { config, store, outlet, log } = deps;
  const now = deps.clock ?? Date.now;
  const jobs = openJobStore(store);
  const repos = openSnapshotRepos(store);
  const running = new Map<string, Running>();
  /** Sessions whose next turn is being prepared. */
  const beginning = new Set<string>();
  /** Answers that still look at the store. */
  const answers = new Set<Promise<CommandResult>>();
  let stopped = false;

  await recover();
  for (const job of jobs.unended()) {
    follow(job, () => "not ours", Promise.resolve());
    // The daemon may have died between writing this down and doing it.
    if (job.stopped) void stopJob(dirOf(job), "gently", AbortSignal.timeout(60_000));
  }

  /** Puts right what a crash, or a store that was wiped, left of jobs' files. */
  async function recover(): Promise<void> {
    for (const { dir, ...key } of await listJobFiles(config.state_dir)) {
      const known = jobs.job(key.session, key.turn);
      if (known?.ended === false) continue;
      try {
        const lost = known === null && (await readClaim(dir)) !== null ? await recoverJob(dir) : null;
        // Without a claim nothing was ever started for it, and nothing can be without its files.
        if (lost === null) await removeJobFiles(dir);
        else remember(key, lost);
      } catch (error) {
        // One job's files must not keep all others from being followed.
        log("warn", "The files of a codex job cannot be read or removed.", { dir, error: String(error) });
      }
    }
  }

  /**
   * Takes up a job that the store has forgotten; what the edge missed of it cannot be known. With a full journal its
   * files stay for the next time.
   */
  function remember(key: JobKey, { spec, prompt, state, readTo }: Recovered): void {
    const row: CodexSession = {
      ...(jobs.session(key.session) ?? newCodexSession(key.session, spec.cwd, prompt)),
      thread: state.thread,
      worktree: spec.worktree,
      turns: key.turn,
    };
    const message = "The daemon's memory of this job was lost: events from before this may be missing.";
    log("warn", message, key);
    outlet.put(
      [
        sessionMessage(row, null),
        {
          kind: "events",
          session: key.session,
          events: [{ at: now(), event: { type: "notice", level: "warning", message } }],
        },
      ],
      () => {
        jobs.putSession(row);
        jobs.addJob({
          ...key,
          command: `recovered ${key.session} ${key.turn}`,
          ended: false,
          stopped: false,
          pid: null,
          read_to: readTo,
          state,
        });
      },
    );
  }

  function dirOf(job: JobKey): string {
    return jobDir(config.state_dir, job.session, job.turn);
  }

  /** Follows a job to its end; its files stay until then, and until `needed` is over. */
  function follow(job: CodexJob, supervisor: () => SupervisorState, needed: Promise<unknown>): void {
    const dir = dirOf(job);
    let ended = false;
    const onEnded = () => {
      ended = true;
      running.delete(job.session);
    };
    const follower = followTurn({ job, dir, supervisor, jobs, store, outlet, log, now, onEnded });
    running.set(job.session, { turn: job.turn, dir, follower });
    const after = async () => {
      await follower.ended;
      await needed;
      if (ended) return removeJobFiles(dir);
      // Something broke (the disk, the number of open files): it is taken up again from what is stored.
      if (!stopped) await sleep(FOLLOW_AGAIN_MS, undefined, { ref: false });
      const stored = stopped ? null : jobs.job(job.session, job.turn);
      if (stored?.ended === false) follow(stored, supervisor, Promise.resolve());
    };
    after().catch((error: unknown) => {
      log("warn", "A codex job's end was not tidied up.", { dir, error: String(error) });
    });
  }

  async function start(command: CommandOf<"codex_start">, context: CommandContext): Promise<CommandResult> {
    const known = jobs.jobOfCommand(context.id);
    if (known !== null) return startResult(known, context.signal); // the command came twice; its job is there already
    if (!SessionId.safeParse(context.session).success)
      return failed("bad_session", "This is not the id of a session.");
    if (command.resume?.startsWith("-") === true) {
      return failed("bad_thread", "The id of a thread does not begin with a dash.");
    }
    if (running.has(context.session) || beginning.has(context.session)) {
      return failed("busy", "Codex is still working in this session. Stop it, or wait until it is done.");
    }
    beginning.add(context.session);
    try {
      return await begin(command, context);
    } finally {
      beginning.delete(context.session);
    }
  }

  async function begin(command: CommandOf<"codex_start">, context: CommandContext): Promise<CommandResult> {
    const { session } = context;
    const { resume, prompt } = command;
    if (!(await isDirectory(command.cwd))) {
      return failed("no_such_directory", `${command.cwd} is not a directory on this host.`);
    }
    const before = jobs.session(session);
    const place = await placeOf(command, before);
    if (!place.ok) return failed(place.code, place.message);
    // A turn goes on with what the one before it was given, unless it says otherwise.
    const sandbox = command.sandbox ?? before?.sandbox ?? null;
    const model = command.model ?? before?.model ?? null;
    const row: CodexSession = {
      ...(before ?? newCodexSession(session, place.cwd, prompt)),
      cwd: place.cwd,
      worktree: place.worktree,
      model,
      sandbox,
      turns: (before?.turns ?? 0) + 1,
    };
    const key: JobKey = { session, turn: row.turns };
    const dir = dirOf(key);
    const first = startTurn({
      turn: key.turn,
      // A thread this host does not remember: the session may have had turns before, with these numbers.
      prefix:
        before === null && resume !== undefined ? `t${key.turn}-${context.id.slice(-6)}` : `t${key.turn}`,
      prompt,
      resume: resume === undefined ? null : { thread: resume, total: jobs.threadTotal(resume) },
    });
    const job: CodexJob = {
      ...key,
      command: context.id,
      ended: false,
      stopped: false,
      pid: null,
      read_to: 0,
      state: first.state,
    };
    const undo = async (result: CommandResult) => {
      await removeJobFiles(dir);
      if (place.isNew && place.worktree !== null) await removeWorktree(place.worktree);
      return result;
    };
    const argv = codexArgv(config.agents.codex, { model, sandbox, resume: resume ?? null });
    await createJobFiles(dir, { ...key, argv, cwd: row.cwd, worktree: row.worktree }, prompt);
    const git = await readGitState(row.cwd);
    if (stopped || context.signal.aborted) {
      return undo(failed("stopped", "The job was not started: it was cancelled, or the daemon is stopping."));
    }

    const at = now();
    const events = first.events.map((event) => ({ at, event: fitEvent(event) }));
    const told = outlet.put(
      [
        before === null ? sessionMessage(row, git) : factsMessage(row, git),
        { kind: "events", session, events },
      ],
      () => {
        jobs.putSession(row);
        jobs.addJob(job);
      },
    );
    if (!told) {
      return undo(
        failed("journal_full", "The host's journal is full: nothing starts until the link has caught up."),
      );
    }
    // From here on the job is known: whatever happens, it is followed, or told to have ended.
    const supervisor = launchSupervisor(dir, deps, deps.env ?? process.env, log, () =>
      running.get(session)?.follower.wake(),
    );
    const result = startResult(job, context.signal);
    answers.add(result);
    follow(job, supervisor, result);
    log("info", "A codex job was started.", key);
    return await result.finally(() => answers.delete(result));
  }

  /** Where the turn works: in a worktree that is made for it, in that of the session, or where it was told to. */
  async function placeOf(command: CommandOf<"codex_start">, before: CodexSession | null): Promise<Place> {
    const own = before?.worktree ?? null;
    if (command.worktree === undefined) return { ok: true, cwd: command.cwd, worktree: own, isNew: false };
    if (before !== null && own !== null) {
      // Asked for again, with the next turn: it is there.
      if (own.branch === command.worktree.branch)
        return { ok: true, cwd: before.cwd, worktree: own, isNew: false };
      return {
        ok: false,
        code: "has_worktree",
        message: `This session already works in ${own.path} (${own.branch}).`,
      };
    }
    const added = await addWorktree({
      cwd: command.cwd,
      worktreesDir: config.worktrees_dir,
      ...command.worktree,
    });
    return added.ok ? { ok: true, cwd: added.cwd, worktree: added.worktree, isNew: true } : added;
  }

  /** Waits for the agent's process and says its number, or why there is none. */
  async function startResult(key: JobKey, signal: AbortSignal): Promise<CommandResult> {
    const worktree = jobs.session(key.session)?.worktree ?? null;
    const dir = dirOf(key);
    const began = Date.now();
    while (Date.now() - began < START_PATIENCE_MS) {
      if (signal.aborted) return UNSEEN;
      const exit = await readExit(dir);
      if (exit !== null && exit.error !== null)
        return failed("not_started", `Codex did not start: ${exit.error}.`);
      const pid = (await readChild(dir))?.pid ?? jobs.job(key.session, key.turn)?.pid ?? null;
      if (pid !== null) {
        jobs.setPid(key, pid);
        return { status: "done", value: { type: "job", pid, worktree } };
      }
      if (jobs.job(key.session, key.turn)?.ended === true) break;
      await sleep(LOOK_MS);
    }
    return jobs.job(key.session, key.turn)?.ended === true
      ? failed("not_started", "Codex did not start; the session's log says why.")
      : UNSEEN;
  }

  async function stop(
    session: string,
    how: "gently" | "at once",
    context: CommandContext,
  ): Promise<CommandResult> {
    const job = running.get(session);
    if (job === undefined) return failed("not_running", "No Codex job runs in this session.");
    jobs.setStopped({ session, turn: job.turn });
    if (!(await stopJob(job.dir, how, context.signal))) {
      return failed("still_running", "Codex was asked to stop, but has not ended yet.");
    }
    job.follower.wake();
    return DONE;
  }

  async function kill(command: CommandOf<"kill">, context: CommandContext): Promise<CommandResult> {
    const worktree = jobs.session(context.session)?.worktree ?? null;
    const refused = await refuseLoss(worktree, command.force === true);
    if (refused !== null) return refused;
    return stop(context.session, "at once", context);
  }

  async function dropWorktree(session: string, how: CommandOf<"remove_worktree">): Promise<CommandResult> {
    const row = jobs.session(session);
    if (row === null || row.worktree === null) return failed("no_worktree", "This session has no worktree.");
    if (running.has(session) || beginning.has(session)) {
      return failed("busy", "Codex is still working in the worktree. Stop it first.");
    }
    if (how.snapshot === true) repos.note(row.worktree.repo);
    const result = await removeWorktree(row.worktree, how);
    if (result.status !== "done") return result;
    const after = { ...row, worktree: null, cwd: row.worktree.repo };
    const git = await readGitState(after.cwd);
    // With a full journal the edge learns of it by the next facts.
    if (!outlet.put([factsMessage(after, git)], () => jobs.putSession(after))) jobs.putSession(after);
    return result;
  }

  async function run(command: Command, context: CommandContext): Promise<CommandResult> {
    switch (command.type) {
      case "codex_start":
        return start(command, context);
      case "codex_stop":
      case "interrupt":
        return stop(context.session, "gently", context);
      case "kill":
        return kill(command, context);
      case "remove_worktree":
        return dropWorktree(context.session, command);
      default:
        return failed(
          "not_supported",
          "A Codex job has no terminal: it can be stopped, killed, and gone on with.",
        );
    }
  }

  return {
    handles: (command, session) =>
      command.type === "codex_start" || command.type === "codex_stop" || jobs.session(session) !== null,
    run,
    jobs: () => [...running].map(([session, { turn }]) => ({ session, turn })),
    directories: () => [...running.keys()].flatMap((session) => jobs.session(session)?.cwd ?? []),
    places: () =>
      jobs.sessions().map(({ session, cwd, worktree }) => ({
        session,
        directory: cwd,
        worktree,
        live: running.has(session) || beginning.has(session),
      })),
    placeOf(session) {
      const row = jobs.session(session);
      return row === null ? null : { directory: row.cwd, worktree: row.worktree };
    },
    announce() {
      for (const session of running.keys()) {
        const row = jobs.session(session);
        if (row !== null) outlet.put([sessionMessage(row, null)]);
      }
    },
    async stop() {
      stopped = true;
      await Promise.all([...answers, ...[...running.values()].map(({ follower }) => follower.stop())]);
    },
  };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // not there, or not ours to see
  }
}
