import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command, CommandOf, CommandResult } from "../../../protocol/commands.ts";
import { SessionId } from "../../../protocol/ids.ts";
import type { AgentConfig } from "../../config.ts";
import { DONE, failed } from "../../parts.ts";
import type { CommandContext, Log, Outlet, Part } from "../../parts.ts";
import type { Store } from "../../store.ts";
import { codexArgv } from "./codexArgv.ts";
import { factsMessage, newCodexSession, sessionMessage } from "./codexSession.ts";
import { fitEvent } from "./fitEvent.ts";
import type { Follower } from "./followJob.ts";
import { followTurn } from "./followTurn.ts";
import { createJobFiles, jobDir, readChild, readExit, removeJobFiles } from "./jobFiles.ts";
import { openJobStore } from "./jobStore.ts";
import type { CodexJob, CodexSession, JobKey } from "./jobStore.ts";
import { launchSupervisor } from "./launchSupervisor.ts";
import type { SelfProgram } from "./launchSupervisor.ts";
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
  /** Tells the edge of every session with a running job again, for an edge that has forgotten them. */
  announce(): void;
};

type Running = { turn: number; dir: string; follower: Follower };

/** How long a command waits for the agent's process, to say its number. */
const START_PATIENCE_MS = 10_000;
const LOOK_MS = 20;

/** Runs `codex exec --json` as jobs that outlive the daemon, and tells the edge every line of them. */
export async function startCodexJobs(deps: CodexDeps): Promise<CodexPart> {
  const { config, store, outlet, log } = deps;
  const now = deps.clock ?? Date.now;
  const jobs = openJobStore(store);
  const running = new Map<string, Running>();
  /** Sessions whose next turn is being prepared. */
  const beginning = new Set<string>();
  /** Answers that still look at the store. */
  const answers = new Set<Promise<CommandResult>>();
  let stopped = false;

  for (const job of jobs.unended()) {
    follow(job, () => false, Promise.resolve());
    // The daemon may have died between writing this down and doing it.
    if (job.stopped) void stopJob(dirOf(job), "gently", AbortSignal.timeout(60_000));
  }

  function dirOf(job: JobKey): string {
    return jobDir(config.state_dir, job.session, job.turn);
  }

  /** Follows a job to its end; its files stay until then, and until `needed` is over. */
  function follow(job: CodexJob, isLaunching: () => boolean, needed: Promise<unknown>): void {
    const dir = dirOf(job);
    const follower = followTurn({ job, dir, isLaunching, jobs, store, outlet, log, now, readGit });
    const entry = { turn: job.turn, dir, follower };
    running.set(job.session, entry);
    const tidyUp = async () => {
      await follower.ended;
      if (jobs.job(job.session, job.turn)?.ended !== true) return;
      running.delete(job.session);
      await needed;
      await removeJobFiles(dir);
    };
    tidyUp().catch((error: unknown) => {
      log("warn", "The files of a codex job could not be removed.", { dir, error: String(error) });
    });
  }

  async function start(command: CommandOf<"codex_start">, context: CommandContext): Promise<CommandResult> {
    const known = jobs.jobOfCommand(context.id);
    if (known !== null) return startResult(known); // the command came twice; its job is there already
    if (!SessionId.safeParse(context.session).success) return failed("bad_session", "This is not the id of a session.");
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
    const row: CodexSession = {
      ...(before ?? newCodexSession(session, command.cwd, prompt)),
      cwd: command.cwd,
      model: command.model ?? null,
      sandbox: command.sandbox ?? null,
      turns: (before?.turns ?? 0) + 1,
    };
    const key: JobKey = { session, turn: row.turns };
    const dir = dirOf(key);
    const first = startTurn({
      turn: key.turn,
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
    const argv = codexArgv(config.agents.codex, command);
    await createJobFiles(dir, { ...key, argv, cwd: row.cwd }, prompt);
    const git = await readGit(row.cwd);
    if (stopped || context.signal.aborted) {
      await removeJobFiles(dir);
      return failed("stopped", "The job was not started: the command was cancelled, or the daemon is stopping.");
    }

    const at = now();
    const events = first.events.map((event) => ({ at, event: fitEvent(event) }));
    const told = outlet.put(
      [before === null ? sessionMessage(row, git) : factsMessage(row, git), { kind: "events", session, events }],
      () => {
        jobs.putSession(row);
        jobs.addJob(job);
      },
    );
    if (!told) {
      await removeJobFiles(dir);
      return failed("journal_full", "The host's journal is full: nothing is started until the link has caught up.");
    }
    // From here on the job is known: whatever happens, it is followed, or told to have ended.
    const supervisor = launchSupervisor(dir, deps, deps.env ?? process.env, () => running.get(session)?.follower.wake());
    const result = startResult(job);
    answers.add(result);
    follow(job, supervisor.isRunning, result);
    log("info", "A codex job was started.", key);
    return await result.finally(() => answers.delete(result));
  }

  /** Waits for the agent's process and says its number, or why there is none. */
  async function startResult(key: JobKey): Promise<CommandResult> {
    const worktree = jobs.session(key.session)?.worktree ?? null;
    const dir = dirOf(key);
    const began = Date.now();
    while (Date.now() - began < START_PATIENCE_MS) {
      const exit = await readExit(dir);
      if (exit !== null && exit.error !== null) return failed("not_started", `Codex did not start: ${exit.error}.`);
      const pid = (await readChild(dir))?.pid ?? jobs.job(key.session, key.turn)?.pid ?? null;
      if (pid !== null) {
        jobs.setPid(key, pid);
        return { status: "done", value: { type: "job", pid, worktree } };
      }
      if (jobs.job(key.session, key.turn)?.ended === true) break;
      await sleep(LOOK_MS);
    }
    return failed("not_started", "Codex did not start; the session's log says why.");
  }

  async function stop(session: string, how: "gently" | "at once", context: CommandContext): Promise<CommandResult> {
    const job = running.get(session);
    if (job === undefined) return failed("not_running", "No Codex job runs in this session.");
    jobs.setStopped({ session, turn: job.turn });
    if (!(await stopJob(job.dir, how, context.signal))) {
      return failed("still_running", "Codex was asked to stop, but has not ended yet.");
    }
    job.follower.wake();
    return DONE;
  }

  /** More text for a session whose turn is over: the next turn of the same conversation. */
  function goOn(command: CommandOf<"send_input">, context: CommandContext): Promise<CommandResult> | CommandResult {
    const row = jobs.session(context.session);
    if (row === null) return failed("no_such_session", "This host does not know the session.");
    if (command.text.trim() === "") return failed("empty", "There is no text to send.");
    return start(
      {
        type: "codex_start",
        prompt: command.text,
        cwd: row.cwd,
        ...(row.model === null ? {} : { model: row.model }),
        ...(row.sandbox === null ? {} : { sandbox: row.sandbox }),
        ...(row.thread === null ? {} : { resume: row.thread }),
      },
      context,
    );
  }

  async function run(command: Command, context: CommandContext): Promise<CommandResult> {
    switch (command.type) {
      case "codex_start":
        return start(command, context);
      case "send_input":
        return goOn(command, context);
      case "codex_stop":
      case "interrupt":
        return stop(context.session, "gently", context);
      case "kill":
        return stop(context.session, "at once", context);
      default:
        return failed("not_supported", "A Codex job has no terminal; it takes text, stop and kill.");
    }
  }

  return {
    handles: (command, session) =>
      command.type === "codex_start" || command.type === "codex_stop" || jobs.session(session) !== null,
    run,
    jobs: () => [...running].map(([session, { turn }]) => ({ session, turn })),
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

async function readGit(_cwd: string) {
  return null;
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // not there, or not ours to see
  }
}
