import { DurableObject } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import * as z from "zod";
import { PROTOCOL_VERSION, MAX_FRAME_BYTES, SILENCE_LIMIT_MS } from "../../protocol/limits.ts";
import { UnadoptedPane, type Host } from "../../protocol/host.ts";
import type { Answer, Question } from "../../protocol/questions.ts";
import type { CloseName } from "../../protocol/closeCodes.ts";
import type { CommandResult } from "../../protocol/commands.ts";
import { LinkClientFrame, type LinkServerFrame } from "../../protocol/link.ts";
import type { WorkflowListing } from "../../protocol/workflowFiles.ts";
import { readActor } from "../shared/actor.ts";
import { allDone } from "../shared/allDone.ts";
import { Alarms } from "../shared/alarms.ts";
import { openDatabase, type Database } from "../shared/database.ts";
import type { Env } from "../shared/env.ts";
import { hubName, sessionName } from "../shared/names.ts";
import { tellNews } from "../shared/tellNews.ts";
import { parseFrame } from "../shared/parseFrame.ts";
import { Publisher } from "../shared/Publisher.ts";
import { answerClose, closeSocket, refuseSocket } from "../shared/refuseSocket.ts";
import { saveHost } from "../shared/saveToIndex.ts";
import type { Numbered } from "../session/ingest.ts";
import { commandFrame, HostCommands, type Enqueued } from "./HostCommands.ts";
import { HostState } from "./HostState.ts";
import { LinkInbox, OutOfOrder } from "./LinkInbox.ts";
import { OutputRelay } from "./OutputRelay.ts";
import { RULES_KEY_HEADER, signRules } from "./signRules.ts";
import { Questions } from "./Questions.ts";
import migrations from "./migrations/migrations.js";
import { residents, unadopted, watching, workflowFiles } from "./schema.ts";
import { logError } from "../shared/logError.ts";

const LINK_TAG = "link";
const CLIENT_FRAMES = new Set(["hello", "messages", "output", "answer", "want_rules"]);
/** What survives hibernation of the link's socket: the journal it speaks from, once it has said hello. */
const Link = z.object({
  epoch: z.string().nullable(),
  opened_at: z.number(),
  /** What copies of the rules are signed with; its token is needed to make it. */
  rules_key: z.string().nullable().optional(),
});

/** What is published of a host that was removed. */
type Gone = { gone: string; team: string };

/** A host: its link, command outbox, presence and panes. Wiring only; each capability is a file beside this one. */
export class HostObject extends DurableObject<Env> {
  readonly #db: Database;
  readonly #alarms: Alarms<"publish" | "expire" | "silence">;
  readonly #publisher: Publisher;
  readonly #state: HostState;
  readonly #commands: HostCommands;
  readonly #inbox: LinkInbox;
  readonly #outputs: OutputRelay;
  readonly #questions = new Questions();
  /** When the last copy of the rules was made. */
  #rulesIssued = 0;
  /** Frames of the link are taken one after the other. */
  #taking: Promise<void> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    this.#db = openDatabase(ctx, migrations);
    this.#alarms = new Alarms(this.#db, ctx.storage, {
      publish: () => this.#publisher.retry(),
      expire: () => this.#expire(),
      silence: () => this.#endSilentLink(),
    });
    this.#publisher = new Publisher({
      db: this.#db,
      retryAt: (at) => this.#alarms.atLatest("publish", at),
      deliver: (rows) => allDone(rows.map(({ body }) => this.#publish(JSON.parse(body)))),
    });
    this.#state = new HostState(this.#db, this.#publisher);
    this.#commands = new HostCommands(this.#db);
    this.#inbox = new LinkInbox({
      db: this.#db,
      transaction: (work) => this.#transaction(work),
      toSession: (epoch, session, messages) => this.#toSession(epoch, session, messages),
      toHost: (message) => {
        if (message.kind === "host") this.#state.setInfo(message.info);
        else if (message.kind === "unadopted") this.#setUnadopted(message.panes);
        else this.#setWorkflows(message.items);
      },
      onResult: (id, session) => this.#commands.remove(id, session),
    });
    this.#outputs = new OutputRelay({
      toSession: async (piece) => {
        const host = this.#state.current;
        return host === null ? null : this.#session(piece.session).callOutput(host.id, piece);
      },
      ask: (id, offset) => {
        const link = this.#link();
        if (link !== null) send(link, { type: "output_from", id, offset });
      },
    });
    // Without a socket there is no link, whatever was noted before this object went away.
    if (this.#state.current?.presence === "online" && this.#link() === null)
      this.#changed(() => this.#state.setPresence("offline"));
  }

  /** Makes the host. The same id again changes nothing. Null when it was removed. */
  create(fresh: { id: string; team: string; name: string }): Host | null {
    return this.#changed(() => this.#state.create(fresh, Date.now()));
  }

  read(): Host | null {
    return this.#state.current;
  }

  /** The host, for a session that will live on it. */
  welcome(session: string): Host | null {
    if (this.#state.current !== null) this.#lodge(session);
    return this.#state.current;
  }

  rename(name: string): void {
    this.#changed(() => this.#state.change({ name }));
  }

  /** Panes nobody adopted, as the daemon last told. */
  panes(): UnadoptedPane[] {
    const row = this.#db.select().from(unadopted).where(eq(unadopted.id, 1)).get();
    return row === undefined ? [] : z.array(UnadoptedPane).parse(JSON.parse(row.json));
  }

  /** Workflow files as JSON, as the daemon last told; they are there when the host is away, too. */
  workflows(): { json: string; away: boolean } {
    const row = this.#db.select().from(workflowFiles).where(eq(workflowFiles.id, 1)).get();
    return { json: row?.json ?? "[]", away: this.#link() === null };
  }

  /**
   * Takes a command into the outbox and sends it if the host is there. The same id again changes nothing.
   * Answers with the command's result when the host will never get it.
   */
  enqueue(command: Enqueued): CommandResult | null {
    if (this.#state.current === null) return NEVER_SENT;
    const link = this.#link();
    const taken = this.#changed(() => {
      const outcome = this.#commands.add(command, link !== null);
      if (outcome !== "added") return outcome;
      this.#lodge(command.session);
      this.#alarms.atLatest("expire", command.expires_at);
      if (link === null) this.#state.change({ waiting_commands: this.#commands.count });
      return outcome;
    });
    if (taken === "added" && link !== null) send(link, commandFrame(command, Date.now()));
    return taken === "added" || taken === "known" ? null : taken;
  }

  /** Takes a command back. True when it had not been sent, and so never will be. */
  cancel(id: string, session: string): boolean {
    const now = Date.now();
    const link = this.#link();
    const outcome = this.#changed(() => {
      const done = this.#commands.cancel(id, session, now);
      const next = this.#commands.nextExpiry();
      if (next !== null) this.#alarms.atLatest("expire", next);
      if (link === null) this.#state.change({ waiting_commands: this.#commands.count });
      return done;
    });
    if (outcome === "sent" && link !== null) send(link, { type: "cancel", id, session });
    return outcome === "unsent";
  }

  /** Takes a command back only if it had not been sent; one that may run goes on. */
  takeBack(id: string, session: string): boolean {
    return !this.#commands.wasSent(id) && this.cancel(id, session);
  }

  /** Asks the daemon something that it only has to look up; at once a refusal when it is not there. */
  async ask(question: Question): Promise<Answer> {
    const link = this.#link();
    if (link === null) return AWAY;
    return this.#questions.ask(question, (frame) => send(link, frame));
  }

  /** The team's rules may have changed: the daemon gets a copy of them for when it is away. Without a link it asks when it is back. */
  async rulesChanged(): Promise<void> {
    const host = this.#state.current;
    const link = this.#link();
    const key = link === null ? null : Link.parse(link.deserializeAttachment()).rules_key;
    if (host === null || link === null || key == null) return;
    this.#rulesIssued = Math.max(Date.now(), this.#rulesIssued + 1);
    send(link, { type: "rules", ...(await signRules(this.env.DB, host, key, this.#rulesIssued)) });
  }

  /** The sessions with a call of a tool that the daemon has not got yet. */
  unsentCalls(tool: string): string[] {
    return this.#commands.unsentCalls(tool);
  }

  /** Somebody watches a console, or nobody does any more. Resolves to why nothing can be seen now, or null. */
  watch(session: string, watched: boolean): string | null {
    if (watched) this.#db.insert(watching).values({ session }).onConflictDoNothing().run();
    else this.#db.delete(watching).where(eq(watching.session, session)).run();
    const link = this.#link();
    if (link !== null) send(link, { type: watched ? "watch" : "unwatch", session });
    if (link !== null || !watched) return null;
    return this.#state.current === null
      ? "The host was removed."
      : "The host is offline. The terminal opens when it is back.";
  }

  /** The token is no longer good: ends the link and the consoles that were opened with it. */
  async dropLink(reason: string): Promise<void> {
    for (const ws of this.ctx.getWebSockets(LINK_TAG)) closeSocket(ws, "unauthenticated", reason);
    this.#wentOffline();
    await this.#dropConsoles("unauthenticated", reason);
  }

  /** Removes the host: ends the link, and every command that still waits. `sessions`: those that the index knows on it. */
  async remove(sessions: string[]): Promise<void> {
    const host = this.#state.current;
    if (host === null) return;
    for (const ws of this.ctx.getWebSockets(LINK_TAG))
      closeSocket(ws, "unauthenticated", "The host was removed.");
    const gone: Gone = { gone: host.id, team: host.team };
    this.#transaction(() => {
      const watched = this.#db.select().from(watching).all();
      for (const session of [...sessions, ...watched.map((each) => each.session)]) this.#lodge(session);
      this.#state.remove();
      this.#publisher.put({ key: "gone", version: 1, body: JSON.stringify(gone) });
    });
    await this.#publishNow();
  }

  /** The daemon's socket, forwarded by the Worker with the actor it found. */
  override fetch(request: Request): Response {
    const actor = readActor(request);
    const host = this.#state.current;
    if (host === null || actor.kind !== "host" || actor.id !== host.id)
      return refuseSocket("unauthenticated", "This host was removed. Enrol it anew.");
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [LINK_TAG]);
    const rules_key = request.headers.get(RULES_KEY_HEADER);
    const link: z.infer<typeof Link> = { epoch: null, opened_at: Date.now(), rules_key };
    server.serializeAttachment(link);
    this.#alarms.atLatest("silence", Date.now() + SILENCE_LIMIT_MS);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(ws: WebSocket, data: string | ArrayBuffer): Promise<void> {
    // One after the other: acks must rise, and a session must see its messages in order.
    const taken = this.#taking.then(() => this.#take(ws, data));
    this.#taking = taken.catch(() => undefined); // reported where it failed
    return taken;
  }

  override webSocketClose(ws: WebSocket): void {
    answerClose(ws);
    if (this.#link(ws) === null) this.#wentOffline();
  }

  override webSocketError(ws: WebSocket): void {
    this.webSocketClose(ws);
  }

  override async alarm(): Promise<void> {
    await this.#alarms.run();
  }

  async #take(ws: WebSocket, data: string | ArrayBuffer): Promise<void> {
    if (ws.readyState !== WebSocket.READY_STATE_OPEN) return; // closed for an earlier frame; this one was on its way
    if (typeof data !== "string") return closeSocket(ws, "malformed", "The link speaks text frames.");
    if (data.length > MAX_FRAME_BYTES)
      return closeSocket(ws, "tooLarge", `A frame has at most ${MAX_FRAME_BYTES} bytes.`);
    const parsed = parseFrame(LinkClientFrame, CLIENT_FRAMES, data);
    if (!parsed.ok) return parsed.ignore ? undefined : closeSocket(ws, "malformed", parsed.reason);
    if (parsed.frame.type === "hello") return this.#hello(ws, parsed.frame);
    const { epoch } = Link.parse(ws.deserializeAttachment());
    if (epoch === null) return closeSocket(ws, "malformed", "The link begins with hello.");
    if (ws !== this.#link()) return; // replaced: its daemon, or a newer one, sends again
    if (parsed.frame.type === "answer") return this.#questions.answered(parsed.frame.id, parsed.frame.answer);
    // The frames behind it do not wait for the index.
    if (parsed.frame.type === "want_rules")
      return this.ctx.waitUntil(
        this.rulesChanged().catch((error: unknown) => logError("rules not copied", error)),
      );
    if (parsed.frame.type === "output") {
      // Nothing waits for it, least of all a result that comes behind it.
      const { type: _, ...piece } = parsed.frame;
      return this.ctx.waitUntil(
        this.#outputs.take(piece).catch((error: unknown) => logError("output not shown", error)),
      );
    }
    try {
      send(ws, { type: "ack", seq: await this.#inbox.take(epoch, parsed.frame.messages) });
    } catch (error) {
      logError("messages not taken", error);
      if (error instanceof OutOfOrder) closeSocket(ws, "malformed", error.message);
      else closeSocket(ws, "internal", "The edge could not store the messages; send them again.");
      return;
    }
    this.#afterChange();
  }

  #hello(ws: WebSocket, hello: Extract<LinkClientFrame, { type: "hello" }>): void {
    const host = this.#state.current;
    if (host === null) return closeSocket(ws, "unauthenticated", "This host was removed.");
    if (hello.version !== PROTOCOL_VERSION)
      return closeSocket(
        ws,
        "version",
        `This edge speaks version ${PROTOCOL_VERSION}; install the newer agent.`,
      );
    for (const other of this.ctx.getWebSockets(LINK_TAG))
      if (other !== ws) closeSocket(other, "replaced", "A newer connection of this host took over.");
    this.#questions.endAll(AWAY); // they were asked on the connection before
    const { rules_key } = Link.parse(ws.deserializeAttachment());
    const greeted: z.infer<typeof Link> = { epoch: hello.epoch, opened_at: Date.now(), rules_key };
    ws.serializeAttachment(greeted);
    const sessions = this.#db.select().from(watching).all();
    send(ws, {
      type: "welcome",
      version: PROTOCOL_VERSION,
      host: host.id,
      name: host.name,
      acked: this.#inbox.acked(hello.epoch),
      watching: sessions.map(({ session }) => session),
    });
    const frames = this.#commands.frames(Date.now());
    if (frames.length > 0) this.#commands.markSent();
    for (const frame of frames) send(ws, frame);
    this.#changed(() => {
      this.#state.change({ info: hello.info, waiting_commands: 0 });
      this.#state.setPresence("online");
    });
    this.#alarms.atLatest("silence", Date.now() + SILENCE_LIMIT_MS);
  }

  /** The socket of the link: the newest that said hello. `except` leaves one out (it is closing). */
  #link(except?: WebSocket): WebSocket | null {
    let newest: { ws: WebSocket; opened_at: number } | null = null;
    for (const ws of this.ctx.getWebSockets(LINK_TAG)) {
      if (ws === except || ws.readyState !== WebSocket.READY_STATE_OPEN) continue;
      const link = Link.safeParse(ws.deserializeAttachment());
      if (!link.success || link.data.epoch === null) continue;
      if (newest === null || link.data.opened_at >= newest.opened_at)
        newest = { ws, opened_at: link.data.opened_at };
    }
    return newest?.ws ?? null;
  }

  async #endSilentLink(): Promise<void> {
    const now = Date.now();
    let next = Number.POSITIVE_INFINITY;
    for (const ws of this.ctx.getWebSockets(LINK_TAG)) {
      const link = Link.safeParse(ws.deserializeAttachment());
      // Pings alone are no link: before its hello, only its opening counts.
      const speaks = link.success && link.data.epoch !== null;
      const heard = speaks ? this.ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() : 0;
      const since = Math.max(heard ?? 0, link.success ? link.data.opened_at : 0);
      if (now - since > SILENCE_LIMIT_MS) closeSocket(ws, "silent", "Nothing was heard for 30 seconds.");
      else next = Math.min(next, since + SILENCE_LIMIT_MS + 1);
    }
    if (next !== Number.POSITIVE_INFINITY) this.#alarms.atLatest("silence", next);
    if (this.#link() !== null) return;
    if (this.#state.current?.presence === "online") this.#wentOffline();
    await this.#dropConsoles("hostGone", "Nothing was heard from the host for 30 seconds.");
  }

  #wentOffline(): void {
    this.#questions.endAll(AWAY);
    if (this.#state.current?.presence === "never") return; // a host that never came cannot leave
    const now = Date.now();
    const waiting_commands = this.#commands.count;
    this.#changed(() => this.#state.change({ presence: "offline", last_seen: now, waiting_commands }, now));
  }

  async #dropConsoles(name: CloseName, reason: string): Promise<void> {
    const sessions = this.#db.select().from(watching).all();
    await Promise.all(sessions.map(({ session }) => this.#session(session).dropDaemon(name, reason)));
  }

  async #expire(): Promise<void> {
    if (this.#state.current === null) return; // what is left is ended with the removal
    for (const { id, session, cancelled } of this.#commands.expired(Date.now())) {
      const status = cancelled === 1 ? ("cancelled" as const) : ("expired" as const);
      await this.#session(session).commandEnded(id, { status });
      this.#commands.remove(id, session);
    }
    const next = this.#commands.nextExpiry();
    if (next !== null) this.#alarms.atLatest("expire", next);
    this.#changed(() =>
      this.#state.change({ waiting_commands: this.#link() === null ? this.#commands.count : 0 }),
    );
  }

  async #toSession(epoch: string, session: string, messages: Numbered[]): Promise<string | null> {
    const host = this.#state.current;
    if (host === null) return "The host was removed.";
    const from = { host: host.id, team: host.team, epoch };
    // As text: the runtime takes several times as long to copy so many small objects from one object to the other.
    const refused = await this.#session(session).ingest(from, JSON.stringify(messages));
    if (messages.some(({ message }) => message.kind === "session")) this.#lodge(session);
    if (messages.some(({ message }) => message.kind === "events" && message.events.some(isEnd)))
      this.#db.delete(residents).where(eq(residents.session, session)).run();
    return refused?.message ?? null;
  }

  #lodge(session: string): void {
    this.#db.insert(residents).values({ session }).onConflictDoNothing().run();
  }

  #setUnadopted(panes: UnadoptedPane[]): void {
    const json = JSON.stringify(panes);
    this.#db
      .insert(unadopted)
      .values({ id: 1, json })
      .onConflictDoUpdate({ target: unadopted.id, set: { json } })
      .run();
    this.#state.change({ unadopted_panes: panes.length });
  }

  #setWorkflows(items: WorkflowListing[]): void {
    const json = JSON.stringify(items);
    const row = this.#db.select().from(workflowFiles).where(eq(workflowFiles.id, 1)).get();
    if (json === (row?.json ?? "[]")) return; // a daemon tells it again whenever it starts
    this.#db
      .insert(workflowFiles)
      .values({ id: 1, json })
      .onConflictDoUpdate({ target: workflowFiles.id, set: { json } })
      .run();
    const host = this.#state.current;
    if (host !== null) this.ctx.waitUntil(tellNews(this.env, host.team, "workflows"));
  }

  async #publish(host: Host | Gone): Promise<void> {
    if ("gone" in host) return this.#publishGone(host);
    if (this.#state.removed) return;
    await saveHost(this.env.DB, host);
    await this.env.HUB.getByName(hubName(host.team)).publish([{ kind: "host", host }]);
  }

  /** Tells everybody who waits for something of a host that was removed. */
  async #publishGone({ gone, team }: Gone): Promise<void> {
    for (const { id, session, sent } of this.#commands.all()) {
      await this.#session(session, team).commandEnded(id, sent === 1 ? FATE_UNKNOWN : NEVER_SENT);
      this.#commands.remove(id, session);
    }
    const lived = this.#db.select().from(residents).all();
    await allDone([
      ...lived.map(async ({ session }) => {
        await this.#session(session, team).hostRemoved(gone);
        this.#db.delete(residents).where(eq(residents.session, session)).run(); // told once, whatever becomes of the others
      }),
      this.env.HUB.getByName(hubName(team)).publish([{ kind: "host_removed", id: gone }]),
    ]);
  }

  /** A transaction; what is in memory goes back with it. */
  #transaction<T>(work: () => T): T {
    try {
      return this.ctx.storage.transactionSync(work);
    } catch (error) {
      this.#state.reload();
      throw error;
    }
  }

  #changed<T>(work: () => T): T {
    const value = this.#transaction(work);
    this.#afterChange();
    return value;
  }

  #afterChange(): void {
    this.ctx.waitUntil(this.#publishNow());
  }

  /** Delivers what the outbox holds; what fails is tried again by the alarm. */
  async #publishNow(): Promise<void> {
    await this.#publisher.drain().catch((error: unknown) => logError("the outbox cannot be read", error));
  }

  #session(id: string, team = this.#state.current?.team ?? "") {
    return this.env.SESSION.getByName(sessionName(team, id));
  }
}

function isEnd({ event }: { event: { type: string } }): boolean {
  return event.type === "ended";
}

/** Of a host that was removed: a command that it never got, and one that it may have carried out. */
const NEVER_SENT: CommandResult = {
  status: "failed",
  code: "host_removed",
  message: "The host was removed; the command never reached it.",
};
/** Of a question: nobody is there who could answer it. */
const AWAY: Answer = {
  status: "failed",
  code: "host_away",
  message: "The host is offline. Ask again when it is back.",
};
const FATE_UNKNOWN: CommandResult = {
  status: "indeterminate",
  message: "The host was removed before it said what became of this.",
};

function send(ws: WebSocket, frame: LinkServerFrame): void {
  try {
    ws.send(JSON.stringify(frame));
  } catch {
    // it closed under us; the daemon gets everything again when it is back
  }
}
