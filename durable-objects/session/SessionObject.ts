import { DurableObject } from "cloudflare:workers";
import type { Approval, Decision, Grant } from "../../protocol/approvals.ts";
import type { CommandAnswer, EditMessage, QueuedMessage } from "../../protocol/api.ts";
import type { CloseName } from "../../protocol/closeCodes.ts";
import type { CommandResult } from "../../protocol/commands.ts";
import type { AttachmentRef } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import { MAX_COMMAND_TTL_MS } from "../../protocol/limits.ts";
import type { OutputPiece } from "../../protocol/link.ts";
import { isEnded, needsAttention, type Session } from "../../protocol/session.ts";
import type { ToolScope } from "../../protocol/toolScope.ts";
import type { Span, SpanSide } from "../../protocol/traces.ts";
import { tellOwner } from "../../worker/jobs/tellOwner.ts";
import { Alarms } from "../shared/alarms.ts";
import { allDone } from "../shared/allDone.ts";
import { openDatabase, type Database } from "../shared/database.ts";
import { endedLogins } from "../shared/endedLogins.ts";
import type { Env } from "../shared/env.ts";
import { logError } from "../shared/logError.ts";
import { blobFolder, hostName } from "../shared/names.ts";
import { Publisher } from "../shared/Publisher.ts";
import { AgentRequests } from "./approvals/AgentRequests.ts";
import { Decisions } from "./approvals/Decisions.ts";
import { Ledger } from "./approvals/Ledger.ts";
import { Attachments, type FileFacts, type Place, type Upload } from "./Attachments.ts";
import { CommandDesk, type CommandRequest } from "./CommandDesk.ts";
import { EventLog, type Run } from "./EventLog.ts";
import { hostOfChatGone, hostOfSessionGone } from "./hostGone.ts";
import { ingest, JournalCursors, mayTell, type Numbered } from "./ingest.ts";
import { askedOf, JobOrders, type JobStart, type StartCommand } from "./job/JobOrders.ts";
import { SessionJob } from "./job/SessionJob.ts";
import migrations from "./migrations/migrations.js";
import { newSession, type NewSession } from "./newSession.ts";
import { type EventPage, type EventQuery, readEvents } from "./readEvents.ts";
import { NOT_FOUND, type Refused } from "./refused.ts";
import { renamed } from "./renamed.ts";
import { SessionCommands } from "./SessionCommands.ts";
import { SessionDelivery } from "./SessionDelivery.ts";
import { SessionSockets } from "./SessionSockets.ts";
import { SessionStore } from "./SessionStore.ts";
import { SpanTexts } from "./traces/SpanTexts.ts";
import { Traces } from "./traces/Traces.ts";
import { CallOutputs } from "./turn/CallOutputs.ts";
import { Calls } from "./turn/Calls.ts";
import { Compactor } from "./turn/Compactor.ts";
import { Conversation } from "./turn/Conversation.ts";
import { GrowingParts } from "./turn/GrowingParts.ts";
import { ModelStep } from "./turn/ModelStep.ts";
import { turnPorts } from "./turn/turnPorts.ts";
import { LOOK_AGAIN_MS, TurnRunner } from "./turn/TurnRunner.ts";
import { TurnStore } from "./turn/TurnStore.ts";

/** A session: its log, commands, viewers and console. Wiring only; each capability is a file beside this one. */
export class SessionObject extends DurableObject<Env> {
  readonly #db: Database;
  readonly #log: EventLog;
  readonly #cursors: JournalCursors;
  readonly #alarms: Alarms<
    "publish" | "forward" | "turn" | "grants" | "approvals" | "blobs" | "viewers" | "job"
  >;
  readonly #publisher: Publisher;
  readonly #delivery: SessionDelivery;
  readonly #texts: SpanTexts;
  readonly #traces: Traces;
  readonly #store: SessionStore;
  readonly #commands: SessionCommands;
  readonly #desk: CommandDesk;
  readonly #sockets: SessionSockets;
  readonly #ledger: Ledger;
  readonly #requests: AgentRequests;
  readonly #growing: GrowingParts;
  readonly #turns: TurnStore;
  readonly #outputs: CallOutputs;
  readonly #attachments: Attachments;
  readonly #ports: ReturnType<typeof turnPorts>;
  readonly #conversation: Conversation;
  readonly #calls: Calls;
  readonly #decisions: Decisions;
  readonly #turn: TurnRunner;
  readonly #job: SessionJob;
  readonly #orders: JobOrders;
  /** Deletions under way: nothing begins any more that would outlive the session on its host. */
  #leaving = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    this.#db = openDatabase(ctx, migrations);
    this.#log = new EventLog(this.#db);
    this.#cursors = new JournalCursors(this.#db);
    this.#alarms = new Alarms(this.#db, ctx.storage, {
      publish: () => allDone([this.#publisher.retry(), this.#texts.drain()]),
      forward: () => this.#commands.forwardAll(),
      turn: () => this.#turn.look(),
      grants: () => this.#expireGrants(),
      viewers: () => this.#sockets.lookAtViewers(),
      approvals: () => this.#expireApprovals(),
      blobs: () => this.#attachments.sweep(Date.now()),
      job: () => this.#job.tell(),
    });
    this.#publisher = new Publisher({
      db: this.#db,
      retryAt: (at) => this.#alarms.atLatest("publish", at),
      deliver: (rows) => this.#delivery.deliver(rows),
      standing: () => this.#delivery.standing(),
    });
    this.#delivery = new SessionDelivery({
      env: () => this.env,
      session: () => this.#store.current?.session ?? null,
      drainTexts: () => this.#texts.drain(),
      reconsider: () => this.reconsider(),
    });
    this.#texts = new SpanTexts(this.#db, (span, side, text) =>
      this.#delivery.keepSpanText(span, side, text),
    );
    this.#traces = new Traces(this.#db, this.#publisher, this.#texts);
    this.#store = new SessionStore({
      db: this.#db,
      storage: ctx.storage,
      log: this.#log,
      publisher: this.#publisher,
      traces: this.#traces,
      follow: (session, head, events) => this.#job.follow(session, head, events),
      onCommit: (run, changed, spans) => this.#committed(run, changed, spans),
    });
    this.#commands = new SessionCommands({
      db: this.#db,
      store: this.#store,
      forward: async ({ host, ...command }) => (await this.#host(host)?.enqueue(command)) ?? null,
      cancel: async (id) => (await this.#host(this.#commands.hostOf(id))?.cancel(id, this.#id())) ?? true,
      takeBack: async (id) =>
        (await this.#host(this.#commands.hostOf(id))?.takeBack(id, this.#id())) ?? false,
      decided: (command, result, at) => this.#requests.delivered(command, result, at),
      callEnded: (session, id, result, at) => this.#calls.ended(session, id, result, at),
      retryAt: (at) => this.#alarms.atLatest("forward", at),
    });
    this.#ledger = new Ledger({
      db: this.#db,
      publisher: this.#publisher,
      team: () => this.#store.current?.session.team ?? "",
      expireAt: (what, at) => this.#alarms.atLatest(what, at),
    });
    this.#requests = new AgentRequests({
      ledger: this.#ledger,
      commands: () => this.#commands,
      approvalLife: () => this.#ports.approvalLife(),
    });
    this.#growing = new GrowingParts(this.#db, this.#store, (frame) => this.#sockets.live.tell(frame));
    this.#turns = new TurnStore(this.#db);
    this.#outputs = new CallOutputs(this.#turns, (frame) => this.#sockets.live.tell(frame));
    this.#attachments = new Attachments({
      db: this.#db,
      deleteBlobs: (keys) => this.env.BLOBS.delete(keys),
      sweepAt: (at) => this.#alarms.atLatest("blobs", at),
    });
    this.#ports = turnPorts(
      env,
      () => this.#store.current?.session ?? null,
      async (id) => this.#attachments.open(id, this.env.BLOBS),
    );
    this.#conversation = new Conversation(this.#db, () => this.#store.current?.head ?? 0);
    const parts = {
      ...this.#ports,
      store: this.#store,
      turns: this.#turns,
      conversation: this.#conversation,
      ledger: this.#ledger,
      requests: this.#requests,
      commands: this.#commands,
      growing: this.#growing,
      await: (task: string) => this.#job.await(task),
      lookAgain: (now: number) => this.#alarms.atLatest("turn", now + LOOK_AGAIN_MS),
    };
    const compactor = new Compactor(parts);
    this.#calls = new Calls(parts);
    this.#decisions = new Decisions({ ...parts, calls: this.#calls });
    const model = new ModelStep({ ...parts, compactor });
    this.#turn = new TurnRunner({ ...parts, compactor, model, calls: this.#calls });
    this.#job = new SessionJob({
      db: this.#db,
      log: this.#log,
      isBusy: () => this.#turns.active() !== null || this.#turns.queued().length > 0,
      tokensOf: (turns) => {
        const { input_tokens, cached_input_tokens, output_tokens } = this.#turns.usageOf(turns);
        return { input: input_tokens, cached: cached_input_tokens, output: output_tokens };
      },
      keepText: (notice, text) => this.#delivery.keepJobText(notice, text),
      tellOwner: (notice) => tellOwner(this.env, notice),
      endAgent: (asked) => this.#orders.tidyAgent(asked),
      tellAt: (at) => this.#alarms.atLatest("job", at),
    });
    const steps = {
      store: this.#store,
      commands: this.#commands,
      turn: this.#turn,
      goOn: () => this.#goOn(),
    };
    this.#orders = new JobOrders({
      ...steps,
      job: this.#job,
      create: (fresh, command) => this.create(fresh, command),
      begin: (fresh, first) => this.#begin(fresh, first),
      say: (message) => this.say(message, []),
    });
    this.#desk = new CommandDesk({ ...steps, calls: this.#calls, findHost: this.#ports.findHost });
    this.#sockets = new SessionSockets({
      ctx,
      log: this.#log,
      current: () => this.#store.current,
      growing: () => [...this.#growing.frames(), ...this.#outputs.frames()],
      watch: async (watched) => (await this.#host()?.watch(this.#id(), watched)) ?? null,
      ended: () => this.#endedBecause(),
      lookAt: (at) => this.#alarms.atLatest("viewers", at),
      endedLogins: (logins) => endedLogins(this.env.DB, logins),
    });
    // Whatever woke this object: a turn that was interrupted goes on at once. The alarm sees to it that something wakes it.
    if (this.#turns.active() !== null) this.#goOn();
  }

  /** Makes the session and, with `command`, asks its host to start it. The same id again changes nothing. */
  async create(fresh: NewSession, command: StartCommand | null): Promise<Session | Refused> {
    if (!(await this.#begin(fresh))) return NOT_FOUND;
    // Once it has started, or could not, a late repetition must not start it again: its command may be forgotten by then.
    if (command !== null && this.#store.current?.session.status === "starting") {
      const start = this.#commands.start(command.id, command.command, command.by, command.expiresInMs);
      // Recorded either way; when the host object cannot be reached now, the alarm hands it over later.
      await start.catch((error: unknown) => logError("command not forwarded yet", error));
    }
    return this.#store.current?.session ?? NOT_FOUND;
  }

  /**
   * Makes a session for an owner and asks it what it is for: a chat by `prompt`, an agent by `command`. The owner is told
   * how it ends. The same id again changes nothing; one that was cancelled before it was made is not found.
   */
  startJob(
    fresh: NewSession & Pick<Required<NewSession>, "job">,
    start: JobStart,
    by: string,
  ): Promise<Session | Refused> {
    return this.#orders.start(fresh, start, by);
  }

  /** Asks a job once more, when its owner has taken how the round before ended; that it ends is told again. */
  askJobAgain(round: number, message: { id: string; text: string }, by: string): Promise<Refused | null> {
    return this.#orders.askAgain(round, message, by);
  }

  /** From a task of this chat: it has ended, and says so, once. */
  childEnded(task: string, message: QueuedMessage): Promise<void> {
    return this.#orders.childEnded(task, message);
  }

  /** For the owner of a session: it is to end, and tells its end as ever. True when there is nothing to wait for: it never was, and will never be. */
  cancelJob(id: string, by: string): Promise<boolean> {
    return this.#orders.cancel(id, by);
  }

  /** The session, or null when there is none. */
  read(): { session: Session; epoch: string } | null {
    const current = this.#store.current;
    return current === null
      ? null
      : { session: { ...current.session, seq: current.head }, epoch: current.epoch };
  }

  /** A page of the log. Null when there is no session. */
  events(query: EventQuery): EventPage | null {
    const { current } = this.#store;
    return current === null ? null : readEvents(this.#log, current, query);
  }

  /** The spans that the index may not have: those that run, and those on their way there. Null when there is no session. */
  spans(): Span[] | null {
    return this.#store.current === null ? null : this.#traces.unpublished();
  }

  /** The whole text of a span, when it is not in R2 yet. Null when there is no session. */
  spanText(span: string, side: SpanSide): { text: string | null } | null {
    return this.#store.current === null ? null : { text: this.#texts.read(span, side) };
  }

  /** Takes a command, records it, hands it to the host, and waits up to `waitMs` for its result. */
  async command(request: CommandRequest, waitMs: number): Promise<CommandAnswer | Refused> {
    const session = this.#store.current?.session;
    if (session === undefined || this.#leaving > 0) return NOT_FOUND;
    return this.#desk.take(request, session, waitMs);
  }

  /** How a command stands. */
  async commandStatus(id: string): Promise<CommandAnswer | Refused> {
    return (await this.#commands.answer(id, 0)) ?? { refused: "not_found", message: "No such command." };
  }

  /** Takes back a command that has not left for the host. */
  async cancelCommand(id: string): Promise<CommandAnswer | Refused> {
    await this.#commands.cancel(id);
    return (await this.#commands.answer(id, 2_000)) ?? NOT_FOUND;
  }

  /** From the host object: messages of a daemon's journal, as JSON. Returns when they are committed, or why they never will be. */
  async ingest(from: { host: string; team: string; epoch: string }, json: string): Promise<Refused | null> {
    if (this.#store.deleted) return null; // late words about a deleted session: taken, and dropped
    const messages: Numbered[] = JSON.parse(json); // the host object has checked them
    const first = messages[0]?.message;
    if (this.#store.current === null) {
      if (first?.kind !== "session") return { refused: "not_found", message: "No such session." };
      const { session: id, provider, title, facts, interactive } = first;
      const fresh = { id, team: from.team, host: from.host, provider, title, cwd: facts.cwd };
      await this.#begin({ ...fresh, ...(interactive === undefined ? {} : { interactive }) });
    }
    if (!mayTell(this.#store.current?.session, this.#commands, from.host, messages))
      return { refused: "forbidden", message: "The session belongs to another host." };
    await ingest(
      { cursors: this.#cursors, store: this.#store, commands: this.#commands, requests: this.#requests },
      from.epoch,
      messages,
    );
    if (this.#store.current?.session.provider === "edge") this.#goOn();
    return null;
  }

  /** From the host object: what a call prints that runs there. Answers how much of it is here; null when no more is wanted. */
  callOutput(host: string, piece: OutputPiece): number | null {
    return this.#commands.hostOf(piece.id) === host ? this.#outputs.take(piece) : null;
  }

  /** A message for the model of a chat, with what was uploaded for it: begins a turn, or waits for the one that runs. */
  async say(message: QueuedMessage, files: string[]): Promise<QueuedMessage | Refused> {
    if (this.#store.current === null || this.#leaving > 0) return NOT_FOUND;
    const attachments = this.#attachments.use(files, Date.now());
    if (attachments === null) return NO_ATTACHMENT;
    const whole = attachments.length === 0 ? message : { ...message, attachments };
    const said = await this.#turn.say(whole);
    if (said !== whole) this.#attachments.release(attachments, Date.now()); // it was said before
    this.#goOn();
    return said;
  }

  /** Makes room for a file that is about to be uploaded. */
  reserveAttachment(upload: Upload): Place | Refused {
    const session = this.#store.current?.session;
    if (session === undefined) return NOT_FOUND;
    const { provider, team, id } = session;
    if (provider !== "edge")
      return { refused: "not_supported", message: `A session of ${provider} takes no attachments.` };
    return this.#attachments.reserve(blobFolder("attachments", team, id), upload, Date.now());
  }

  /** The bytes of an upload are in their place. */
  commitAttachment(id: string, facts: FileFacts): AttachmentRef | Refused {
    return this.#attachments.commit(id, facts, Date.now()) ?? NOT_FOUND;
  }

  /** An attachment, and where its bytes are. */
  attachment(id: string): { ref: AttachmentRef; key: string } | Refused {
    return this.#attachments.find(id) ?? NO_ATTACHMENT;
  }

  /** The messages that wait for the running turn. */
  queued(): QueuedMessage[] {
    return this.#turns.queued();
  }

  /** Changes, or removes (null), a message that waits. */
  async changeQueued(id: string, change: EditMessage | null, by: string): Promise<Refused | null> {
    const before = this.#turns.queued().find((message) => message.id === id);
    const done = change === null ? await this.#turn.remove(id, by) : await this.#turn.edit(id, change, by);
    if (done && change === null) this.#attachments.release(before?.attachments ?? [], Date.now());
    return done
      ? null
      : { refused: "not_found", message: "The message has been taken already, or never was." };
  }

  /** Decides an approval of this session. */
  async decide(id: string, decision: Decision, by: string): Promise<Approval | Refused> {
    if (this.#store.deleted)
      return {
        refused: "not_found",
        message: "The session of this approval was deleted; nothing of it runs.",
      };
    if (this.#store.current === null) return NO_APPROVAL;
    const decided = await this.#decisions.decide(id, decision, by);
    this.#goOn();
    if (decided.ok) return decided.approval;
    return { refused: decided.reason, message: decided.message };
  }

  /** What this session may do without asking. */
  grants(): Grant[] {
    return this.#ledger.grants(Date.now());
  }

  async grant(scope: ToolScope, by: string, expires_at: number | null): Promise<Grant | Refused> {
    if (this.#store.current === null) return NOT_FOUND;
    const grant = await this.#decisions.grant(scope, by, expires_at);
    this.#goOn();
    return grant ?? NOT_FOUND;
  }

  async revoke(id: string, by: string): Promise<Refused | null> {
    if (this.#store.current === null) return NOT_FOUND;
    await this.#store.write(() => ({ events: this.#ledger.revoke(id, by, Date.now()) }));
    await this.#grantEnded();
    return null;
  }

  /** From elsewhere: the team's rules have changed; what waits here may be allowed now. */
  async reconsider(): Promise<void> {
    if (this.#store.current === null) return;
    await this.#decisions.reconsider();
    this.#goOn();
  }

  async #expireApprovals(): Promise<void> {
    if (this.#store.current === null) return;
    await this.#decisions.expire();
    this.#goOn();
  }

  async #expireGrants(): Promise<void> {
    if (this.#store.current === null) return;
    await this.#store.write(() => ({ events: this.#ledger.expireGrants(Date.now()) }));
    await this.#grantEnded();
  }

  /** From elsewhere: a rule of a tool allows less than before, or nothing any more. */
  async ruleEnded(tool: string): Promise<void> {
    if (this.#store.current !== null) await this.#grantEnded(tool);
  }

  /** What is with a host already goes on; a host object that cannot be asked is taken to have sent it. */
  async #grantEnded(tool: string | null = null): Promise<void> {
    await this.#decisions.takeBack(tool).catch((error: unknown) => logError("calls not taken back", error));
    this.#goOn();
  }

  /** Lets a chat's turn go on, and sends decisions to an agent; what stops it is tried again by the alarm. */
  #goOn(): void {
    const isChat = this.#store.current?.session.provider === "edge";
    const going = isChat ? this.#turn.advance() : this.#commands.forwardAll();
    this.ctx.waitUntil(going.catch((error: unknown) => logError("it stopped here", error)));
  }

  /** From the host object: a command ended without the daemon (expired or taken back before it was sent). */
  async commandEnded(id: string, result: CommandResult): Promise<void> {
    if (this.#store.current === null) return;
    await this.#commands.end(id, result);
    this.#goOn();
  }

  /** From the host object: the daemon's right to this console has ended, or the daemon is gone without a word. */
  async dropDaemon(name: CloseName, reason: string): Promise<void> {
    this.#sockets.console.dropDaemon(name, reason);
  }

  /** From the host object: the host is removed, so nothing more will come. */
  async hostRemoved(host: string): Promise<void> {
    const session = this.#store.current?.session;
    if (session === undefined) return;
    await this.#sockets.console.closeAll("The host was removed.");
    if (isEnded(session)) return;
    if (session.provider !== "edge") return this.#store.write(hostOfSessionGone(this.#requests));
    await this.#store.write(hostOfChatGone(host));
    this.#goOn();
  }

  /** Somebody has seen that the session is in trouble; it needs nobody any more, until there is another. */
  async seen(by: string): Promise<Refused | null> {
    if (this.#store.current === null) return NOT_FOUND;
    await this.#store.write((session) =>
      session.status === "trouble" && needsAttention(session)
        ? { events: [{ at: Date.now(), event: { type: "seen", by } }] }
        : null,
    );
    return null;
  }

  /** Renames the session. */
  async rename(title: string, by: string): Promise<Session | Refused> {
    if (this.#store.current === null) return NOT_FOUND;
    await this.#store.write(renamed(title, by));
    return this.#store.current.session;
  }

  /** Deletes a session that has ended, or a chat, whose turn ends with it: its log, and its row everywhere. */
  async remove(): Promise<Refused | null> {
    this.#leaving++;
    return this.#remove().finally(() => this.#leaving--);
  }

  async #remove(): Promise<Refused | null> {
    const session = this.#store.current?.session;
    if (session === undefined) return NOT_FOUND;
    if (session.provider === "edge") await this.#turn.stop("deleted");
    else if (!isEnded(session))
      return { refused: "not_ended", message: "The session still runs. End it first." };
    // What still waits for the host must not run for a session that nobody can see.
    const open = this.#commands.open();
    const hosts = [
      ...(session.background ?? []).map(({ host }) => host),
      ...open.map((id) => this.#commands.hostOf(id)),
    ];
    for (const id of open) await this.#commands.cancel(id);
    // Nor may what runs in the background there, or is about to: the host keeps this until it is done.
    for (const host of new Set(hosts.filter((each) => each !== null)))
      await this.#host(host)?.enqueue({
        id: newId("cmd"),
        session: session.id,
        command: { type: "stop_background" },
        expires_at: Date.now() + MAX_COMMAND_TTL_MS,
      });
    await this.#sockets.console.closeAll("The session was deleted.");
    this.#store.delete(() => {
      this.#job.deleted(session);
      this.#ledger.clear(Date.now());
      this.#turns.clear();
      this.#attachments.clear(Date.now());
      this.#conversation.clear();
    });
    this.#sockets.closeLive();
    this.#tellOwner();
    await this.#published(this.#publisher.drain());
    return null;
  }

  /** WebSocket upgrades, forwarded by the Worker with the actor it found: `/live`, `/console`, `/daemon`. */
  override fetch(request: Request): Promise<Response> {
    return this.#sockets.open(request);
  }

  /** From the Worker: a login has ended, and its sockets with it. */
  endLogin(login: string): Promise<void> {
    return this.#sockets.endLogin(login);
  }

  override webSocketMessage(ws: WebSocket, data: string | ArrayBuffer): void {
    this.#sockets.message(ws, data);
  }

  override async webSocketClose(ws: WebSocket): Promise<void> {
    await this.#sockets.closed(ws);
  }

  override async webSocketError(ws: WebSocket): Promise<void> {
    await this.webSocketClose(ws);
  }

  override async alarm(): Promise<void> {
    await this.#alarms.run();
  }

  /** Makes the session unless it exists, its first message with it; false when it cannot be (deleted, or another team's). */
  async #begin(fresh: NewSession, first: QueuedMessage | null = null): Promise<boolean> {
    if (this.#store.deleted) return false;
    if (this.#store.current !== null) return this.#store.current.session.team === fresh.team;
    const now = Date.now();
    this.#store.create(newSession(fresh, now));
    if (fresh.job !== undefined) this.#job.begin(askedOf(fresh));
    const { provider, host, cwd, title } = fresh;
    await this.#store.write((session) => ({
      events: [
        { at: now, event: { type: "created", provider, host, cwd, title } },
        ...(first === null ? [] : this.#turn.take(session, first).events),
      ],
    }));
    return true;
  }

  #committed(run: Run | null, changed: Session | null, spans: Span[]): void {
    this.#sockets.committed(run, changed, spans);
    this.ctx.waitUntil(this.#published(this.#publisher.publish()));
    if (changed === null) return;
    if (changed.job !== undefined && this.#job.ended) this.#tellOwner();
    if (isEnded(changed)) this.#sockets.console.end(this.#endedBecause() ?? "The session has ended.");
  }

  /** Tells the owner of a job how it ended, when it has; the alarm does when that cannot be done now. */
  #tellOwner(): void {
    this.ctx.waitUntil(this.#job.tell().catch((error: unknown) => logError("owner not told yet", error)));
  }

  /** Waits for a delivery, and takes the long texts of spans with it; what fails is tried again by the alarm. */
  async #published(delivery: Promise<void>): Promise<void> {
    await allDone([delivery, this.#texts.drain()]).catch((error: unknown) =>
      logError("not published yet", error),
    );
  }

  #endedBecause(): string | null {
    const session = this.#store.current?.session;
    if (session === undefined) return "No such session.";
    return isEnded(session) ? (session.status_reason ?? "The session has ended.") : null;
  }

  #id(): string {
    return this.#store.current?.session.id ?? "";
  }

  /** The object of a host; the session's own when none is named. */
  #host(id: string | null = null) {
    const session = this.#store.current?.session;
    const host = id ?? session?.host ?? null;
    if (session === undefined || host === null) return null;
    return this.env.HOST.getByName(hostName(session.team, host));
  }
}

const NO_ATTACHMENT: Refused = {
  refused: "not_found",
  message: "The attachment is not there (any more). Attach the file again.",
};
const NO_APPROVAL: Refused = { refused: "not_found", message: "There is no such approval." };
