import type { Command } from "../../../protocol/commands.ts";
import type { EventBody } from "../../../protocol/events.ts";
import { DONE, failed, type Log, type Outlet, type Part } from "../../parts.ts";
import type { Store } from "../../store.ts";
import type { AgentPanes } from "../../tmux/tmuxPart.ts";
import { fitEvent } from "../codex/fitEvent.ts";
import {
  LoadedThreads,
  Notification,
  ReadThread,
  ResumedThread,
  type RpcId,
  type Thread,
  type ThreadStatus,
  type Turn,
  TurnPage,
} from "./appServerWire.ts";
import { codexProcesses } from "./codexProcesses.ts";
import { wasDone } from "./liveRequest.ts";
import { startLiveRequests } from "./liveRequests.ts";
import { createdAtOf, mapThreads, type OpenThread } from "./mapThreads.ts";
import { type AppServer, appServerSocket, codexHome, openAppServer, Refused } from "./openAppServer.ts";
import { threadCall, type ThreadCall } from "./threadCall.ts";
import { placeThreads } from "./placeThreads.ts";
import { isWaiting, statusOf } from "./threadStatus.ts";
import { openThreadStore, type ThreadPlace } from "./threadStore.ts";
import { catchUp, startThread, type ThreadState, translateThread } from "./translateThread.ts";

export type CodexLiveDeps = {
  env: NodeJS.ProcessEnv;
  store: Store;
  outlet: Outlet;
  panes: AgentPanes;
  log: Log;
};

/** A conversation that runs in a pane, on this connection. */
type Following = ThreadPlace & {
  cwd: string;
  /** It was followed on this connection: it can be given messages. */
  joined: boolean;
  /** What it has said so far is told; before that, what comes waits. */
  ready: boolean;
  waiting: Notification[];
  /** It was joined in the middle of a turn, of which the pages may lack a little until its end. */
  partial: boolean;
  /** How often it was read again because of that. */
  reads: number;
  /** Items as they came last: a request about one does not repeat it. */
  items: Map<string, Turn["items"][number]>;
  /** What it asked before those were known. */
  asks: [rpc: RpcId, method: string, params: Record<string, unknown>][];
  status: ThreadStatus | null;
  /** The turn that runs. */
  turn: string | null;
  catchingUp: Promise<void> | null;
  /** How often that failed in a row, and when it is tried again. */
  failures: number;
  tryAt: number;
};

/** Turns that are told of a conversation that began before it was seen. */
const FIRST_TURNS = 30;
/** How soon what failed, or was not there yet, is tried again: twice as long each time, up to the longest. */
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** The server asks again at once after a conversation is followed again. */
const ASK_AGAIN_MS = 1_000;
/** A turn that was joined is read again so often, in case it was over before the pages said so. */
const EARLY_READS = 2;
const KEEP_MS = 30 * 24 * 60 * 60 * 1000;
const MAX_ITEMS = 200;

/**
 * Codex in panes, through the app server that its terminals share: what it says, what it asks, whether it works. Its own
 * dialogs stay open all the while, and the first answer counts. Without such a server nothing happens here.
 */
export function startCodexLive({ env, store, outlet, panes, log }: CodexLiveDeps): Part {
  const home = codexHome(env);
  const places = openThreadStore(store);
  const threads = new Map<string, Omit<OpenThread, "placed">>();
  /** Conversations that were looked at on this connection, also those that are none of ours. */
  const seen = new Set<string>();
  const following = new Map<string, Following>();
  let server: AppServer | null = null;
  let connecting = false;
  /** Every conversation there is has been looked at; with some of them only, a wrong one could seem to be meant. */
  let listed = false;
  let connectedAt = 0;
  let stopped = false;
  places.prune(Date.now() - KEEP_MS);

  const requests = startLiveRequests({
    store,
    outlet,
    log,
    answer: (rpc, result) => server?.answer(rpc, result) ?? false,
  });

  /** A disk that is full, for example: what could not be stored is asked for again. */
  function safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      log("error", "What Codex tells could not be stored.", { error: String(error) });
    }
  }

  async function connect(path: string): Promise<void> {
    connecting = true;
    // An older connection that ends late ends nothing of a newer one.
    let mine: AppServer | null = null;
    try {
      const opened = await openAppServer(path, {
        notified: (...told) => safely(() => notified(...told)),
        asked: (...told) => safely(() => asked(...told)),
        closed: () => {
          if (mine === server) closed();
        },
      });
      if (stopped) return opened.close();
      server = mine = opened;
      connectedAt = Date.now();
      const { data } = LoadedThreads.parse(await opened.request("thread/loaded/list", {}));
      await Promise.all(data.map((id) => readThread(opened, id)));
      listed = true;
      look();
    } catch (error) {
      log("debug", "Codex's app server does not answer.", { error: String(error) });
      server?.close();
      closed();
    } finally {
      connecting = false;
    }
  }

  async function readThread(from: AppServer, threadId: string): Promise<void> {
    try {
      add(ReadThread.parse(await from.request("thread/read", { threadId })).thread, false);
    } catch (error) {
      log("debug", "A conversation of Codex cannot be read.", { threadId, error: String(error) });
    }
  }

  /** Conversations of a person's terminals; those that Codex has with itself are none. */
  function add(thread: Thread, seenBegin: boolean): void {
    seen.add(thread.id);
    if (thread.ephemeral || thread.parentThreadId != null || threads.has(thread.id)) return;
    if (thread.threadSource != null && thread.threadSource !== "user") return;
    const createdAt = createdAtOf(thread.id);
    if (createdAt === null) return;
    threads.set(thread.id, { id: thread.id, cwd: thread.cwd, createdAt, seenBegin });
  }

  function closed(): void {
    if (server === null) return;
    server = null;
    listed = false;
    threads.clear();
    seen.clear();
    for (const { session } of following.values()) panes.tell(session, null);
    following.clear();
    requests.disconnected();
  }

  function notified(method: string, params: Record<string, unknown>): void {
    const parsed = Notification.safeParse({ method, params });
    if (!parsed.success) return; // of no interest here, or of a kind that is not known
    const told = parsed.data;
    if (told.method === "thread/started") {
      add(told.params.thread, (createdAtOf(told.params.thread.id) ?? 0) > connectedAt);
      return look();
    }
    const each = following.get(told.params.threadId);
    if (told.method === "serverRequest/resolved") {
      if (each !== undefined) each.asks = each.asks.filter(([rpc]) => rpc !== told.params.requestId);
      return requests.resolved(told.params.threadId, told.params.requestId);
    }
    if (each === undefined) {
      // Loaded by its terminal after we had asked what there is.
      if (told.method === "thread/status/changed" && server !== null && !seen.has(told.params.threadId))
        void readThread(server, told.params.threadId);
      return;
    }
    if (told.method === "thread/status/changed") {
      each.status = told.params.status;
      panes.tell(each.session, statusOf(told.params.status));
      each.failures = each.tryAt = 0; // its first message was sent, perhaps
      if (!each.ready) wake(each);
      return;
    }
    if (told.method === "item/started" || told.method === "item/completed") met(each, told.params.item);
    noteTurn(each, told);
    if (told.method === "turn/completed" && each.ready && each.partial) {
      each.ready = each.partial = false;
      wake(each);
    }
    if (each.ready) tell(each, told);
    else each.waiting.push(told);
  }

  function tell(each: Following, told: Notification): void {
    const state = places.state(each.session, each.thread);
    if (state === null) return;
    const step = translateThread(state, told);
    // Full: it is read again from the pages.
    each.ready = false;
    each.ready = put(each, step.events, step.state);
  }

  function met(each: Following, item: Turn["items"][number]): void {
    each.items.set(item.id, item);
    const oldest = each.items.size > MAX_ITEMS ? each.items.keys().next().value : undefined;
    if (oldest !== undefined) each.items.delete(oldest);
    const done = wasDone(item);
    if (done !== null) requests.outcome(each.thread, item.id, done);
  }

  function asked(rpc: RpcId, method: string, params: Record<string, unknown>): void {
    const each = following.get(String(params["threadId"]));
    if (each === undefined) return;
    if (each.ready) tellAsked(each, rpc, method, params);
    else each.asks.push([rpc, method, params]);
  }

  function tellAsked(each: Following, rpc: RpcId, method: string, params: Record<string, unknown>): void {
    const item = each.items.get(String(params["itemId"]));
    requests.asked(rpc, method, params, { session: each.session, cwd: each.cwd, item });
  }

  function put({ session, thread }: ThreadPlace, events: EventBody[], state: ThreadState): boolean {
    const at = Date.now();
    const also = () => places.save(session, thread, state, at);
    if (events.length > 0) {
      const bodies = events.map((event) => ({ at, event: fitEvent(event) }));
      return outlet.put([{ kind: "events", session, events: bodies }], also);
    }
    store.transaction(also);
    return true;
  }

  /** Follows the conversation, once something was said in it, and tells what it has said so far. */
  async function follow(each: Following, from: AppServer): Promise<void> {
    const { session, thread } = each;
    each.waiting.length = 0;
    const page = { itemsView: "full", sortDirection: "desc", limit: FIRST_TURNS };
    const resume = { threadId: thread, excludeTurns: true, initialTurnsPage: page };
    const resumed = ResumedThread.parse(await from.request("thread/resume", resume));
    each.status = resumed.thread.status;
    panes.tell(session, statusOf(each.status));
    // The page that comes with the answer has more of what runs now; an older server sends none.
    const { data, nextCursor } =
      resumed.initialTurnsPage ??
      TurnPage.parse(await from.request("thread/turns/list", { threadId: thread, ...page }));
    if (following.get(thread) !== each) return;
    const whole = data.length <= 1 && nextCursor == null;
    const state = places.state(session, thread) ?? startThread(places.turns(session), whole);
    const step = catchUp(state, thread, data.toReversed());
    each.joined = true;
    each.partial = data[0]?.status !== "completed";
    // The page may lag behind what was told: a turn that it does not know goes on.
    if (data[0]?.status === "inProgress") each.turn = data[0].id;
    else if (data.some(({ id }) => id === each.turn)) each.turn = null;
    each.ready = put(each, step.events, step.state);
    for (const item of data.toReversed().flatMap(({ items }) => items)) met(each, item);
    for (const told of each.waiting.splice(0)) {
      noteTurn(each, told);
      if (each.ready) tell(each, told);
    }
    settle(each, each.partial && each.reads++ < EARLY_READS);
  }

  /** What the conversation has not asked again, a moment after it was followed, is over; unless it says that it waits. */
  function settle(each: Following, again: boolean): void {
    const { thread } = each;
    setTimeout(() => {
      if (stopped || following.get(thread) !== each) return;
      if (each.status !== null && isWaiting(each.status) && !requests.waits(thread))
        return settle(each, again);
      safely(() => requests.settle(thread));
      if (!again) return;
      each.ready = false;
      wake(each);
    }, ASK_AGAIN_MS).unref();
  }

  function wake(each: Following): void {
    const from = server;
    if (from === null || Date.now() < each.tryAt) return;
    each.catchingUp ??= follow(each, from)
      .catch((error: unknown) => {
        // Mostly: nothing was said in it yet.
        log("debug", "A conversation of Codex cannot be followed yet.", { error: String(error) });
        each.tryAt = Date.now() + Math.min(RETRY_MS * 2 ** each.failures++, LONGEST_RETRY_MS);
      })
      .finally(() => {
        each.catchingUp = null;
        if (following.get(each.thread) === each)
          for (const ask of each.asks.splice(0)) safely(() => tellAsked(each, ...ask));
      });
  }

  /** After each look at the panes, and when a conversation begins: which conversation is where. */
  function look(): void {
    if (stopped) return;
    const here = panes.codexes();
    const path = here.length === 0 ? null : appServerSocket(env);
    if (path === null) server?.close();
    if (path === null && !requests.anyOpen()) return;
    const known = places.places();
    const processes = codexProcesses(home);
    const runs = (place: ThreadPlace) =>
      processes.some(({ pid, started }) => pid === place.pid && started === place.started);
    requests.gone((session, thread) => {
      const place = known.find((each) => each.session === session && each.thread === thread);
      return place === undefined || !runs(place);
    });
    if (path === null) return;
    if (server === null) {
      if (!connecting) void connect(path);
      return;
    }
    if (!listed) return;
    const running = new Map(known.filter(runs).map(({ pid, thread }) => [pid, thread]));
    const placedBefore = new Set(known.map(({ thread }) => thread));
    const open = [...threads.values()].map((each) => ({ ...each, placed: placedBefore.has(each.id) }));
    const threadOf = mapThreads(processes, open, running, Date.now());
    const wanted = new Map<string, ThreadPlace>();
    for (const place of placeThreads(here, processes, threadOf)) wanted.set(place.thread, place);
    for (const [thread, each] of following) {
      if (wanted.get(thread)?.session === each.session) continue;
      following.delete(thread);
      panes.tell(each.session, null);
      void server.request("thread/unsubscribe", { threadId: thread }).catch(() => {
        // Then it goes on telling, and nobody listens.
      });
    }
    for (const [thread, place] of wanted) {
      const cwd = threads.get(thread)?.cwd;
      if (following.has(thread) || cwd === undefined) continue;
      if (running.get(place.pid) !== thread) places.place(place, Date.now());
      following.set(thread, {
        ...place,
        cwd,
        joined: false,
        ready: false,
        waiting: [],
        partial: false,
        reads: 0,
        items: new Map(),
        asks: [],
        status: null,
        turn: null,
        catchingUp: null,
        failures: 0,
        tryAt: 0,
      });
    }
    for (const each of following.values()) if (!each.ready) wake(each);
  }

  function callFor(command: Command, session: string): ThreadCall | null {
    const each = [...following.values()].find((one) => one.session === session);
    return each?.joined === true && server !== null ? threadCall(command, each.thread, each.turn) : null;
  }

  const stopLooking = panes.onLook(() => safely(look));
  const timer = setInterval(() => {
    for (const each of following.values()) if (!each.ready) wake(each);
  }, RETRY_MS);
  timer.unref();

  return {
    handles: (command, session) =>
      command.type === "decide" ? requests.knows(command.request) : callFor(command, session) !== null,
    repeats: (command) => command.type === "decide",
    async run(command, { session }) {
      if (command.type === "decide") return requests.decide(command, session);
      const call = callFor(command, session);
      if (call === null || server === null) return failed("not_here", "Codex is not joined any more.");
      try {
        await server.request(call.method, call.params);
        return DONE;
      } catch (error) {
        if (error instanceof Refused) return failed("refused", `Codex refuses: ${error.message}`);
        return {
          status: "indeterminate",
          message: "Codex did not say whether it took this. Its terminal shows it.",
        };
      }
    },
    async stop() {
      stopped = true;
      stopLooking();
      clearInterval(timer);
      requests.stop();
      server?.close();
    },
  };
}

/** The end of a turn may be told after the begin of the next. */
function noteTurn(each: Following, told: Notification): void {
  if (told.method === "turn/started") each.turn = told.params.turn.id;
  else if (told.method === "turn/completed" && told.params.turn.id === each.turn) each.turn = null;
}
