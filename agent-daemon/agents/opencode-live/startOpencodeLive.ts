import * as z from "zod";
import type { EventBody } from "../../../protocol/events.ts";
import { failed, type Log, type Outlet, type Part } from "../../parts.ts";
import type { Store } from "../../store.ts";
import type { AgentPanes } from "../../tmux/tmuxPart.ts";
import { fitEvent } from "../codex/fitEvent.ts";
import { readAsk } from "../opencode/opencodeRequest.ts";
import { type Opencode, openOpencode } from "../opencode/openOpencode.ts";
import { OpencodeEvent, Permission, Questions, threadOf, WholeMessage } from "../opencode/opencodeWire.ts";
import { findServer, type FoundServer } from "./findServer.ts";
import { startLiveRequests } from "./liveRequests.ts";
import { catchUp, hearPane } from "./paneTalk.ts";
import { openTalkStore, type PaneTalk } from "./talkStore.ts";

export type OpencodeLiveDeps = {
  store: Store;
  outlet: Outlet;
  panes: Pick<AgentPanes, "opencodes" | "tell" | "onLook">;
  log: Log;
  /** Finds the server of a pane; for tests. */
  find?: (panePid: number) => FoundServer | null;
};

/** A terminal that is joined. */
type Joined = {
  session: string;
  at: FoundServer;
  server: Opencode;
  /** Conversations that a person has, by OpenCode's own id; those of subagents are none. */
  own: Map<string, boolean>;
  /** What it waits with. */
  waits: Set<string>;
  /** What is known of its conversations: stored whenever something of it is told. */
  talk: PaneTalk;
  /** Events are taken one after the other. */
  last: Promise<void>;
};

/** Messages that are told of a conversation that was there before it was joined. */
const FIRST_MESSAGES = 60;
/** The first look of a daemon may not recognise what runs in a pane. */
const ABSENT_LOOKS = 3;
const KEEP_MS = 30 * 24 * 60 * 60 * 1000;
const Info = z.looseObject({
  id: z.string(),
  parentID: z.string().nullish(),
  time: z.looseObject({ created: z.number() }).optional().catch(undefined),
});
const Status = z.record(z.string(), z.looseObject({ type: z.string() }));

/**
 * OpenCode in panes, where it was started with a port: what it says, what it asks, whether it works. Its own dialogs stay
 * open all the while, and the first answer counts.
 */
export function startOpencodeLive({ store, outlet, panes, log, find = findServer }: OpencodeLiveDeps): Part {
  const talks = openTalkStore(store);
  const joined = new Map<string, Joined>();
  /** How many looks in a row found no OpenCode where one asked something. */
  const absent = new Map<string, number>();
  let stopped = false;
  talks.prune(Date.now() - KEEP_MS);
  const requests = startLiveRequests({
    store,
    outlet,
    ask: (session, path, body) => joined.get(session)?.server.ask("POST", path, body) ?? null,
  });

  function join(session: string, at: FoundServer): void {
    const server = openOpencode(at);
    const each: Joined = {
      session,
      at,
      server,
      own: new Map(),
      waits: new Set(),
      talk: talks.get(session),
      last: Promise.resolve(),
    };
    joined.set(session, each);
    const work = (what: () => Promise<void>) => {
      each.last = each.last.then(what).catch((error: unknown) => {
        log("warn", "What OpenCode tells could not be taken: it is joined anew.", {
          session,
          error: String(error),
        });
        leave(each);
      });
    };
    const over = server.follow((value) => {
      const event = OpencodeEvent.safeParse(value).data;
      if (event === undefined) return; // of no interest here, or of a kind that is not known
      work(() => (event.type === "server.connected" ? begin(each) : heard(each, event)));
    });
    void over.then(() => leave(each));
  }

  function leave(each: Joined): void {
    each.server.close();
    if (joined.get(each.session) !== each) return;
    joined.delete(each.session);
    panes.tell(each.session, null);
  }

  /** It is joined, perhaps in the middle of a turn: what it waits with, and what was said in the conversation that goes on. */
  async function begin(each: Joined): Promise<void> {
    const [permissions, questions, sessions, status] = await Promise.all([
      list(each, "/permission", Permission),
      list(each, "/question", Questions),
      list(each, "/session?limit=20", Info),
      each.server.ask("GET", "/session/status"),
    ]);
    const busy = Status.catch({}).parse(status.body);
    const known = each.talk.talks.map(({ talk }) => talk.thread);
    for (const { id, parentID, time } of sessions.toReversed()) {
      each.own.set(id, parentID == null);
      // One that was told of, those that work, and what was begun here; which other one the terminal shows is not known.
      const isNew = each.at.alone && (time?.created ?? 0) > each.at.startedAt;
      if (parentID == null && (isNew || known.includes(id) || busy[id] !== undefined))
        await tellEarlier(each, id, busy[id] !== undefined);
    }
    for (const permission of permissions)
      await heard(each, { type: "permission.asked", properties: permission });
    for (const question of questions) await heard(each, { type: "question.asked", properties: question });
    const open = [...permissions, ...questions].map(({ id }) => id);
    requests.settle(each.session, open);
    showStatus(each);
  }

  async function tellEarlier(each: Joined, thread: string, busy: boolean): Promise<void> {
    const path = `/session/${encodeURIComponent(thread)}/message?limit=${FIRST_MESSAGES}`;
    const messages = await list(each, path, WholeMessage);
    const events: EventBody[] = [];
    put(each, catchUp(each.talk, thread, messages, busy, events), events);
  }

  async function list<T>(each: Joined, path: string, schema: z.ZodType<T>): Promise<T[]> {
    const { status, body } = await each.server.ask("GET", path);
    if (status !== 200) throw new Error(`OpenCode does not answer ${path}: ${status}`);
    return z
      .array(z.unknown())
      .catch([])
      .parse(body)
      .flatMap((value) => schema.safeParse(value).data ?? []);
  }

  async function heard(each: Joined, event: OpencodeEvent): Promise<void> {
    if (joined.get(each.session) !== each) return;
    const { session, at } = each;
    switch (event.type) {
      case "permission.asked":
      case "question.asked": {
        const { request, asking } = readAsk(event, at.directory);
        each.waits.add(asking.id);
        requests.asked(session, request, asking);
        return showStatus(each);
      }
      case "permission.replied":
      case "question.replied":
      case "question.rejected":
        each.waits.delete(event.properties.requestID);
        requests.resolved(event.properties.requestID);
        return showStatus(each);
      default:
        break;
    }
    const thread = threadOf(event);
    if (thread === null || !(await isOwn(each, thread))) return;
    const events: EventBody[] = [];
    put(each, hearPane(each.talk, thread, event, events), events);
  }

  /** Whether a person speaks in it. */
  async function isOwn(each: Joined, thread: string): Promise<boolean> {
    const known = each.own.get(thread);
    if (known !== undefined) return known;
    const { status, body } = await each.server.ask("GET", `/session/${encodeURIComponent(thread)}`);
    if (status === 404) return false; // deleted
    const info = Info.safeParse(body).data;
    if (info === undefined) throw new Error(`OpenCode does not say whose ${thread} is: ${status}`);
    each.own.set(thread, info.parentID == null);
    return info.parentID == null;
  }

  function put(each: Joined, talk: PaneTalk, events: EventBody[]): void {
    const at = Date.now();
    const bodies = events.map((event) => ({ at, event: fitEvent(event) }));
    const also = () => talks.put(each.session, talk, at);
    each.talk = talk;
    // Full: it is joined anew, and told from where it was.
    if (bodies.length > 0 && !outlet.put([{ kind: "events", session: each.session, events: bodies }], also))
      return leave(each);
    showStatus(each);
  }

  function showStatus(each: Joined): void {
    const works = each.talk.talks.some(({ talk }) => talk.running);
    if (each.waits.size > 0) panes.tell(each.session, { status: "waiting", reason: "permission prompt" });
    else panes.tell(each.session, { status: works ? "working" : "idle", reason: null });
  }

  /** After each look at the panes: which OpenCode can be joined where. */
  function look(): void {
    if (stopped) return;
    const here = panes.opencodes();
    for (const each of joined.values())
      if (!here.some(({ session }) => session === each.session)) leave(each);
    for (const { session, panePid } of here) {
      if (joined.has(session)) continue;
      const at = find(panePid);
      if (at !== null) join(session, at);
    }
    for (const session of requests.sessions())
      absent.set(session, here.some((each) => each.session === session) ? 0 : (absent.get(session) ?? 0) + 1);
    requests.gone((session) => (absent.get(session) ?? 0) >= ABSENT_LOOKS);
  }

  const stopLooking = panes.onLook(look);
  return {
    handles: (command) => command.type === "decide" && requests.knows(command.request),
    async run(command, { session }) {
      if (command.type !== "decide") return failed("not_here", `${command.type} is not for OpenCode.`);
      return requests.decide(command, session);
    },
    async stop() {
      stopped = true;
      stopLooking();
      requests.stop();
      for (const each of joined.values()) {
        joined.delete(each.session);
        each.server.close();
      }
    },
  };
}
