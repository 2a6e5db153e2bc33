import { setTimeout as sleep } from "node:timers/promises";
import type { DaemonMessage } from "../../../protocol/link.ts";
import type { RequestEnd } from "../../../protocol/requests.ts";
import type { SessionStatus } from "../../../protocol/session.ts";
import type { AgentConfig } from "../../config.ts";
import type { Log, Outlet } from "../../parts.ts";
import type { Store } from "../../store.ts";
import { fitEvent } from "../codex/fitEvent.ts";
import { type FollowedEnd, type Follower, followJob, type SupervisorState } from "../codex/followJob.ts";
import { jobProcesses, signalAll } from "../codex/jobProcesses.ts";
import { readClaim, readExit, removeJobFiles } from "../codex/jobFiles.ts";
import { launchSupervisor, type SelfProgram } from "../codex/launchSupervisor.ts";
import { readGitState } from "../codex/readGitState.ts";
import { readJobEnd } from "../codex/readJobEnd.ts";
import { stopJob } from "../codex/stopJob.ts";
import type { Line } from "../codex/splitLines.ts";
import { endTurn } from "../codex/translate.ts";
import type { RequestStore } from "../requests/openRequestStore.ts";
import type { AnyAdapter, Begin } from "./adapter.ts";
import { KEEPER_WORD } from "./keeper/keepAgent.ts";
import { appendInputs, createKeeperFiles, keeperDir, readRecorded } from "./keeper/keeperFiles.ts";
import { addStep, type Change, givePrompts, makeChange } from "./makeChange.ts";
import type { OwnedSession, OwnedStore } from "./openOwnedStore.ts";
import { factsMessage } from "./ownedMessages.ts";

export type RunDeps = SelfProgram & {
  config: AgentConfig;
  store: Store;
  owned: OwnedStore;
  requests: RequestStore<Record<string, unknown>>;
  adapterOf: (row: Pick<OwnedSession, "agent">) => AnyAdapter;
  outlet: Outlet;
  log: Log;
  env: NodeJS.ProcessEnv;
  /** Bytes of a process's record after which it ends as soon as it does nothing. */
  longRecord?: number;
};

export type RunningAgents = ReturnType<typeof runAgents>;

type Running = { dir: string; follower: Follower; handed: number; handing: Promise<void> };
type Batch = { lines: Line[]; to: number };

const LONG_RECORD = 64 * 1024 * 1024;
const RETRY_MS = 1_000;
/** An agent whose following broke is followed again after this. */
const FOLLOW_AGAIN_MS = 5_000;

/** The agents' processes: begun, followed, given what they are told. What is told of them is stored with what they said. */
export function runAgents(deps: RunDeps) {
  const { config, store, owned, requests, adapterOf, outlet, log, longRecord = LONG_RECORD } = deps;
  const running = new Map<string, Running>();
  const launching = new Map<string, Promise<string | null>>();
  /** Those who wait for what became of a decision. */
  const waiting = new Map<string, PromiseWithResolvers<RequestEnd>>();
  const stopping = new AbortController();

  function dirOf({ session, run }: OwnedSession): string {
    return keeperDir(config.state_dir, session, run);
  }

  /** Stores a change and tells it; false when the journal is full: nothing was stored. */
  function commit(change: Change, also: () => void = () => {}, tell: DaemonMessage[] = []): boolean {
    const { row } = change;
    const at = Date.now();
    const ended = new Set(change.over.map(({ request }) => request));
    // What was withdrawn before it could be told is not told.
    const asks = change.asks.filter(({ request: { id } }) => !requests.knows(id) && !ended.has(id));
    const over = change.over.filter(({ request }) => requests.get(request)?.session === row.session);
    const status = statusAfter(change, asks.length, over.length);
    if (status !== null) {
      change.events.push({ at, event: { type: "status", ...status } });
      row.status = status.status;
    }
    const { session } = row;
    const messages: DaemonMessage[] = [...tell];
    if (change.events.length > 0)
      messages.push({
        kind: "events",
        session,
        events: change.events.map((each) => ({ ...each, event: fitEvent(each.event) })),
      });
    for (const { request } of asks) messages.push({ kind: "request", session, request });
    for (const { request, end } of over)
      // Who carries its decision out tells its end with it.
      if (!waiting.has(request)) messages.push({ kind: "request_ended", session, request, end });
    const all = () => {
      owned.put(row);
      for (const { request, ...input } of change.inputs) owned.addInput(session, input, request);
      for (const { id } of change.taken) owned.dropPrompt(session, id);
      for (const { request, asked } of asks) requests.add({ id: request.id, session, asked, createdAt: at });
      for (const { request, end } of over) requests.end(request, end, at);
      also();
    };
    if (messages.length === 0) store.transaction(all);
    else if (!outlet.put(messages, all)) return false;
    for (const { request, end } of over) waiting.get(request)?.resolve(end);
    if (change.inputs.length > 0) handOver(session);
    if (change.quit && row.alive) void stopJob(dirOf(row), "at once", stopping.signal);
    return true;
  }

  /** The status that follows, when it is another one. */
  function statusAfter(
    { row, events, asks }: Change,
    opened: number,
    ended: number,
  ): { status: SessionStatus; reason: string | null } | null {
    if (events.some(({ event }) => event.type === "ended" || event.type === "status")) return null;
    const before = requests.open().filter(({ session }) => session === row.session).length;
    const status = before + opened - ended > 0 ? "waiting" : row.state?.running === true ? "working" : "idle";
    if (status === row.status) return null;
    const question = asks.some(({ request }) => request.questions !== undefined);
    return { status, reason: status === "waiting" ? (question ? "question" : "permission prompt") : null };
  }

  /** Gives the keeper what it has not been handed; after a daemon that died it may get something again, which it knows. */
  function handOver(session: string): void {
    const each = running.get(session);
    if (each === undefined) return;
    each.handing = each.handing.then(async () => {
      while (!stopping.signal.aborted && running.get(session) === each) {
        const fresh = owned.inputs(session).filter(({ n }) => n > each.handed);
        const last = fresh.at(-1);
        if (last === undefined) return;
        try {
          await appendInputs(each.dir, fresh);
          each.handed = last.n;
        } catch (error) {
          log("error", "An agent cannot be given what it is told.", { session, error: String(error) });
          await sleep(RETRY_MS, undefined, { ref: false });
        }
      }
    });
  }

  /** What is in a part of the record. */
  function read(change: Change, { lines, to }: Batch): number {
    const adapter = adapterOf(change.row);
    let given = 0;
    change.row.readTo = to;
    for (const line of lines) {
      // Of one that is too long only the beginning is here: an adapter cannot read it, but may have to refuse it.
      const recorded = readRecorded(line.text);
      const { state } = change.row;
      if (recorded === null || state === null) continue; // none of the keeper's
      if ("said" in recorded) addStep(change, adapter.line(state, recorded.said), recorded.at);
      else given = recorded.given;
    }
    if (given > 0 && !adapter.confirms)
      for (const request of owned.decidedBy(change.row.session, given))
        change.over.push({ request, end: "applied" });
    return given;
  }

  function take(session: string, batch: Batch): boolean {
    const row = owned.session(session);
    if (row === null) throw new Error(`session ${session} is not in the store`);
    const change = makeChange(row);
    const given = read(change, batch);
    // What is said to one that is ending is for the next process.
    if (!row.stopped && !row.leaving) givePrompts(change, adapterOf(row), owned.prompts(session), Date.now());
    if (row.readTo > longRecord && isQuiet(change)) row.leaving = change.quit = true;
    return commit(change, () => given > 0 && owned.given(session, given));
  }

  /** Nothing would be lost if it ended now. */
  function isQuiet({ row, asks }: Change): boolean {
    const { session, state } = row;
    const asking = asks.length > 0 || requests.open().some((each) => each.session === session);
    return state?.running === false && !asking && owned.inputs(session).length === 0;
  }

  /** The process is gone; what it left open ends, and nobody waits for a decision any more. */
  async function end(session: string, last: Batch, how: FollowedEnd): Promise<boolean> {
    const before = owned.session(session);
    if (before === null) return true;
    const dir = dirOf(before);
    // Nobody can speak with an agent that has no keeper: it must not go on unseen.
    if (how.exit === null) signalAll(await jobProcesses(dir), "SIGKILL");
    const known = await readJobEnd(dir, how, before.stopped);
    const git = await readGitState(before.cwd);

    const row = owned.session(session) ?? before;
    const change = makeChange(row);
    read(change, last);
    const adapter = adapterOf(row);
    const worked = row.state?.running === true;
    const at = Date.now();
    const exit = { code: known.end.code, signal: known.end.signal, message: null };
    const why = whyItEnded(known.end, known.stderr);
    if (row.state !== null) addStep(change, adapter.died(row.state, row.stopped ? "stopped" : why), at);
    for (const each of requests.open())
      if (each.session === session && !change.over.some(({ request }) => request === each.id))
        change.over.push({ request: each.id, end: "gone" });
    row.alive = false;
    if (row.stopped) {
      change.events.push({ at, event: { type: "ended", status: "done", exit } });
      row.status = "done";
    } else if (worked || !(row.took || row.leaving)) {
      change.events.push({ at, event: { type: "status", status: "trouble", reason: why } });
      row.status = "trouble";
    }
    const waits = owned.prompts(session);
    // What waits of one that was stopped was said afterwards.
    const goesOn = (row.stopped || row.leaving || row.took) && waits.length > 0;
    if (!goesOn)
      for (const { text } of waits) {
        const message = `This was not said, since the agent has ended: ${text}`;
        change.events.push({ at, event: { type: "notice", level: "error", message } });
      }
    const also = () => {
      owned.dropInputs(session);
      if (!goesOn) for (const { id } of waits) owned.dropPrompt(session, id);
    };
    if (!commit(change, also, [factsMessage(row, adapter, git)])) return false;
    running.delete(session);
    log("info", "An agent ended.", { session, run: row.run, code: exit.code, signal: exit.signal });
    if (goesOn) void launch(session);
    return true;
  }

  function follow(row: OwnedSession, supervisor: () => SupervisorState): void {
    const dir = dirOf(row);
    const { session } = row;
    const follower = followJob<Batch>({
      dir,
      readTo: row.readTo,
      translate: (lines, from) => ({
        lines,
        to: lines.reduce((sum, { bytes }) => sum + bytes, from),
      }),
      deliver: (batch) => take(session, batch),
      deliverEnd: (last, how) => end(session, last, how),
      supervisor,
      log,
    });
    running.set(session, { dir, follower, handed: 0, handing: Promise.resolve() });
    handOver(session);
    const after = async () => {
      await follower.ended;
      const stored = owned.session(session);
      if (stored === null || stored.run !== row.run || !stored.alive) return removeJobFiles(dir);
      // Something broke (the disk, the number of open files): it is taken up again from what is stored.
      if (!stopping.signal.aborted) await sleep(FOLLOW_AGAIN_MS, undefined, { ref: false });
      if (!stopping.signal.aborted) follow(stored, supervisor);
    };
    after().catch((error: unknown) => {
      log("warn", "An agent's end was not tidied up.", { dir, error: String(error) });
    });
  }

  function supervise(row: OwnedSession): () => SupervisorState {
    const wake = () => running.get(row.session)?.follower.wake();
    return launchSupervisor(dirOf(row), deps, deps.env, log, wake, { word: KEEPER_WORD });
  }

  /** Begins a process for the session, with the prompts that wait; a sentence when it cannot. */
  function launch(session: string): Promise<string | null> {
    const known = launching.get(session);
    if (known !== undefined) return known;
    const work = begin(session).finally(() => launching.delete(session));
    launching.set(session, work);
    return work;
  }

  async function begin(session: string): Promise<string | null> {
    const before = owned.session(session);
    if (before === null || before.alive || stopping.signal.aborted) return null;
    const adapter = adapterOf(before);
    const { cwd, program, model, mode, effort, agentType, origin, state } = before;
    const thread = state?.thread ?? origin?.thread ?? null;
    const fork = state?.thread == null && origin?.fork === true;
    const next: Begin = {
      session,
      run: before.run + 1,
      turn: state?.turn ?? 0,
      cwd,
      program,
      model,
      mode,
      effort,
      agentType,
      thread,
      fork,
    };
    const self: [string, ...string[]] = [process.execPath, ...(deps.execArgv ?? []), deps.selfPath];
    const how = adapter.launch({ ...config.agents, self }, next);
    if ("problem" in how) return how.problem;
    const dir = keeperDir(config.state_dir, session, next.run);
    try {
      await createKeeperFiles(dir, { argv: how.argv, cwd, env: how.env ?? {} });
    } catch (error) {
      return `Its files cannot be written: ${String(error)}.`;
    }
    const row: OwnedSession = {
      ...(owned.session(session) ?? before),
      run: next.run,
      alive: true,
      took: false,
      stopped: false,
      leaving: false,
      readTo: 0,
      input: 0,
    };
    const change = makeChange(row);
    addStep(change, adapter.begin(next), Date.now());
    givePrompts(change, adapter, owned.prompts(session), Date.now());
    // Told before it runs: whatever happens from here on, it is followed, or told to have ended.
    if (!commit(change)) {
      await removeJobFiles(dir);
      return "The host's journal is full: nothing starts until the link has caught up.";
    }
    follow(row, supervise(row));
    log("info", "An agent was started.", { session, agent: row.agent, run: row.run });
    return null;
  }

  /** Takes up the agents that a daemon before this one left running. */
  async function resume(): Promise<void> {
    for (const row of owned.sessions()) {
      const waits = owned.prompts(row.session).length > 0;
      if (row.alive) {
        const dir = dirOf(row);
        // That daemon may have died before it began the keeper.
        const begun = (await readClaim(dir)) !== null || (await readExit(dir)) !== null;
        follow(row, begun ? () => "not ours" : supervise(row));
      } else if (waits) {
        const problem = await launch(row.session);
        if (problem !== null) log("warn", problem, { session: row.session });
      }
    }
  }

  return {
    commit,
    launch,
    resume,
    running: (): string[] => [...running.keys()],
    dirOf,
    wake: (session: string): void => running.get(session)?.follower.wake(),
    /** What becomes of a request whose decision is on its way. Call it before the decision is stored. */
    whenOver(request: string): Promise<RequestEnd> {
      const wait = waiting.get(request) ?? Promise.withResolvers<RequestEnd>();
      waiting.set(request, wait);
      return wait.promise;
    },
    forget: (request: string): void => void waiting.delete(request),
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.all([
        ...launching.values(),
        ...[...running.values()].map(({ follower }) => follower.stop()),
      ]);
    },
  };
}

function whyItEnded(end: Parameters<typeof endTurn>[1], stderr: string): string {
  if (end.reason !== null) return end.reason;
  const how = end.signal ?? (end.code === null ? null : `code ${end.code}`);
  const said = stderr === "" ? "" : `: ${stderr}`;
  return `the agent ended${how === null ? "" : ` (${how})`}${said}`.slice(0, 1_000);
}
