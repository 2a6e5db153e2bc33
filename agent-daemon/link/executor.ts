import type { Command, CommandResult } from "../../protocol/commands.ts";
import type { Log, Part } from "../parts.ts";
import { DaemonStops, failed } from "../parts.ts";
import { changesNothing } from "./changesNothing.ts";
import type { Clock } from "./clock.ts";
import type { CommandJournal } from "./commandJournal.ts";

/** Commands of one session that may wait on the host; the edge holds the rest. */
export const MAX_QUEUED = 1_000;
/** Commands of one session that run side by side, where all of them only look. */
export const MAX_SIDE_BY_SIDE = 4;
/** How long to wait before noting something again that the disk did not take. */
const DISK_RETRY_MS = 2_000;
/** How long `stop` waits for running commands before it aborts them, and again after that. */
const STOP_GRACE_MS = 3_000;

export type IncomingCommand = { id: string; session: string; command: Command; ttlMs: number };

/**
 * Carries out the edge's commands: one after the other in a session, but those that follow each other and only look side
 * by side; sessions side by side; none twice.
 */
export type Executor = {
  accept(command: IncomingCommand): void;
  cancel(id: string, session: string): void;
  /** Answers a command that cannot be carried out at all (its kind is not known here). */
  refuse(id: string, session: string, result: CommandResult): void;
  stop(): Promise<void>;
};

export type ExecutorDeps = { commands: CommandJournal; parts: Part[]; clock: Clock; log: Log };

/** What runs. `looks`: it changes nothing. */
type Running = {
  id: string;
  session: string;
  looks: boolean;
  controller: AbortController;
  stopExpiry: () => void;
};
type Job = Running & { command: Command; deadline: number };
type Lane = { running: Set<Running>; queue: Job[] };

const CRASHED: CommandResult = {
  status: "indeterminate",
  message:
    "The host's daemon stopped after it had begun this and before it noted how it ended. It is not run again by itself.",
};

/** Starts the executor; first reports what an earlier process left without a result. */
export function startExecutor({ commands, parts, clock, log }: ExecutorDeps): Executor {
  const lanes = new Map<string, Lane>();
  const jobs = new Map<string, Running | Job>();
  const running = new Set<Promise<void>>();
  const timers = new Set<() => void>();
  let stopped = false;

  for (const { id, session } of commands.unfinished()) takeUp(id, session);

  function later(ms: number, work: () => void): void {
    const cancel = clock.after(ms, () => {
      timers.delete(cancel);
      work();
    });
    timers.add(cancel);
  }

  /** Records a result, for as long as it takes: until it is recorded nothing of the session may run that had to wait for it. */
  function settle(id: string, session: string, result: CommandResult, then: () => void): void {
    if (commands.finish(id, session, result)) {
      for (const part of parts) part.settled?.(id);
      then();
    } else if (!stopped) later(DISK_RETRY_MS, () => settle(id, session, result, then));
  }

  /** Goes on with a command that an earlier process left without a result, as far as a part knows what became of it. */
  function takeUp(id: string, session: string): void {
    const left = parts.map((part) => part.left?.(id) ?? null).find((each) => each !== null);
    if (left === undefined) return settle(id, session, CRASHED, () => {});
    if (!left.begun) {
      commands.forget(id);
      for (const part of parts) part.settled?.(id);
      return;
    }
    const job: Running = {
      id,
      session,
      looks: false,
      controller: new AbortController(),
      stopExpiry: () => {},
    };
    jobs.set(id, job);
    const lane = laneOf(session);
    lane.running.add(job);
    const followed = left.follow({ id, session, signal: job.controller.signal });
    const result = followed.catch((error: unknown) => {
      log("error", "A command of before could not be followed.", { id, session, error: String(error) });
      return CRASHED;
    });
    carryOut(lane, job, result);
  }

  function accept({ id, session, command, ttlMs }: IncomingCommand): void {
    if (stopped) return; // it stays in the edge's outbox and comes again
    const job = jobs.get(id);
    if (job !== undefined) {
      const deadline = clock.now() + ttlMs;
      // After a sleep the edge knows better how much time is left: our clock may have stood still.
      if ("deadline" in job && lanes.get(session)?.running.has(job) !== true && deadline < job.deadline)
        setDeadline(job, deadline);
      return;
    }
    const seen = commands.look(id);
    if (seen.known === "done") {
      commands.repeat(id);
      return;
    }
    if (seen.known === "running") return settle(id, session, CRASHED, () => {});
    if (ttlMs <= 0) return settle(id, session, { status: "expired" }, () => {});
    const lane = laneOf(session);
    if (lane.queue.length >= MAX_QUEUED) {
      return settle(
        id,
        session,
        failed("busy", `${MAX_QUEUED} commands already wait for this session.`),
        () => {},
      );
    }
    const fresh: Job = {
      id,
      session,
      command,
      looks: changesNothing(command),
      deadline: Number.POSITIVE_INFINITY,
      controller: new AbortController(),
      stopExpiry: () => {},
    };
    setDeadline(fresh, clock.now() + ttlMs);
    jobs.set(id, fresh);
    lane.queue.push(fresh);
    next(session);
  }

  function laneOf(session: string): Lane {
    let lane = lanes.get(session);
    if (lane === undefined) lanes.set(session, (lane = { running: new Set(), queue: [] }));
    return lane;
  }

  function setDeadline(job: Job, deadline: number): void {
    job.stopExpiry();
    job.deadline = deadline;
    job.stopExpiry = clock.after(deadline - clock.now(), () => drop(job, { status: "expired" }));
  }

  /** Takes a waiting job out of the queue, with a result. */
  function drop(job: Job, result: CommandResult): void {
    const lane = lanes.get(job.session);
    const at = lane?.queue.indexOf(job) ?? -1;
    if (lane === undefined || at < 0) return;
    lane.queue.splice(at, 1);
    job.stopExpiry();
    settle(job.id, job.session, result, () => {
      jobs.delete(job.id);
      tidy(job.session);
    });
  }

  function tidy(session: string): void {
    const lane = lanes.get(session);
    if (lane !== undefined && lane.running.size === 0 && lane.queue.length === 0) lanes.delete(session);
  }

  function next(session: string): void {
    const lane = lanes.get(session);
    if (stopped || lane === undefined) return;
    for (let job = lane.queue[0]; job !== undefined && mayJoin(lane, job); job = lane.queue[0]) {
      lane.queue.shift();
      job.stopExpiry();
      lane.running.add(job);
      begin(lane, job);
    }
    tidy(session);
  }

  /** Whether a job may begin beside those that run: what comes before it has ended, or looks as it does. */
  function mayJoin({ running: beside }: Lane, { looks }: Job): boolean {
    if (beside.size === 0) return true;
    return beside.size < MAX_SIDE_BY_SIDE && looks && [...beside].every((each) => each.looks);
  }

  function begin(lane: Lane, job: Job): void {
    if (stopped) return;
    const done = () => leave(lane, job);
    if (job.controller.signal.aborted) return settle(job.id, job.session, { status: "cancelled" }, done);
    if (clock.now() >= job.deadline) return settle(job.id, job.session, { status: "expired" }, done);
    const part = partOf(job);
    const seen =
      part?.repeats?.(job.command) === true
        ? commands.look(job.id)
        : commands.begin(job.id, job.session, () => part?.begins?.(job.command, job.id));
    if (seen.known === "busy") return later(DISK_RETRY_MS, () => begin(lane, job));
    if (seen.known !== "new") return settle(job.id, job.session, CRASHED, done);
    carryOut(lane, job, run(job));
  }

  function carryOut(lane: Lane, job: Running, ends: Promise<CommandResult>): void {
    const work = ends
      .then((result) => settle(job.id, job.session, result, () => leave(lane, job)))
      .finally(() => running.delete(work));
    running.add(work);
  }

  function leave(lane: Lane, job: Running): void {
    jobs.delete(job.id);
    lane.running.delete(job);
    next(job.session);
  }

  function partOf({ command, session }: Job): Part | undefined {
    return parts.find((each) => each.handles(command, session));
  }

  async function run(job: Job): Promise<CommandResult> {
    try {
      const part = partOf(job);
      if (part === undefined) {
        if (job.command.type === "decide")
          return failed("no_such_request", "This host does not know the request.");
        return failed("not_supported", `This host cannot carry out ${job.command.type} for this session.`);
      }
      return await part.run(job.command, { id: job.id, session: job.session, signal: job.controller.signal });
    } catch (error) {
      // A part turns what can go wrong into a result; this is a fault of ours, and the session goes on.
      log("error", `A ${job.command.type} command broke.`, {
        id: job.id,
        session: job.session,
        error: String(error),
      });
      return failed(
        "internal",
        `The daemon failed at this: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  return {
    accept,
    cancel(id, session) {
      const job = jobs.get(id);
      if (job === undefined) {
        const seen = commands.look(id);
        // Unknown: a tombstone, so that it does not run if it comes after all.
        if (seen.known === "new") settle(id, session, { status: "cancelled" }, () => {});
        else if (seen.known === "done") commands.repeat(id);
        else settle(id, session, CRASHED, () => {});
      } else if (lanes.get(job.session)?.running.has(job) === true) {
        job.controller.abort(new Error("The command was cancelled."));
      } else if ("deadline" in job) {
        drop(job, { status: "cancelled" });
      }
    },
    refuse(id, session, result) {
      const seen = commands.look(id);
      if (seen.known === "new") settle(id, session, result, () => {});
      else if (seen.known === "done") commands.repeat(id);
    },
    async stop() {
      stopped = true;
      for (const cancel of timers) cancel();
      for (const job of jobs.values()) job.stopExpiry();
      await quiet(STOP_GRACE_MS);
      for (const job of jobs.values()) job.controller.abort(new DaemonStops());
      await quiet(STOP_GRACE_MS);
      if (running.size > 0)
        log("warn", `${running.size} commands did not end in time; they will be reported as indeterminate.`);
    },
  };

  async function quiet(ms: number): Promise<void> {
    if (running.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(ms, resolve);
    await Promise.race([Promise.allSettled(running), promise]);
    cancel();
  }
}
