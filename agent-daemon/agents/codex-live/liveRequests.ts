import type { CommandOf, CommandResult } from "../../../protocol/commands.ts";
import type { RequestEnd } from "../../../protocol/requests.ts";
import { failed, type Log, type Outlet } from "../../parts.ts";
import type { Store } from "../../store.ts";
import { decided, openRequestStore, type StoredRequest } from "../requests/openRequestStore.ts";
import type { RpcId } from "./appServerWire.ts";
import { agentRequest, isForPerson, LiveRequest, replyTo, requestKey } from "./liveRequest.ts";

/** A request that the app server waits with on this connection. */
type Waiting = {
  rpc: RpcId;
  thread: string;
  answered: boolean;
  over: PromiseWithResolvers<"resolved" | "lost">;
};

/** After the connection or the daemon was away, a request is asked again within this time; otherwise it is over. */
const RETURN_MS = 8_000;
/** The server says at once that it took an answer. */
const TAKE_MS = 10_000;
const RETRY_MS = 1_000;
/** Ended requests are remembered this long, so that a late decision learns how they ended. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;

export type LiveRequests = ReturnType<typeof startLiveRequests>;

/**
 * What conversations ask. A request is stored before the edge is told of it, and a decision before the app server is; it
 * is applied when the server says that it is resolved.
 */
export function startLiveRequests(deps: {
  store: Store;
  outlet: Outlet;
  log: Log;
  answer: (rpc: RpcId, result: unknown) => boolean;
}) {
  const { outlet, answer } = deps;
  const requests = openRequestStore(deps.store, "codex-live", LiveRequest);
  const waiting = new Map<string, Waiting>();
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
      const add = () => requests.add({ id, session: about.session, asked: asking, createdAt: Date.now() });
      if (!outlet.put([{ kind: "request", session: about.session, request }], add))
        later(RETRY_MS, () => tell(id, asking, about));
    } else if (known.decision !== null && !arrivals.has(id)) {
      // A decision that an earlier process could not see through: the server has not had it.
      const { decision } = known;
      void give(known, decision).then((end) => {
        if (end === "applied" || end === "stale" || end === "gone") finish(id, end);
      });
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

  /** Gives a decision to the server, again when the connection was lost before it had it; null: its fate is not known. */
  async function give(
    request: StoredRequest<LiveRequest>,
    decision: CommandOf<"decide">,
  ): Promise<RequestEnd | "terminal" | null> {
    const result = replyTo(request.asked, decision);
    if (result === null) return "terminal";
    for (let sent = false; ;) {
      const each = waiting.get(request.id) ?? (await arrival(request.id));
      if (stopped) return null;
      if (each === null) return sent ? null : (requests.endOf(request.id) ?? "stale");
      if (answer(each.rpc, result)) {
        sent = true;
        each.answered = true;
        const timer = Promise.withResolvers<"late">();
        const alarm = setTimeout(() => timer.resolve("late"), TAKE_MS);
        const how = await Promise.race([each.over.promise, timer.promise]);
        clearTimeout(alarm);
        if (how === "resolved") return "applied";
        if (how === "late") return null;
      } else if (waiting.get(request.id) === each) waiting.delete(request.id);
    }
  }

  /** The request on a new connection, when it comes in time. */
  async function arrival(id: string): Promise<Waiting | null> {
    const come = Promise.withResolvers<void>();
    arrivals.set(id, come);
    const timer = setTimeout(() => come.resolve(), RETURN_MS);
    await come.promise;
    clearTimeout(timer);
    arrivals.delete(id);
    return waiting.get(id) ?? null;
  }

  return {
    knows: requests.knows,
    asked,
    resolved,
    anyOpen: (): boolean => requests.open().length > 0,
    /** The connection is gone; what waited is asked again on the next one. */
    disconnected(): void {
      for (const { over } of waiting.values()) over.resolve("lost");
      waiting.clear();
    },
    /** The conversation is followed again, and has asked what it still waits with: what it did not ask is over. */
    settle(thread: string): void {
      for (const { id, asked: of, decision } of requests.open()) {
        if (of.params.threadId !== thread || waiting.has(id) || arrivals.has(id)) continue;
        // Whether it was our decision that ended it is not known; the command that carried it has said so.
        if (decision === null) finish(id, "stale");
        else requests.end(id, "gone", Date.now());
      }
    },
    /** The terminals that conversations ran in have ended. */
    gone(isGone: (session: string, thread: string) => boolean): void {
      for (const { id, session, asked: of } of requests.open())
        if (isGone(session, of.params.threadId)) finish(id, "gone");
    },
    async decide(command: CommandOf<"decide">, session: string): Promise<CommandResult> {
      const before = requests.endOf(command.request);
      if (before !== null) return decided(before);
      const request = requests.get(command.request);
      if (request === null || request.session !== session)
        return failed("no_such_request", "This host does not know the request.");
      requests.decide(request.id, command, Date.now());
      const end = await give(request, command);
      if (end === "terminal")
        return failed("terminal_only", "Codex takes the answer to this only at its terminal.");
      // A daemon that stops leaves it to the next one.
      if (end !== null || !stopped) requests.end(request.id, end ?? "gone", Date.now());
      if (end !== null) return decided(end);
      const message =
        "The connection to Codex ended while it was given the decision; the terminal shows whether it took it.";
      return { status: "indeterminate", message };
    },
    stop(): void {
      stopped = true;
      timers.forEach(clearTimeout);
      arrivals.forEach(({ resolve }) => resolve());
      for (const { over } of waiting.values()) over.resolve("lost");
    },
  };
}

/** Where a request comes from, and what it is about where that is known. */
type About = { session: string; cwd: string; item: unknown };
