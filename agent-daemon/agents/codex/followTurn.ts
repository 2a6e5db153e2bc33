import type { EventBody } from "../../../protocol/events.ts";
import type { DaemonMessage } from "../../../protocol/link.ts";
import type { GitState } from "../../../protocol/session.ts";
import type { Log, Outlet } from "../../parts.ts";
import type { Store } from "../../store.ts";
import { factsMessage } from "./codexSession.ts";
import { fitEvent } from "./fitEvent.ts";
import { followJob } from "./followJob.ts";
import type { FollowedEnd, Follower, SupervisorState } from "./followJob.ts";
import { readChild } from "./jobFiles.ts";
import { jobProcesses, signalAll } from "./jobProcesses.ts";
import type { CodexJob, CodexSession, JobStore } from "./jobStore.ts";
import { previewOf } from "./previewOf.ts";
import { readGitState } from "./readGitState.ts";
import { readJobEnd } from "./readJobEnd.ts";
import type { Line } from "./splitLines.ts";
import { endTurn, translateLine, type TurnState } from "./translate.ts";

export type TurnDeps = {
  job: CodexJob;
  dir: string;
  supervisor(): SupervisorState;
  jobs: JobStore;
  store: Store;
  outlet: Outlet;
  log: Log;
  now(): number;
  /** Called at the moment the end is stored. */
  onEnded(): void;
};

/** Events of a part of the output, with what must be stored in the same transaction. */
type Batch = {
  events: EventBody[];
  /** Bytes of the output before and after it. */
  from: number;
  to: number;
  state: TurnState;
};

/** A running session's facts are told at most this often. */
const FACTS_INTERVAL_MS = 5_000;

/** Follows a job and puts what it says, together with how far it was read, in one transaction each. */
export function followTurn(deps: TurnDeps): Follower {
  const { job, jobs, store, outlet, log, now } = deps;
  let toldFacts = Number.NEGATIVE_INFINITY;
  let git: GitState | null = null;

  function put(batch: Batch, session: CodexSession, tell: { facts: boolean; ended: boolean }): boolean {
    const at = now();
    const events = batch.events.map((event) => ({ at, event }));
    const messages: DaemonMessage[] = [
      ...(events.length > 0 ? [{ kind: "events" as const, session: job.session, events }] : []),
      ...(tell.facts ? [factsMessage(session, git)] : []),
    ];
    const also = () => {
      jobs.advance(job, { from: batch.from, to: batch.to, state: batch.state, ended: tell.ended });
      jobs.putSession(session);
      const { thread, total, outcome } = batch.state;
      if (thread !== null && total !== null && outcome?.type === "completed")
        jobs.putThreadTotal(thread, total);
    };
    if (messages.length > 0) return outlet.put(messages, also);
    store.transaction(also);
    return true;
  }

  /** The session as this part of the output leaves it. */
  function after(batch: Batch): { session: CodexSession; changed: boolean } {
    const row = jobs.session(job.session);
    if (row === null) throw new Error(`session ${job.session} is not in the store`);
    const preview = previewOf(batch.events) ?? row.preview;
    return {
      session: { ...row, thread: batch.state.thread ?? row.thread, preview },
      changed: preview !== row.preview,
    };
  }

  async function deliverEnd(last: Batch, how: FollowedEnd): Promise<boolean> {
    // Nobody can follow a job whose files are gone: it must not go on unseen.
    if (how.exit === null) signalAll(await jobProcesses(deps.dir), "SIGKILL");
    const child = await readChild(deps.dir);
    if (child !== null) jobs.setPid(job, child.pid);
    const stopped = jobs.job(job.session, job.turn)?.stopped ?? false;
    const { end, stderr } = await readJobEnd(deps.dir, how, stopped);
    const step = endTurn(last.state, end);
    const unexplained = last.state.outcome === null && !stopped && stderr !== "";
    const complaint: EventBody[] = unexplained ? [{ type: "notice", level: "error", message: stderr }] : [];
    const batch = {
      ...last,
      events: [...last.events, ...[...complaint, ...step.events].map(fitEvent)],
      state: step.state,
    };
    const { session } = after(batch);
    git = await readGitState(session.cwd);
    if (!put(batch, session, { facts: true, ended: true })) return false;
    deps.onEnded();
    log("info", "A codex job ended.", {
      session: job.session,
      turn: job.turn,
      code: end.code,
      signal: end.signal,
    });
    return true;
  }

  return followJob({
    dir: deps.dir,
    readTo: job.read_to,
    translate: (lines, from, before) => translate(lines, from, before?.state ?? job.state),
    supervisor: deps.supervisor,
    log,
    deliver(batch) {
      const { session, changed } = after(batch);
      const facts = changed && now() - toldFacts >= FACTS_INTERVAL_MS;
      if (!put(batch, session, { facts, ended: false })) return false;
      if (facts) toldFacts = now();
      return true;
    },
    deliverEnd,
  });
}

/** What lines from a place in the output make of the state there. */
function translate(lines: Line[], from: number, state: TurnState): Batch {
  const batch: Batch = { events: [], from, to: from, state };
  for (const line of lines) {
    const step = translateLine(batch.state, line.text, line.cut);
    for (const event of step.events) batch.events.push(fitEvent(event));
    batch.state = step.state;
    batch.to += line.bytes;
  }
  return batch;
}
