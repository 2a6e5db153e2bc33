import type { CommandOf, CommandResult } from "../../../protocol/commands.ts";
import type { RequestEnd } from "../../../protocol/requests.ts";
import { failed, type Log, type Outlet } from "../../parts.ts";
import type { Store } from "../../store.ts";
import { decided, openRequestStore, type StoredRequest } from "../requests/openRequestStore.ts";
import type { RpcId } from "./appServerWire.ts";
import { agentRequest, callOf, isForPerson, LiveRequest, replyTo, requestKey } from "./liveRequest.ts";

/** A request that the app server waits with on this connection. */
type Waiting = {
  rpc: RpcId;
  thread: string;
  answered: boolean;
  over: PromiseWithResolvers<"resolved" | "lost">;
};

/** A command waits so long for what becomes of its decision; the decision goes on its way without it. */
const PATIENCE_MS = 60_000;
const RETRY_MS = 1_000;
/** Ended requests are remembered this long, so that a late decision learns how they ended. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;

export type LiveRequests = ReturnType<typeof startLiveRequests>;

/**
 * What conversations ask. A request is stored before the edge is told of it, and a decision before the app server is; it
 * is applied when the server says that it is resolved, unless what it was about shows that another answer counted.
 */
export function startLiveRequests(deps: {
  store: Store;
  outlet: Outlet;
  log: Log;
  answer: (rpc: RpcId, result: unknown) => boolean;
  /** For tests. */
  patienceMs?: number;
}) {
  const { outlet, answer, patienceMs = PATIENCE_MS } = deps;
  const requests = openRequestStore(deps.store, "codex-live", LiveRequest);
  const waiting = new Map<string, Waiting>();
  /** Conversations that have asked on this connection whatever they wait with. */
  const settled = new Set<string>();
  /** Decisions on their way, and those of them that a command waits for. */
  const deliveries = new Map<string, Promise<RequestEnd | null>>();
  const awaited = new Set<string>();
  /** How requests ended to which a decision is under way, by what became of what they were about. */
  const shown = new Map<string, RequestEnd>();
  const arrivals = new Map<string, PromiseWithResolvers<void>>();
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;
  requests.prune(Date.now() - KEEP_MS);

  const later = (ms: number, work: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!stopped) work();
    }, ms);
    timers.add(timer.unref());
  };

  /** Ends a request that no command of the edge ends, and tells; nothing when it has ended before. */
  function finish(id: string, end: RequestEnd): void {
    const request = requests.get(id);
    if (request === null) return;
    const also = () => void requests.end(id, end, Date.now());
    if (!outlet.put([{ kind: "request_ended", session: request.session, request: id, end }], also))
      later(RETRY_MS, () => finish(id, end));
  }

  /** What was said of a request's end was wrong. */
  function correct(id: string, session: string, end: RequestEnd): void {
    const also = () => requests.tell(id, end, Date.now());
    if (!outlet.put([{ kind: "request_ended", session, request: id, end }], also))
      later(RETRY_MS, () => correct(id, session, end));
  }

  /** The server asks: for the first time, or again because the connection is new. */
  function asked(rpc: RpcId, method: string, params: unknown, about: About): void {
    if (!isForPerson(method)) return;
    const parsed = LiveRequest.safeParse({ method, params });
    if (!parsed.success) return deps.log("warn", "Codex asks in a way that is not known.", { method });
    const id = currentId(requestKey(parsed.data));
    if (waiting.get(id)?.rpc === rpc) return; // the conversation was followed anew on the same connection
    const over = Promise.withResolvers<"resolved" | "lost">();
    waiting.set(id, { rpc, thread: parsed.data.params.threadId, answered: false, over });
    tell(id, parsed.data, about);
    arrivals.get(id)?.resolve();
  }

  function tell(id: string, asking: LiveRequest, about: About): void {
    const known = requests.get(id);
    if (known === null) {
      if (!waiting.has(id)) return; // over, before there was room for it
      const request = agentRequest(id, asking, about.item, about.cwd);
      const { session } = about;
      const call = callOf(asking);
      const add = () =>
        requests.add({
          id,
          session,
          asked: asking,
          createdAt: Date.now(),
          ...(call === null ? {} : { call }),
        });
      if (!outlet.put([{ kind: "request", session, request }], add))
        later(RETRY_MS, () => tell(id, asking, about));
    } else if (known.decision !== null) {
      // A decision that an earlier process, or connection, could not see through.
      void deliver(known, known.decision);
    }
  }

  /** What has ended and is asked again is another request about the same. */
  function currentId(key: string): string {
    for (let times = 1; ; times++) {
      const id = times === 1 ? key : `${key}.${times}`;
      if (requests.endOf(id) === null) return id;
    }
  }

  function resolved(thread: string, rpc: RpcId): void {
    for (const [id, each] of waiting) {
      if (each.rpc !== rpc || each.thread !== thread) continue;
      waiting.delete(id);
      each.over.resolve("resolved");
      if (!each.answered) finish(id, "stale");
    }
  }

  /** How a request ended to which a decision is given; null when that cannot be known. Given once, however often it is called. */
  function deliver(request: Stored, decision: CommandOf<"decide">): Promise<RequestEnd | null> {
    const { id } = request;
    const before = deliveries.get(id);
    if (before !== undefined) return before;
    const work = give(request, replyTo(request.asked, decision)).then((end) => {
      deliveries.delete(id);
      shown.delete(id);
      if (end !== null && !awaited.has(id)) finish(id, end);
      return end;
    });
    deliveries.set(id, work);
    return work;
  }

  /** Gives an answer to the server, again when the connection was lost before it said that it had it. */
  async function give(request: Stored, result: object | null): Promise<RequestEnd | null> {
    // What an earlier process has sent is not known.
    for (let sent = request.decision !== null; ;) {
      const each = waiting.get(request.id) ?? (await arrival(request));
      if (stopped) return null;
      if (each === null)
        return requests.endOf(request.id) ?? shown.get(request.id) ?? (sent ? null : "stale");
      if (answer(each.rpc, result)) {
        sent = each.answered = true;
        if ((await each.over.promise) === "resolved") return shown.get(request.id) ?? "applied";
      } else if (waiting.get(request.id) === each) waiting.delete(request.id);
    }
  }

  /** The request on the next connection; null when its conversation does not wait with it any more. */
  async function arrival({ id, asked: of }: Stored): Promise<Waiting | null> {
    const come = Promise.withResolvers<void>();
    arrivals.set(id, come);
    if (settled.has(of.params.threadId) || stopped) come.resolve();
    await come.promise;
    arrivals.delete(id);
    return waiting.get(id) ?? null;
  }

  return {
    knows: requests.knows,
    asked,
    resolved,
    anyOpen: (): boolean => requests.open().length > 0,
    /** Whether something that a conversation asked on this connection waits for an answer. */
    waits: (thread: string): boolean => [...waiting.values()].some((each) => each.thread === thread),
    /** The connection is gone; what waited is asked again on the next one. */
    disconnected(): void {
      settled.clear();
      for (const { over } of waiting.values()) over.resolve("lost");
      waiting.clear();
    },
    /** The conversation is followed again, and has asked what it still waits with: what it did not ask is over. */
    settle(thread: string): void {
      settled.add(thread);
      for (const { id, asked: of, decision } of requests.open()) {
        if (of.params.threadId !== thread || waiting.has(id)) continue;
        arrivals.get(id)?.resolve();
        if (decision === null) finish(id, "stale");
      }
    },
    /** What a request was about has ended: whether it was done tells whose answer counted. */
    outcome(thread: string, item: string, done: boolean): void {
      // Asked twice about one thing (without its sandbox, say), the last answer decided.
      const asked = requests.untold(`${thread} ${item}`);
      const last = asked.pop();
      if (last === undefined) return;
      for (const { id, ended } of asked) if (ended !== null) requests.tell(id, ended, Date.now());
      const { id, session, ended, allowed } = last;
      const end = allowed === done ? "applied" : "stale";
      if (ended === "applied" && end === "stale") correct(id, session, end);
      else if (ended === null && deliveries.has(id)) shown.set(id, end);
      else if (ended === null) finish(id, end);
    },
    /** The terminals that conversations ran in have ended. */
    gone(isGone: (session: string, thread: string) => boolean): void {
      for (const { id, session, asked: of } of requests.open()) {
        if (!isGone(session, of.params.threadId)) continue;
        finish(id, "gone");
        arrivals.get(id)?.resolve();
      }
    },
    async decide(command: CommandOf<"decide">, session: string): Promise<CommandResult> {
      const { request: id } = command;
      const before = requests.endOf(id);
      if (before !== null) return decided(before);
      const request = requests.get(id);
      if (request === null || request.session !== session)
        return failed("no_such_request", "This host does not know the request.");
      if (replyTo(request.asked, command) === null)
        return failed("terminal_only", "Codex takes the answer to this only at its terminal.");
      if (request.decision === null) requests.decide(id, command, Date.now());
      awaited.add(id);
      const late = Promise.withResolvers<null>();
      const timer = setTimeout(() => late.resolve(null), patienceMs);
      const end = await Promise.race([deliver(request, request.decision ?? command), late.promise]);
      clearTimeout(timer);
      awaited.delete(id);
      if (end === null) return UNKNOWN;
      requests.end(id, end, Date.now());
      return decided(requests.endOf(id) ?? end);
    },
    stop(): void {
      stopped = true;
      timers.forEach(clearTimeout);
      arrivals.forEach(({ resolve }) => resolve());
      for (const { over } of waiting.values()) over.resolve("lost");
    },
  };
}

const UNKNOWN: CommandResult = {
  status: "indeterminate",
  message:
    "The connection to Codex ended while it was given the decision; the terminal shows whether it took it.",
};

/** Where a request comes from, and what it is about where that is known. */
type About = { session: string; cwd: string; item: unknown };
type Stored = StoredRequest<LiveRequest>;
