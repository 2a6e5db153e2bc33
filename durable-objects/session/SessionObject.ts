import { DurableObject } from "cloudflare:workers";
import type { CommandAnswer, EditMessage, QueuedMessage } from "../../protocol/api.ts";
import type { CloseName } from "../../protocol/closeCodes.ts";
import type { Command, CommandOf, CommandResult } from "../../protocol/commands.ts";
import {
  MAX_FRAME_BYTES,
  MAX_COMMAND_TTL_MS,
  MAX_RESUME_EVENTS,
  PROTOCOL_VERSION,
  SILENT_VIEWER,
  TAIL_EVENTS,
  VIEWERS_LOOK_MS,
} from "../../protocol/limits.ts";
import { idAs, newId } from "../../protocol/ids.ts";
import type { JobNotice } from "../../protocol/jobs.ts";
import { tellOwner } from "../../worker/jobs/tellOwner.ts";
import type { Approval, Decision, Grant, Rule } from "../../protocol/approvals.ts";
import type { OutputPiece } from "../../protocol/link.ts";
import type { ToolScope } from "../../protocol/toolScope.ts";
import { isEnded, isInteractive, needsAttention, type Session } from "../../protocol/session.ts";
import { SessionClientFrame, type SessionHello } from "../../protocol/sessionFrames.ts";
import { readActor } from "../shared/actor.ts";
import { Alarms } from "../shared/alarms.ts";
import { openDatabase, type Database } from "../shared/database.ts";
import type { Env } from "../shared/env.ts";
import { LiveSockets } from "../shared/LiveSockets.ts";
import { deleteBlobs } from "../shared/deleteBlobs.ts";
import { blobFolder, hostName, hubName, jobTextKey } from "../shared/names.ts";
import { spanFolder, spanTextKey } from "../shared/spanTextKey.ts";
import { parseFrame } from "../shared/parseFrame.ts";
import { type Outgoing, Publisher } from "../shared/Publisher.ts";
import { answerClose, closeSocket, refuseSocket } from "../shared/refuseSocket.ts";
import type { AuditEntry } from "../shared/audit.ts";
import { allDone } from "../shared/allDone.ts";
import { publishRule } from "../shared/publishRule.ts";
import { type Indexed, removeSession, saveToIndex } from "../shared/saveToIndex.ts";
import { endedLogins } from "../shared/endedLogins.ts";
import { Viewers } from "../shared/Viewers.ts";
import { ConsoleRelay, DAEMON_TAG, VIEWER_TAG } from "./ConsoleRelay.ts";
import { EventLog, eventsFrame, type Run } from "./EventLog.ts";
import { hostOfBackground, ingest, JournalCursors, type Numbered } from "./ingest.ts";
import { Attachments, type FileFacts, type Place, type Upload } from "./Attachments.ts";
import type { AttachmentRef, EventBody } from "../../protocol/events.ts";
import type { OpenedAttachment } from "../../worker/models/loadAttachments.ts";
import migrations from "./migrations/migrations.js";
import { SessionCommands } from "./SessionCommands.ts";
import { newSession, type NewSession } from "./newSession.ts";
import { SessionJob } from "./job/SessionJob.ts";
import { AgentRequests } from "./approvals/AgentRequests.ts";
import { Decisions } from "./approvals/Decisions.ts";
import { Ledger } from "./approvals/Ledger.ts";
import { CallOutputs } from "./turn/CallOutputs.ts";
import { Calls } from "./turn/Calls.ts";
import { Compactor } from "./turn/Compactor.ts";
import { Conversation } from "./turn/Conversation.ts";
import { GrowingParts } from "./turn/GrowingParts.ts";
import { ModelStep } from "./turn/ModelStep.ts";
import { turnPorts } from "./turn/turnPorts.ts";
import { LOOK_AGAIN_MS, TurnRunner } from "./turn/TurnRunner.ts";
import { TurnStore } from "./turn/TurnStore.ts";
import { SessionStore, type Gone } from "./SessionStore.ts";
import { SpanTexts } from "./traces/SpanTexts.ts";
import { Traces, type EndedSpans } from "./traces/Traces.ts";
import type { Span, SpanSide } from "../../protocol/traces.ts";
import { logError } from "../shared/logError.ts";

const LIVE_TAG = "live";

/** Why a call was refused; the Worker turns it into an HTTP answer. */
export type Refused = {
  refused:
    | "not_found"
    | "ended"
    | "not_ended"
    | "busy"
    | "forbidden"
    | "already_decided"
    | "not_supported"
    | "invalid_input";
  message: string;
};

/** One page of the log as JSON text, ready to send. */
export type EventPage = {
  first: number;
  last: number;
  head: number;
  oldest: number;
  epoch: string;
  events: string;
};

const CLIENT_FRAMES = new Set(["hello", "ack"]);

/** A session: its log, commands, viewers and console. Wiring only; each capability is a file beside this one. */
export class SessionObject extends DurableObject<Env> {
  readonly #db: Database;
  readonly #log: EventLog;
  readonly #cursors: JournalCursors;
  readonly #alarms: Alarms<
    "publish" | "forward" | "turn" | "grants" | "approvals" | "blobs" | "viewers" | "job"
  >;
  readonly #publisher: Publisher;
  readonly #texts: SpanTexts;
  readonly #traces: Traces;
  readonly #store: SessionStore;
  readonly #commands: SessionCommands;
  readonly #viewers: Viewers;
  readonly #live: LiveSockets;
  readonly #console: ConsoleRelay;
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
      viewers: () => this.#lookAtViewers(),
      approvals: () => this.#expireApprovals(),
      blobs: () => this.#attachments.sweep(Date.now()),
      job: () => this.#job.tell(),
    });
    this.#publisher = new Publisher({
      db: this.#db,
      retryAt: (at) => this.#alarms.atLatest("publish", at),
      deliver: (rows) => this.#deliver(rows),
      standing: () => this.#standing(),
    });
    this.#texts = new SpanTexts(this.#db, (span, side, text) => this.#keepText(span, side, text));
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
    this.#growing = new GrowingParts(this.#db, this.#store, (frame) => this.#live.tell(frame));
    this.#turns = new TurnStore(this.#db);
    this.#outputs = new CallOutputs(this.#turns, (frame) => this.#live.tell(frame));
    this.#attachments = new Attachments({
      db: this.#db,
      deleteBlobs: (keys) => this.env.BLOBS.delete(keys),
      sweepAt: (at) => this.#alarms.atLatest("blobs", at),
    });
    this.#ports = turnPorts(
      env,
      () => this.#store.current?.session ?? null,
      (id) => this.#openAttachment(id),
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
      keepText: (notice, text) => this.#keepJobText(notice, text),
      tellOwner: (notice) => tellOwner(this.env, notice),
      endAgent: (asked) => this.#tidyAgent(asked),
      tellAt: (at) => this.#alarms.atLatest("job", at),
    });
    this.#viewers = new Viewers(ctx, [LIVE_TAG, VIEWER_TAG]);
    this.#live = new LiveSockets({
      ctx,
      tag: LIVE_TAG,
      head: () => this.#store.current?.head ?? 0,
      rest: (_ws, sent) => this.#rest(sent),
      latest: () => [
        JSON.stringify({ type: "session", session: this.#store.current?.session }),
        JSON.stringify({ type: "spans_missed" }),
      ],
    });
    this.#console = new ConsoleRelay({
      ctx,
      watch: async (watched) => (await this.#host()?.watch(this.#id(), watched)) ?? null,
      ended: () => this.#endedBecause(),
    });
    // Whatever woke this object: a turn that was interrupted goes on at once. The alarm sees to it that something wakes it.
    if (this.#turns.active() !== null) this.#goOn();
  }

  /** Makes the session and, with `command`, asks its host to start it. The same id again changes nothing. */
  async create(
    fresh: NewSession,
    command: { id: string; command: Command; by: string; expiresInMs?: number | undefined } | null,
  ): Promise<Session | Refused> {
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
  async startJob(
    fresh: NewSession & Pick<Required<NewSession>, "job">,
    start: { prompt: string } | { command: Command; waitMs?: number },
    by: string,
  ): Promise<Session | Refused> {
    const command =
      "command" in start
        ? { id: askedOf(fresh), command: start.command, by, expiresInMs: start.waitMs }
        : null;
    const made = await this.create(fresh, command);
    if ("prompt" in start && !("refused" in made)) await this.#ask(start.prompt, by);
    return this.#store.current?.session ?? made;
  }

  /** Asks a job once more, when its owner has taken how the round before ended; that it ends is told again. */
  async askJobAgain(
    round: number,
    message: { id: string; text: string },
    by: string,
  ): Promise<Refused | null> {
    const session = this.#store.current?.session;
    if (session === undefined) return NOT_FOUND;
    const chat = session.provider === "edge";
    if (!chat && !isInteractive(session))
      return { refused: "not_supported", message: `A job of ${session.provider} is asked once.` };
    this.#job.again(round, idAs(chat ? "msg" : "cmd", message.id));
    if (chat) await this.#ask(message.text, by);
    else await this.#tellAgent(message.text, by);
    return null;
  }

  /** Says what the round is to begin with, unless it has begun. */
  async #ask(prompt: string, by: string): Promise<void> {
    const id = this.#job.unbegun();
    if (id !== null) await this.say({ id, text: prompt, by, created_at: Date.now() }, []);
  }

  /** The same of an agent, which waits for it. */
  async #tellAgent(text: string, by: string): Promise<void> {
    const id = this.#job.unbegun();
    if (id === null) return;
    await this.#commands
      .start(id, { type: "agent_prompt", text }, by, MAX_COMMAND_TTL_MS)
      .catch((error: unknown) => logError("command not forwarded yet", error)); // recorded; the alarm hands it over
  }

  /** Ends an agent that nobody will ask any more, and takes away its worktree, unless that holds work. */
  #tidyAgent(asked: string): void {
    const session = this.#store.current?.session;
    if (session === undefined || session.provider === "edge") return;
    const give = (id: string, command: Command) => {
      if (!this.#commands.knows(id)) this.#commands.stage(id, command, "its owner", null);
    };
    if (!isEnded(session)) give(stopOf(asked), { type: "kill", force: true });
    if (session.worktree !== null) give(tidyOf(asked), { type: "remove_worktree" });
    this.#goOn();
  }

  /** From a task of this chat: it has ended, and says so, once. */
  async childEnded(task: string, message: QueuedMessage): Promise<void> {
    if ("refused" in (await this.say(message, []))) return; // deleted: there is nobody to tell
    if (this.#store.current?.session.job === undefined) return;
    await this.#store.write(() => {
      this.#job.childEnded(task);
      return null;
    });
  }

  /** For the owner of a session: it is to end, and tells its end as ever. True when there is nothing to wait for: it never was, and will never be. */
  async cancelJob(id: string, by: string): Promise<boolean> {
    if (this.#store.current === null) {
      this.#store.bury(id);
      return true;
    }
    if (!this.#job.cancel(by)) return false;
    await this.#store.write(() => null); // what was never asked ends here
    if (this.#job.ended) return false;
    const { session } = this.#store.current;
    const alone = session.provider === "codex" && !isInteractive(session);
    if (session.provider === "edge") await this.#turn.stop(by);
    else await this.#stopAgent(alone ? { type: "codex_stop" } : { type: "kill", force: true }, by);
    this.#goOn();
    return false;
  }

  /** Takes back the start of an agent that has not left for its host, or asks the host to end it, once. */
  async #stopAgent(command: Command, by: string): Promise<void> {
    const { asked } = this.#job;
    if (asked === null || (await this.#commands.cancel(asked))) return;
    await this.#commands
      .start(stopOf(asked), command, by, undefined)
      .catch((error: unknown) => logError("command not forwarded yet", error)); // recorded; the alarm hands it over
  }

  /** The session, or null when there is none. */
  read(): { session: Session; epoch: string } | null {
    const current = this.#store.current;
    return current === null
      ? null
      : { session: { ...current.session, seq: current.head }, epoch: current.epoch };
  }

  /** A page of the log: after a seq (forwards), or the `limit` events before one (`before` exclusive). */
  events(
    query: { after: number; limit: number } | { before: number | null; limit: number },
  ): EventPage | null {
    const current = this.#store.current;
    if (current === null) return null;
    const { head, epoch } = current;
    const oldest = this.#log.oldest();
    const [first, last] =
      "after" in query
        ? [query.after + 1, query.after + query.limit]
        : [(query.before ?? head + 1) - query.limit, (query.before ?? head + 1) - 1];
    const nearest = "after" in query ? "first" : "last";
    const run = this.#log.between(Math.max(first, oldest), Math.min(last, head), nearest);
    return {
      first: run?.first ?? 0,
      last: run?.last ?? 0,
      head,
      oldest,
      epoch,
      events: `[${run?.body ?? ""}]`,
    };
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
  async command(
    request: { id: string; command: Command; by: string; expiresInMs: number | undefined },
    waitMs: number,
  ): Promise<CommandAnswer | Refused> {
    const session = this.#store.current?.session;
    if (session === undefined || this.#leaving > 0) return NOT_FOUND;
    const { id, command, by } = request;
    if (command.type === "rename") {
      await this.#rename(command.title, by);
      return {
        id,
        session: session.id,
        status: "done",
        result: { status: "done", value: { type: "nothing" } },
      };
    }
    const chat = session.provider === "edge";
    const either = command.type === "set_model" && isInteractive(session);
    if (chat !== EDGE_COMMANDS.has(command.type) && !either)
      return {
        refused: "not_supported",
        message: chat
          ? `A chat has no terminal: it takes no ${command.type}.`
          : `Only a chat takes ${command.type}.`,
      };
    if (chat) {
      const done = await this.#edgeCommand(command, by);
      return { id, session: session.id, status: done.status, result: done };
    }
    const known = await this.#commands.answer(id, 0);
    if (known === null) {
      if (isEnded(session) && !WORKS_AFTER_END.has(command.type))
        return { refused: "ended", message: "This session has ended; the command has nowhere to go." };
      if (command.type === "codex_start" && session.status === "working")
        return { refused: "busy", message: "The job still runs. Stop it, or wait until it is done." };
      try {
        await this.#commands.start(id, command, by, request.expiresInMs);
      } catch (error) {
        logError("command not forwarded yet", error); // recorded; the alarm hands it over
      }
    }
    return (await this.#commands.answer(id, waitMs)) ?? NOT_FOUND;
  }

  /** The commands of a chat, carried out here. */
  async #edgeCommand(command: Command, by: string): Promise<CommandResult> {
    const done: CommandResult = { status: "done", value: { type: "nothing" } };
    if (command.type === "cancel_turn") await this.#turn.cancel(by);
    if (command.type === "answer" && !(await this.#calls.answer(command.question, command.text)))
      return {
        status: "failed",
        code: "not_waiting",
        message: "This question has its answer, or is no longer asked.",
      };
    if (command.type === "compact" && !(await this.#turn.compact()))
      return { status: "failed", code: "nothing_to_shorten", message: "There is nothing to shorten yet." };
    if (command.type === "stop_background" && !(await this.#stopBackground(command, by)))
      return { status: "failed", code: "not_running", message: "This command does not run any more." };
    if (command.type === "set_model") {
      const event = { type: "model", model: command.model, effort: command.effort ?? null, by } as const;
      await this.#store.write(() => ({ events: [{ at: Date.now(), event }] }));
    }
    if (command.type === "hop") {
      const host = await this.#ports.findHost(command.host);
      if (host === null)
        return { status: "failed", code: "host_not_found", message: "There is no such host." };
      const event = {
        type: "hopped",
        host: host.id,
        host_name: host.name,
        workspace: command.workspace,
      } as const;
      await this.#store.write(() => ({ events: [{ at: Date.now(), event }] }));
    }
    this.#goOn();
    return done;
  }

  /** Asks the hosts to stop background commands; false when none of those that are meant runs. */
  async #stopBackground({ command }: CommandOf<"stop_background">, by: string): Promise<boolean> {
    const running = this.#store.current?.session.background ?? [];
    const wanted = running.filter(({ id }) => command === undefined || id === command);
    await this.#store.write(() => {
      for (const host of new Set(wanted.map((each) => each.host)))
        this.#commands.stage(
          newId("cmd"),
          { type: "stop_background", ...(command === undefined ? {} : { command }) },
          by,
          host,
        );
      return null;
    });
    await this.#commands.forwardAll().catch((error: unknown) => logError("command not forwarded yet", error)); // recorded; the alarm hands it over
    return wanted.length > 0;
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
    if (!this.#mayTell(from.host, messages))
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

  async #openAttachment(id: string): Promise<OpenedAttachment | null> {
    const found = this.#attachments.find(id);
    if (found === null) return null;
    return {
      ...found.ref,
      bytes: async (most) => {
        const blob = await this.env.BLOBS.get(found.key, { range: { offset: 0, length: most } });
        return blob === null ? null : new Uint8Array(await blob.arrayBuffer());
      },
    };
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

  /** A host may speak for its own session; for a chat that hopped, only of the commands that were sent to it. */
  #mayTell(host: string, messages: Numbered[]): boolean {
    const session = this.#store.current?.session;
    if (session?.provider !== "edge") return session?.host === host;
    return messages.every(({ message }) => {
      if (message.kind === "result") return this.#commands.hostOf(message.id) === host;
      // Of one that nobody knows any more nothing is noted.
      return (
        message.kind === "background" &&
        [host, null].includes(hostOfBackground(session, this.#commands, message.id))
      );
    });
  }

  /** From the host object: a command ended without the daemon (expired or taken back before it was sent). */
  async commandEnded(id: string, result: CommandResult): Promise<void> {
    if (this.#store.current === null) return;
    await this.#commands.end(id, result);
    this.#goOn();
  }

  /** From the host object: the daemon's right to this console has ended, or the daemon is gone without a word. */
  async dropDaemon(name: CloseName, reason: string): Promise<void> {
    this.#console.dropDaemon(name, reason);
  }

  /** From the host object: the host is removed, so nothing more will come. */
  async hostRemoved(host: string): Promise<void> {
    const session = this.#store.current?.session;
    if (session === undefined) return;
    await this.#console.closeAll("The host was removed.");
    if (isEnded(session)) return;
    const exit = { code: null, signal: null, message: "The host was removed." };
    if (session.provider === "edge") {
      // A chat is not its host: the person may choose another, or has. Nobody will tell what became of what ran there.
      await this.#store.write((chat) => {
        const lost = (chat.background ?? []).filter((each) => each.host === host);
        const events: EventBody[] = lost.map(({ id, summary }) => ({
          type: "background",
          id,
          host,
          summary,
          exit,
        }));
        const message = "The host of this chat was removed. Choose another one.";
        if (chat.host === host) events.push({ type: "notice", level: "warning", message });
        const at = Date.now();
        return events.length === 0 ? null : { events: events.map((event) => ({ at, event })) };
      });
      return this.#goOn();
    }
    await this.#store.write(() => {
      const now = Date.now();
      const ended = { type: "ended", status: "trouble", exit } as const;
      return { events: [...this.#requests.abandon(now), { at: now, event: ended }] };
    });
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
    await this.#rename(title, by);
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
    await this.#console.closeAll("The session was deleted.");
    this.#store.delete(() => {
      this.#job.deleted(session);
      this.#ledger.clear(Date.now());
      this.#turns.clear();
      this.#attachments.clear(Date.now());
      this.#conversation.clear();
    });
    for (const ws of this.ctx.getWebSockets(LIVE_TAG))
      closeSocket(ws, "notFound", "The session was deleted.");
    this.#tellOwner();
    await this.#published(this.#publisher.drain());
    return null;
  }

  /** WebSocket upgrades, forwarded by the Worker with the actor it found: `/live`, `/console`, `/daemon`. */
  override async fetch(request: Request): Promise<Response> {
    const actor = readActor(request);
    const session = this.#store.current?.session;
    if (session === undefined || session.team !== actor.team)
      return refuseSocket("notFound", "No such session.");
    const { 0: client, 1: server } = new WebSocketPair();
    switch (new URL(request.url).pathname) {
      case "/live":
        this.#viewers.accept(server, LIVE_TAG, actor);
        break;
      case "/console":
        this.#viewers.accept(server, VIEWER_TAG, actor);
        await this.#console.addViewer(server, actor);
        break;
      case "/daemon":
        if (actor.kind !== "host" || actor.id !== session.host)
          return refuseSocket("forbidden", "The session belongs to another host.");
        this.ctx.acceptWebSocket(server, [DAEMON_TAG]);
        await this.#console.addDaemon(server);
        break;
      default:
        return refuseSocket("notFound", "No such socket.");
    }
    this.#alarms.atLatest("viewers", Date.now() + VIEWERS_LOOK_MS);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** From the Worker: a login has ended, and its sockets with it. */
  async endLogin(login: string): Promise<void> {
    for (const ws of this.#viewers.of(login)) await this.#end(ws, "unauthenticated", "You signed out.");
  }

  override webSocketMessage(ws: WebSocket, data: string | ArrayBuffer): void {
    if (ws.readyState !== WebSocket.READY_STATE_OPEN) return; // closed for an earlier frame; this one was on its way
    const size = typeof data === "string" ? data.length : data.byteLength;
    if (size > MAX_FRAME_BYTES)
      return closeSocket(ws, "tooLarge", `A frame has at most ${MAX_FRAME_BYTES} bytes.`);
    this.#viewers.heard(ws);
    const isLive = this.#live.has(ws) || this.ctx.getTags(ws).includes(LIVE_TAG);
    if (typeof data !== "string") {
      if (isLive) return closeSocket(ws, "malformed", "This socket speaks text frames.");
      if (!this.#console.message(ws, data)) closeSocket(ws, "malformed", "The frame has no header.");
      return;
    }
    if (!isLive) return closeSocket(ws, "malformed", "This socket speaks binary frames.");
    const parsed = parseFrame(SessionClientFrame, CLIENT_FRAMES, data);
    if (!parsed.ok) return parsed.ignore ? undefined : closeSocket(ws, "malformed", parsed.reason);
    if (parsed.frame.type === "hello") this.#hello(ws, parsed.frame);
    else this.#live.ack(ws, parsed.frame.seq);
  }

  override async webSocketClose(ws: WebSocket): Promise<void> {
    answerClose(ws);
    this.#live.drop(ws);
    await this.#console.closed(ws);
  }

  override async webSocketError(ws: WebSocket): Promise<void> {
    await this.webSocketClose(ws);
  }

  override async alarm(): Promise<void> {
    await this.#alarms.run();
  }

  /** Ends the sockets of people who are gone without a word, or whose login is. Looks again while anybody is left. */
  async #lookAtViewers(): Promise<void> {
    const viewers = this.#viewers;
    for (const ws of viewers.silent(Date.now())) await this.#end(ws, "silent", SILENT_VIEWER);
    if (viewers.all().length === 0) return;
    this.#alarms.atLatest("viewers", Date.now() + VIEWERS_LOOK_MS);
    for (const login of await endedLogins(this.env.DB, viewers.logins())) await this.endLogin(login);
  }

  /** Ends a socket without waiting for its other side, which may not be there. */
  async #end(ws: WebSocket, name: CloseName, reason: string): Promise<void> {
    closeSocket(ws, name, reason);
    this.#live.drop(ws);
    await this.#console.closed(ws);
  }

  /** Makes the session unless it exists; false when it cannot be (deleted, or another team's). */
  async #begin(fresh: NewSession): Promise<boolean> {
    if (this.#store.deleted) return false;
    if (this.#store.current !== null) return this.#store.current.session.team === fresh.team;
    const now = Date.now();
    this.#store.create(newSession(fresh, now));
    if (fresh.job !== undefined) this.#job.begin(askedOf(fresh));
    const { provider, host, cwd, title } = fresh;
    await this.#store.write(() => ({
      events: [{ at: now, event: { type: "created", provider, host, cwd, title } }],
    }));
    return true;
  }

  #hello(ws: WebSocket, hello: SessionHello): void {
    const current = this.#store.current;
    if (current === null) return closeSocket(ws, "notFound", "No such session.");
    if (hello.version !== PROTOCOL_VERSION)
      return closeSocket(ws, "version", `This edge speaks version ${PROTOCOL_VERSION}; reload the page.`);
    const { epoch, head } = current;
    const session = { ...current.session, seq: head };
    const oldest = this.#log.oldest();
    const { seq } = hello;
    const resumes =
      seq !== undefined &&
      hello.epoch === epoch &&
      seq <= head &&
      seq >= oldest - 1 &&
      head - seq <= Math.min(MAX_RESUME_EVENTS, hello.at_most ?? MAX_RESUME_EVENTS);
    const first = resumes ? seq + 1 : Math.max(oldest, head + 1 - (hello.tail ?? TAIL_EVENTS));
    const base = { version: PROTOCOL_VERSION, epoch, head, session };
    ws.send(JSON.stringify(resumes ? { type: "ok", ...base } : { type: "gap", first, ...base }));
    this.#live.start(ws, first - 1);
    for (const frame of [...this.#growing.frames(), ...this.#outputs.frames()]) ws.send(frame);
  }

  *#rest(sent: number) {
    for (const run of this.#log.after(sent)) yield { position: run.last, frame: eventsFrame(run) };
  }

  #committed(run: Run | null, changed: Session | null, spans: Span[]): void {
    if (run !== null) this.#live.broadcast(run.first - 1, { position: run.last, frame: eventsFrame(run) });
    for (const span of spans) this.#live.tell(JSON.stringify({ type: "span", span }));
    this.ctx.waitUntil(this.#published(this.#publisher.publish()));
    if (changed === null) return;
    this.#live.tell(JSON.stringify({ type: "session", session: changed }));
    if (changed.job !== undefined && this.#job.ended) this.#tellOwner();
    if (isEnded(changed)) this.#console.end(this.#endedBecause() ?? "The session has ended.");
  }

  /** Tells the owner of a job how it ended, when it has; the alarm does when that cannot be done now. */
  #tellOwner(): void {
    this.ctx.waitUntil(this.#job.tell().catch((error: unknown) => logError("owner not told yet", error)));
  }

  async #keepJobText({ team, session, round }: JobNotice, text: string): Promise<string> {
    const key = jobTextKey(team, session, round);
    await this.env.BLOBS.put(key, text);
    return key;
  }

  /** Waits for a delivery, and takes the long texts of spans with it; what fails is tried again by the alarm. */
  async #published(delivery: Promise<void>): Promise<void> {
    await allDone([delivery, this.#texts.drain()]).catch((error: unknown) =>
      logError("not published yet", error),
    );
  }

  /** The session as it is to be published. */
  #standing(): Outgoing | null {
    const session = this.#store.current?.session;
    return session === undefined
      ? null
      : { key: session.id, version: session.version, body: JSON.stringify(session) };
  }

  async #keepText(span: string, side: SpanSide, text: string): Promise<void> {
    const session = this.#store.current?.session;
    if (session === undefined) return; // deleted meanwhile
    await this.env.BLOBS.put(await spanTextKey(session.team, session.id, span, side), text);
  }

  /** One write to D1 and one word to the hub for all that changed together. */
  async #deliver(rows: Outgoing[]): Promise<void> {
    const sum: Indexed = { sessions: [], approvals: [], spans: [], audit: [] };
    const rules: Rule[] = [];
    const gone: Gone[] = [];
    for (const { body } of rows) {
      const told: Told = JSON.parse(body);
      if ("spans" in told) sum.spans.push(...told.spans);
      else if ("audit" in told) sum.audit.push(told.audit);
      else if ("rule" in told) rules.push(told.rule);
      else if ("approval" in told) sum.approvals.push(told.approval);
      else if ("gone" in told) gone.push(told);
      else sum.sessions.push(told);
    }
    await saveToIndex(this.env.DB, sum);
    const changes = [
      ...sum.sessions.map((session) => ({ kind: "session", session }) as const),
      ...sum.approvals.map((approval) => ({ kind: "approval", approval }) as const),
    ];
    const team = sum.sessions[0]?.team ?? sum.approvals[0]?.team;
    if (team !== undefined) await this.#hub(team).publish(changes);
    for (const rule of rules) await publishRule(this.env, rule, this.#id());
    for (const each of gone) await this.#publishGone(each);
    // A rule that came while one of these was on its way to the index has not found it there.
    if (sum.approvals.some(({ status }) => status === "pending")) await this.reconsider();
  }

  async #publishGone({ gone, team }: Gone): Promise<void> {
    await removeSession(this.env.DB, gone);
    await this.#hub(team).publish([{ kind: "session_removed", id: gone }]);
    // A text on its way would come back after the others are gone.
    await this.#texts.drain();
    await deleteBlobs(this.env.BLOBS, spanFolder(team, gone));
  }

  async #rename(title: string, by: string): Promise<void> {
    await this.#store.write((session) =>
      session.title === title
        ? null
        : { events: [{ at: Date.now(), event: { type: "renamed", title, by } }] },
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

  #hub(team: string) {
    return this.env.HUB.getByName(hubName(team));
  }
}

/** What is published: the session itself, and what else has changed of it. */
type Told = Session | Gone | EndedSpans | { approval: Approval } | { rule: Rule } | { audit: AuditEntry };

/** The message or command that begins what a session is made for. */
function askedOf({ id, provider }: NewSession): string {
  return idAs(provider === "edge" ? "msg" : "cmd", id);
}

/** The command that stops what another began: its id, with a time that no other has for some thousand years. */
function stopOf(asked: string): string {
  return asked.replace("_0", "_z");
}

/** The same of the one that takes away its worktree. */
function tidyOf(asked: string): string {
  return asked.replace("_0", "_y");
}

const NOT_FOUND: Refused = { refused: "not_found", message: "No such session." };
const NO_ATTACHMENT: Refused = {
  refused: "not_found",
  message: "The attachment is not there (any more). Attach the file again.",
};
const NO_APPROVAL: Refused = { refused: "not_found", message: "There is no such approval." };

/** Commands of a chat: they begin here, whatever a host has to do for them. */
const EDGE_COMMANDS = new Set<Command["type"]>([
  "cancel_turn",
  "compact",
  "set_model",
  "hop",
  "answer",
  "stop_background",
]);

/** Commands that make sense when the pane or job has ended. */
const WORKS_AFTER_END = new Set<Command["type"]>([
  "codex_start",
  "agent_prompt",
  "remove_worktree",
  "rename",
]);
