import type { ModelMessage } from "ai";
import type { EditMessage, QueuedMessage } from "../../../protocol/api.ts";
import type { Approval, Decision, Grant, Rule } from "../../../protocol/approvals.ts";
import type { CommandResult } from "../../../protocol/commands.ts";
import type { EventBody, Usage } from "../../../protocol/events.ts";
import { newId } from "../../../protocol/ids.ts";
import { MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import { UNTITLED, type Session, type SessionStatus } from "../../../protocol/session.ts";
import { redact } from "../../../protocol/redact.ts";
import { isToolName, summarizeCall, type ToolName, type ToolScope, TOOLS } from "../../../protocol/tools.ts";
import { logError } from "../../shared/logError.ts";
import { wordsOf } from "../traces/wordsOf.ts";
import { actOf, isAllowed, isWithoutAsking, matches, type Act } from "../approvals/isAllowed.ts";
import type { AgentRequests } from "../approvals/AgentRequests.ts";
import type { Ledger } from "../approvals/Ledger.ts";
import type { SessionCommands } from "../SessionCommands.ts";
import type { Change, SessionStore } from "../SessionStore.ts";
import { ModelError } from "../../../worker/models/ModelError.ts";
import type { ModelRequest } from "../../../worker/models/askModel.ts";
import type { ModelPart } from "../../../worker/models/callModel.ts";
import { failure, itemOf, outcomeOf, toolMessage, type Call, type Outcome } from "./callResult.ts";
import type { Compactor } from "./Compactor.ts";
import type { Conversation } from "./Conversation.ts";
import type { GrowingParts } from "./GrowingParts.ts";
import { instructions } from "./instructions.ts";
import { isFinal, MOST_STEPS, nextAction } from "./nextAction.ts";
import { judgeRepeat, MISTAKES_BEFORE_NUDGE, NUDGE, REPEAT_WARNING } from "./runaway.ts";
import { titleOf } from "./titleOf.ts";
import { addUsage, type Turn, type TurnStore } from "./TurnStore.ts";
import { userItem, userMessage } from "./userMessage.ts";

type Events = NonNullable<Change["events"]>;

/** How soon a turn is looked at again when nobody is there to go on with it (the object went away in the middle). */
const LOOK_AGAIN_MS = 10_000;
/** How long the alarm waits for a step: an object has one alarm, and nothing else that is due runs meanwhile. */
const HELD_MS = 1_000;

type Parts = {
  store: SessionStore;
  turns: TurnStore;
  conversation: Conversation;
  compactor: Compactor;
  ledger: Ledger;
  /** Where the decisions go that no chat waits for. */
  requests: AgentRequests;
  commands: SessionCommands;
  growing: GrowingParts;
  /** One step of the model. Throws an error whose message a person can read; after `onRetry`, what it said so far is void. */
  askModel: (request: ModelRequest, onRetry: (why: string) => void) => AsyncIterable<ModelPart>;
  /** The team's rules for a tool, read anew each time. */
  rules: (tool: string) => Promise<Rule[]>;
  /** A host of the team by id or name. */
  findHost: (wanted: string) => Promise<{ id: string; name: string } | null>;
  hostName: (id: string) => Promise<string | null>;
  /** The end of another session's log, as text. */
  readSession: (id: string, events: number) => Promise<string | null>;
  hash: (text: string) => Promise<string>;
  /** How long an approval waits for its decision. */
  approvalLife: () => number;
  /** Arms the alarm that calls `advance`; part of the caller's transaction. */
  lookAgainAt: (at: number) => void;
};

/**
 * Drives a chat's turns. What comes next is decided from stored rows alone, every step is one transaction, and
 * `advance` may be called at any time, by anybody, any number of times: so a turn goes on after an eviction.
 */
export class TurnRunner {
  readonly #parts: Parts;
  #running: Promise<void> | null = null;
  #again = false;
  #abort: AbortController | null = null;
  /** What the provider said to a request that was too long; for the trace alone. */
  #tooLong: string | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A message for the model: begins a turn, or waits for the one that runs. The same id again changes nothing; what has it is returned. */
  async say(message: QueuedMessage): Promise<QueuedMessage> {
    const { store, turns } = this.#parts;
    let said = message;
    await store.write((session) => {
      const now = Date.now();
      const begins = turns.active() === null && turns.queued().length === 0;
      const known = turns.enqueue(message, begins ? now : null);
      said = known ?? message;
      if (known !== null) return null;
      this.#parts.lookAgainAt(now + LOOK_AGAIN_MS);
      return { events: begins ? this.#begin(session, message, now) : [queuedEvent(message, "queued")] };
    });
    return said;
  }

  /** Changes a waiting message; false when it has been taken. */
  async edit(id: string, change: EditMessage, by: string): Promise<boolean> {
    let done = false;
    await this.#parts.store.write(() => {
      const message = this.#parts.turns.editQueued(id, change);
      done = message !== null;
      return message === null ? null : { events: [queuedEvent({ ...message, by }, "edited")] };
    });
    return done;
  }

  /** Takes a waiting message back; false when it has been taken. */
  async remove(id: string, by: string): Promise<boolean> {
    let done = false;
    await this.#parts.store.write(() => {
      const message = this.#parts.turns.takeQueued(id, Date.now());
      done = message !== null;
      return message === null ? null : { events: [queuedEvent({ ...message, by }, "removed")] };
    });
    return done;
  }

  /** Cancels the running turn: what waits is withdrawn; what runs on a host is asked to stop, by `advance`, and waited for. */
  async cancel(by: string): Promise<void> {
    await this.#parts.store.write(() => ({ events: this.#cancel(by) }));
    this.#abort?.abort();
  }

  /** Ends everything, for a session that is about to be deleted: the running turn, and what waits for its end. */
  async stop(by: string): Promise<void> {
    await this.#parts.store.write(() => {
      for (const { id } of this.#parts.turns.queued()) this.#parts.turns.takeQueued(id, Date.now());
      return { events: this.#cancel(by) };
    });
    this.#abort?.abort();
  }

  #cancel(by: string): Events {
    const { turns } = this.#parts;
    const turn = turns.active();
    if (turn === null || turn.cancelled_by !== null) return [];
    const now = Date.now();
    turns.update(turn.number, { cancelled_by: by });
    this.#parts.lookAgainAt(now + LOOK_AGAIN_MS);
    return turns
      .calls(turn.number, turn.step)
      .filter(({ state }) => state !== "dispatched")
      .flatMap(({ id }) =>
        this.#settleCall(id, { ...failure("The turn was cancelled."), state: "cancelled" }, now),
      );
  }

  /** Has the conversation shortened: before the next step of the running turn, or at once. False when there is nothing to shorten. */
  async compact(): Promise<boolean> {
    const { store, turns, conversation } = this.#parts;
    let done = false;
    await store.write((session) => {
      const now = Date.now();
      const running = turns.active();
      done = running !== null || conversation.replaceable(null, 0) !== null;
      if (!done || running?.compact != null) return null;
      this.#parts.lookAgainAt(now + LOOK_AGAIN_MS);
      if (running !== null) {
        turns.update(running.number, { compact: "first" });
        return null;
      }
      const { number: turn, model } = turns.begin(session.model ?? "offline/builtin", now, "last");
      return {
        events: [
          { at: now, event: { type: "turn_started", turn, thread: null, model } },
          { at: now, event: { type: "status", status: "working", reason: null } },
        ],
      };
    });
    return done;
  }

  /** Decides an approval; what it releases goes on by itself. */
  async decide(id: string, decision: Decision, by: string) {
    const { store, turns, ledger } = this.#parts;
    const approval = ledger.get(id);
    if (approval === null)
      return { ok: false, reason: "not_found", message: "There is no such approval." } as const;
    const edited = decision.input === undefined ? null : editedInput(approval, decision.input);
    if (edited !== null && !edited.ok)
      return { ok: false, reason: "invalid_input", message: edited.message } as const;
    const { requester, host, tool, workspace = null } = approval;
    const summary =
      edited === null || requester !== "edge" ? approval.summary : summarizeCall(tool, edited.value);
    const input_sha256 = edited === null ? approval.input_sha256 : await this.#parts.hash(edited.json);
    const always = decision.decision === "allow" && decision.scope === "always";
    if (approval.questions !== undefined && (decision.scope ?? "once") !== "once")
      return {
        ok: false,
        reason: "invalid_input",
        message: "A question is answered once; no rule or grant can answer it.",
      } as const;
    const pattern = decision.pattern ?? null;
    // A rule is a word about this act: one that would not even allow it is a mistake.
    if (
      always &&
      !matches(
        { tool, host: null, workspace: null, pattern, input_sha256 },
        { requester, tool, host, workspace, summary, input_sha256 },
      )
    )
      return {
        ok: false,
        reason: "invalid_input",
        message: `The pattern must be how the summary begins, and where a shell reads it, all of its commands: ${summary}`,
      } as const;
    const held: { answer: ReturnType<Ledger["decide"]> | null } = { answer: null };
    await store.write((session) => {
      const now = Date.now();
      const answer = ledger.decide(id, decision, {
        by,
        now,
        editedInput: edited === null ? null : edited.json,
      });
      held.answer = answer;
      const overdue = this.#expireDue(now);
      if (!answer.ok) return { events: [...overdue, ...this.#statusEvents(session, turns.active(), now)] };
      const events: Events = [...overdue, ...answer.events];
      this.#parts.lookAgainAt(now + LOOK_AGAIN_MS);
      events.push(...this.#release(answer.approval.id, now));
      const expires_at = decision.expires_at ?? null;
      if (decision.decision === "allow" && decision.scope === "session") {
        const { grant, events: given } = ledger.grant(
          { session: session.id, scope: approval.scope, by, expires_at },
          now,
        );
        events.push(...given, ...this.#releaseBy([grant], [], now));
      }
      if (always) {
        const rule: Rule = {
          id: newId("rul", now),
          team: session.team,
          tool,
          host,
          workspace: null,
          pattern,
          input_sha256: pattern === null ? input_sha256 : null,
          summary: redact(summary),
          reason: decision.reason ?? "",
          by,
          created_at: now,
          expires_at,
          version: 1,
        };
        ledger.rule(rule);
        events.push(...this.#releaseBy([], [rule], now));
      }
      return { events: [...events, ...this.#statusEvents(session, turns.active(), now)] };
    });
    return (
      held.answer ?? ({ ok: false, reason: "not_found", message: "There is no such approval." } as const)
    );
  }

  /** Gives the session a scope; what waits for it goes on by itself. */
  async grant(scope: ToolScope, by: string, expires_at: number | null): Promise<Grant | null> {
    const held: { grant: Grant | null } = { grant: null };
    await this.#parts.store.write((session) => {
      const now = Date.now();
      const { grant, events } = this.#parts.ledger.grant({ session: session.id, scope, by, expires_at }, now);
      held.grant = grant;
      events.push(...this.#expireDue(now), ...this.#releaseBy([grant], [], now));
      return { events: [...events, ...this.#statusEvents(session, this.#parts.turns.active(), now)] };
    });
    return held.grant;
  }

  /** Looks at what waits once more, by the grants and the team's rules as they are now. Throws when they cannot be read. */
  async reconsider(): Promise<void> {
    const { store, turns, ledger } = this.#parts;
    const tools = new Set(ledger.pending().map(({ tool }) => tool));
    const rules = (await Promise.all([...tools].map((tool) => this.#parts.rules(tool)))).flat();
    if (rules.length === 0 && ledger.grants(Date.now()).length === 0) return;
    await store.write((session) => {
      const now = Date.now();
      const events = this.#releaseBy(ledger.grants(now), rules, now);
      return events.length === 0
        ? null
        : { events: [...events, ...this.#statusEvents(session, turns.active(), now)] };
    });
  }

  /** A grant has ended: calls that only it let through, and that have not left for their host, are judged anew. */
  async takeBack(): Promise<void> {
    const { turns, ledger, commands } = this.#parts;
    const turn = turns.active();
    if (turn === null) return;
    for (const { id, tool, state, approval, command } of turns.calls(turn.number, turn.step)) {
      if (state !== "dispatched" || approval !== null || command === null || !isToolName(tool)) continue;
      const { scope } = TOOLS[tool];
      if (isWithoutAsking(scope) || ledger.grants(Date.now()).some((grant) => grant.scope === scope))
        continue;
      await commands.takeBack(command, () => {
        const now = Date.now();
        const again = turns.updateCall(id, { state: "proposed", command: null });
        this.#parts.lookAgainAt(now + LOOK_AGAIN_MS);
        return again === null ? null : { events: [this.#cardEvent(again, now)] };
      });
    }
  }

  /** Ends the approvals whose time is over, and with them their calls; the model is told. */
  async expireApprovals(): Promise<void> {
    await this.#parts.store.write((session) => {
      const now = Date.now();
      const events = this.#expireDue(now);
      return { events: [...events, ...this.#statusEvents(session, this.#parts.turns.active(), now)] };
    });
  }

  /** As `expireApprovals`; inside a step. */
  #expireDue(now: number): Events {
    const { turns, ledger } = this.#parts;
    const { ids, events } = ledger.expireApprovals(now);
    if (ids.length > 0) this.#parts.lookAgainAt(now + LOOK_AGAIN_MS);
    const calls = ids.flatMap((id) => turns.callOfApproval(id) ?? []);
    const outcome: Outcome = {
      ...failure("Nobody decided on this in time, so it did not run."),
      state: "expired",
    };
    return [...events, ...calls.flatMap(({ id }) => this.#settleCall(id, outcome, now))];
  }

  /** Allows everything that waits and that new grants or rules allow now. Inside a step. */
  #releaseBy(grants: Grant[], rules: Rule[], now: number): Events {
    const { ledger } = this.#parts;
    return ledger.pending().flatMap((approval) => {
      const allowed = isAllowed(actOf(approval), grants, rules, now);
      const grant = grants.find(({ id }) => id === allowed?.by);
      const source = grant ?? rules.find(({ id }) => id === allowed?.by);
      if (source === undefined) return [];
      const decision = { decision: "allow", scope: grant === undefined ? "always" : "session" } as const;
      const given = ledger.decide(approval.id, decision, { by: source.by, now, editedInput: null });
      if (!given.ok) return [];
      this.#parts.lookAgainAt(now + LOOK_AGAIN_MS);
      return [...given.events, ...this.#release(approval.id, now)];
    });
  }

  /** Answers a question of the model; false when it does not wait for one. */
  async answer(question: string, text: string): Promise<boolean> {
    let done = false;
    await this.#parts.store.write((session) => {
      done = false; // a step may run twice
      const call = this.#parts.turns.call(question);
      if (call === null || call.tool !== "ask_user" || call.state !== "waiting") return null;
      done = true;
      const now = Date.now();
      this.#parts.lookAgainAt(now + LOOK_AGAIN_MS);
      const events = this.#settleCall(
        call.id,
        { state: "completed", output: text, output_cut: 0, error: null },
        now,
      );
      return { events: [...events, ...this.#statusEvents(session, this.#parts.turns.active(), now)] };
    });
    return done;
  }

  /** A host command of a call has ended: the events that tell it. Runs inside the step that stores the result. */
  commandEnded(session: Session, command: string, result: CommandResult, now: number): Events {
    const { turns } = this.#parts;
    const call = turns.callOfCommand(command);
    if (call === null) return [];
    const events = this.#settleCall(call.id, outcomeOf(result), now);
    this.#parts.lookAgainAt(now + LOOK_AGAIN_MS);
    return [...events, ...this.#statusEvents(session, turns.active(), now)];
  }

  /** Goes on with whatever can go on. Resolves when nothing more can be done without a person, a host or time. */
  advance(): Promise<void> {
    if (this.#running !== null) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#loop();
    return this.#running;
  }

  /** As `advance`, for the alarm: a long step is left to itself and looked at again, so that it holds up no other alarm. */
  async look(): Promise<void> {
    const { promise: held, resolve } = Promise.withResolvers<"held">();
    const timer = setTimeout(() => resolve("held"), HELD_MS);
    const going = this.advance();
    try {
      if ((await Promise.race([going, held])) !== "held") return;
    } finally {
      clearTimeout(timer);
    }
    going.catch((error: unknown) => logError("it stopped here", error));
    this.#parts.lookAgainAt(Date.now() + LOOK_AGAIN_MS);
  }

  /** True while a turn needs this object to stay awake or come back. */
  get busy(): boolean {
    return this.#running !== null;
  }

  async #loop(): Promise<void> {
    try {
      do {
        this.#again = false;
        while (await this.#step()) {
          // each step is a transaction of its own; what comes next is read anew
        }
      } while (this.#again);
    } finally {
      // In the same turn as the last look: who calls `advance` after it starts a new loop.
      this.#running = null;
    }
  }

  /** One action; false when there is nothing to do now. */
  async #step(): Promise<boolean> {
    const { turns, store } = this.#parts;
    if (store.current === null) return false;
    const running = turns.active();
    if (running === null) return this.#beginNext();
    const due = running.phase === "model" && (await this.#parts.compactor.isDue(running));
    const turn = turns.active(); // it may have been cancelled meanwhile
    if (turn === null) return true;
    const calls = turn.phase === "calls" ? turns.calls(turn.number, turn.step) : [];
    const cancelled = turn.cancelled_by !== null;
    const facts = { step: turn.step, phase: turn.phase, cancelled, compact: due };
    switch (
      nextAction(
        facts,
        calls.map(({ state }) => state),
      )
    ) {
      case "ask_model":
        if (!(await this.#takeSteering(turn))) await this.#askModel(turn);
        return true;
      case "compact":
        await this.#compact(turn);
        return true;
      case "settle":
        if (await this.#stopRepeats(turn, calls)) return true;
        for (const { id } of calls) await this.#settleProposed(turn, id);
        await this.#forward();
        return true;
      case "wait":
        await this.#forward();
        return facts.cancelled && (await this.#stopCalls(calls));
      case "next_step":
        await this.#nextStep(turn, calls);
        return true;
      case "cancel":
        await this.#endTurn(
          turn,
          calls,
          { type: "turn_cancelled", turn: turn.number, by: turn.cancelled_by ?? "" },
          "idle",
          null,
        );
        return true;
      case "stop_runaway":
        await this.#endTurn(
          turn,
          calls,
          {
            type: "turn_failed",
            turn: turn.number,
            message: `The turn took ${MOST_STEPS} steps without an end and was stopped.`,
          },
          "trouble",
          "stopped after too many steps",
        );
        return true;
    }
  }

  /** Hands what is staged to its hosts; the alarm does when it cannot be done now. */
  async #forward(): Promise<void> {
    await this.#parts.commands
      .forwardAll()
      .catch((error: unknown) => logError("call not forwarded yet", error));
  }

  async #beginNext(): Promise<boolean> {
    const { turns, store } = this.#parts;
    let began = false;
    await store.write((session) => {
      const next = turns.queued()[0];
      if (next === undefined || turns.active() !== null) return null;
      began = true;
      const now = Date.now();
      turns.takeQueued(next.id, now);
      this.#parts.lookAgainAt(now + LOOK_AGAIN_MS);
      return { events: this.#begin(session, next, now) };
    });
    return began;
  }

  /** Begins a turn with a message that has left the queue. Inside a step. */
  #begin(session: Session, message: QueuedMessage, now: number): Events {
    const turn = this.#parts.turns.begin(session.model ?? "offline/builtin", now);
    this.#tellModel(turn.number, userMessage(message));
    const item = userItem(message);
    const events: EventBody[] = [
      { type: "queued", ...pick(message), state: "taken" },
      { type: "turn_started", turn: turn.number, thread: null, model: turn.model },
      { type: "item", id: `t${turn.number}.user`, turn: turn.number, item },
      { type: "status", status: "working", reason: null },
    ];
    const title =
      session.title === UNTITLED ? titleOf(message.text || (message.attachments?.[0]?.name ?? "")) : "";
    if (title !== "") events.push({ type: "renamed", title, by: "the first message" });
    return events.map((event) => ({ at: now, event }));
  }

  /** Puts the messages that steer the turn before its next step. False when there are none. */
  async #takeSteering(turn: Turn): Promise<boolean> {
    const { turns, store } = this.#parts;
    if (!turns.queued().some(({ steer }) => steer)) return false;
    await store.write(() => {
      const current = turns.active();
      if (current?.number !== turn.number || current.step !== turn.step || current.cancelled_by !== null)
        return null;
      const now = Date.now();
      const events = turns
        .queued()
        .filter(({ steer }) => steer)
        .flatMap((message): EventBody[] => {
          turns.takeQueued(message.id, now);
          this.#tellModel(turn.number, userMessage(message));
          const item = { ...userItem(message), steered: true };
          return [
            { type: "queued", ...pick(message), state: "taken" },
            { type: "item", id: `t${turn.number}.${message.id}`, turn: turn.number, item },
          ];
        });
      return { events: events.map((event) => ({ at: now, event })) };
    });
    return true;
  }

  async #askModel(turn: Turn): Promise<void> {
    const { store, conversation, compactor, growing, askModel } = this.#parts;
    const session = store.current?.session;
    if (session === undefined) return;
    const abort = new AbortController();
    this.#abort = abort;
    growing.restart();
    const proposed: Extract<ModelPart, { type: "call" }>[] = [];
    let end: Extract<ModelPart, { type: "end" }> | null = null;
    try {
      const name = session.host === null ? null : await this.#parts.hostName(session.host);
      const request: ModelRequest = {
        model: turn.model,
        effort: session.effort ?? null,
        instructions: instructions(session, name),
        messages: conversation.messages(turn.number, await compactor.mostChars(turn.model)),
        signal: abort.signal,
      };
      const onRetry = (why: string) => {
        growing.restart();
        proposed.length = 0;
        this.#notice(turn.number, why).catch((error: unknown) => logError("retry not told", error));
        this.#markAsked(turn, request.messages, why);
      };
      this.#markAsked(turn, request.messages, null);
      for await (const part of askModel(request, onRetry)) {
        if (part.type === "call") proposed.push(part);
        else if (part.type === "end") end = part;
        else
          await growing.grow(
            turn.number,
            `t${turn.number}.s${turn.step}.${part.type}-${part.id}`,
            part.type === "text" ? "message" : "reasoning",
            part.text,
          );
      }
      if (end === null) throw new Error("The model's answer broke off.");
      await this.#commitStep(turn, proposed, end);
    } catch (error) {
      if (abort.signal.aborted) return this.#commitAborted(turn);
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof ModelError && error.code === "context_too_long" && compactor.canShorten(turn))
        return this.#shortenFirst(turn, message);
      await this.#endTurn(
        turn,
        [],
        { type: "turn_failed", turn: turn.number, message },
        "trouble",
        message.slice(0, 300),
      );
    } finally {
      this.#abort = null;
    }
  }

  /** The conversation was too long for its provider: it is shortened, and the model is asked again. */
  async #shortenFirst(turn: Turn, why: string): Promise<void> {
    const { store, turns } = this.#parts;
    this.#tooLong = why;
    await store.write(() => {
      if (turns.active()?.number === turn.number)
        turns.update(turn.number, { compact: turn.compact ?? "first" });
      return null;
    });
  }

  async #compact(turn: Turn): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const why = this.#tooLong;
    this.#tooLong = null;
    try {
      await this.#parts.compactor.run(turn, why, abort.signal);
    } finally {
      this.#abort = null;
    }
  }

  /** Adds to what the model is told. Inside a step. */
  #tellModel(turn: number, message: ModelMessage, tokens: number | null = null): void {
    this.#parts.conversation.add(turn, message, this.#parts.store.current?.head ?? 0, tokens);
  }

  /** The step's answer is whole: its items, its calls and what the model said become durable together. */
  async #commitStep(
    turn: Turn,
    proposed: Extract<ModelPart, { type: "call" }>[],
    end: Extract<ModelPart, { type: "end" }>,
  ): Promise<void> {
    const { store, turns } = this.#parts;
    await store.write((session) => {
      const current = turns.active();
      if (current?.number !== turn.number || current.step !== turn.step || current.phase !== "model")
        return null;
      const now = Date.now();
      const events = this.#wholeParts(turn.number, now);
      const { input_tokens, output_tokens } = end.usage;
      // A provider that does not count is estimated.
      const counted = input_tokens === 0 ? null : input_tokens + output_tokens;
      for (const message of end.responseMessages) this.#tellModel(turn.number, message, counted);
      const usage: Usage = addUsage(JSON.parse(turn.usage), end.usage);
      const output = wordsOf(end.responseMessages);
      const mark = {
        at: now,
        mark: { type: "model_ended", turn: turn.number, usage: end.usage, output },
      } as const;
      for (const [index, part] of proposed.entries()) {
        const call: Call = {
          id: `t${turn.number}.s${turn.step}.c${String(index).padStart(2, "0")}`,
          turn: turn.number,
          step: turn.step,
          tool_call: part.id,
          tool: part.tool,
          input: JSON.stringify(part.input ?? {}),
          state: part.error === null ? "proposed" : "failed",
          approval: null,
          host: session.host,
          command: null,
          output: null,
          output_cut: 0,
          error: part.error,
        };
        turns.addCall(call);
        events.push({ at: now, event: { type: "item", id: call.id, turn: turn.number, item: itemOf(call) } });
      }
      if (proposed.length > 0) {
        turns.update(turn.number, { phase: "calls", usage: JSON.stringify(usage) });
        return { events, mark };
      }
      if (end.finishReason === "length") {
        const item = {
          kind: "warning",
          text: "The answer was cut: the model reached its longest answer.",
        } as const;
        events.push({ at: now, event: { type: "item", id: `t${turn.number}.cut`, turn: turn.number, item } });
      }
      if (turns.queued().some(({ steer }) => steer)) {
        // The person has said more to this turn while it answered: it goes on with that.
        turns.update(turn.number, { step: turn.step + 1, usage: JSON.stringify(usage) });
        return { events, mark };
      }
      if (current.compact !== null) {
        // Asked for while the answer came: it is what is left to do.
        turns.update(turn.number, { step: turn.step + 1, compact: "last", usage: JSON.stringify(usage) });
        return { events, mark };
      }
      turns.update(turn.number, { ended_at: now, usage: JSON.stringify(usage) });
      events.push({ at: now, event: { type: "turn_completed", turn: turn.number, usage } });
      events.push({ at: now, event: { type: "status", status: "idle", reason: null } });
      return { events, mark };
    });
    this.#parts.growing.restart();
  }

  /** Notes for the trace that the model is asked; nobody waits for it. `why`: of an attempt that failed before. */
  #markAsked({ number, step, model }: Turn, messages: ModelMessage[], why: string | null): void {
    const at = Date.now();
    const input = wordsOf(messages.slice(messages.findLastIndex(({ role }) => role === "assistant") + 1));
    const mark = { type: "model_started", turn: number, step, model, input, why } as const;
    this.#parts.store
      .write(() => (this.#parts.turns.active()?.number === number ? { mark: { at, mark } } : null))
      .catch((error: unknown) => logError("a model call is missing in the trace", error));
  }

  /** The person stopped the model in the middle: what it said so far stays, as far as it came. */
  async #commitAborted(turn: Turn): Promise<void> {
    const { store, turns, growing } = this.#parts;
    await store.write(() => {
      if (turns.active()?.number !== turn.number) return null;
      const said = growing
        .all()
        .filter(({ kind }) => kind === "message")
        .map(({ text }) => text)
        .join("");
      if (said !== "") this.#tellModel(turn.number, { role: "assistant", content: said });
      return { events: this.#wholeParts(turn.number, Date.now()) };
    });
    growing.restart();
  }

  /** The growing parts as whole items. Inside a step; call `growing.restart()` once it is committed. */
  #wholeParts(turn: number, now: number): Events {
    return this.#parts.growing
      .finish()
      .map(({ id, kind, text }) => ({ at: now, event: { type: "item", id, turn, item: { kind, text } } }));
  }

  /** Ends the turn when the model runs in a circle, before anything of the step is sent. What a person has allowed is not judged. */
  async #stopRepeats(turn: Turn, calls: Call[]): Promise<boolean> {
    const earlier = this.#parts.turns.earlierCalls(turn.number, turn.step);
    const repeated = calls.find(
      (call) => call.state === "proposed" && call.approval === null && judgeRepeat(call, earlier) === "stop",
    );
    if (repeated === undefined) return false;
    const message = `The model made the same call (${repeated.tool}) again and again; the turn was stopped.`;
    await this.#endTurn(
      turn,
      calls,
      { type: "turn_failed", turn: turn.number, message },
      "trouble",
      "stopped: the model repeated itself",
    );
    return true;
  }

  /** Settles a call that is still proposed, read anew; one that cannot be settled fails, and does not hold up the turn. */
  async #settleProposed(turn: Turn, id: string): Promise<void> {
    const call = this.#parts.turns.call(id);
    if (call?.state !== "proposed" || this.#parts.store.current === null) return;
    try {
      await this.#settle(turn, call);
    } catch (error) {
      logError("a call could not be settled", error);
      await this.#end(call, failure("The call could not be made; something went wrong on the edge."));
    }
  }

  /** Asks the hosts to end what runs for a cancelled turn. True when something ended by that. */
  async #stopCalls(calls: Call[]): Promise<boolean> {
    let ended = false;
    for (const { state, command } of calls)
      if (state === "dispatched" && command !== null && (await this.#parts.commands.cancel(command)))
        ended = true;
    return ended;
  }

  /** Judges one proposed call: refuses it, carries it out here, sends it to its host, or parks it for a decision. */
  async #settle(turn: Turn, call: Call): Promise<void> {
    const { store, turns } = this.#parts;
    const input = checkedInput(call.tool, JSON.parse(call.input));
    if (!input.ok) return this.#end(call, failure(input.message));
    if (call.approval === null && judgeRepeat(call, turns.earlierCalls(turn.number, turn.step)) !== "run")
      return this.#end(call, failure(REPEAT_WARNING));
    const session = store.current?.session;
    if (session === undefined || !isToolName(call.tool)) return;
    if (call.tool === "ask_user") return this.#ask(call, input.value);
    if (call.tool === "hop") return this.#hop(call, input.value);
    if (call.tool === "read_session") {
      const { session: other, events } = TOOLS.read_session.input.parse(input.value);
      const text = await this.#parts.readSession(other, events ?? 50);
      return this.#end(
        call,
        text === null
          ? failure("There is no such session.")
          : { state: "completed", ...endOf(text), error: null },
      );
    }
    if (TOOLS[call.tool].place === "host" && (session.host === null || session.cwd === null))
      return this.#end(
        call,
        failure("No host is chosen for this chat. Use the hop tool, or ask the person to choose one."),
      );
    const decided = call.approval === null ? null : this.#parts.ledger.get(call.approval);
    await this.#sendOrPark(
      call,
      input,
      // What a person has allowed needs no rule, and does not wait for them to be read.
      decided?.status === "allowed" ? [] : await this.#rules(call.tool),
      await this.#parts.hash(input.json),
    );
  }

  /** Without the rules nothing is allowed by one: the person is asked. */
  #rules(tool: string): Promise<Rule[]> {
    return this.#parts.rules(tool).catch((error: unknown): Rule[] => {
      logError("rules not read", error);
      return [];
    });
  }

  /** Looks at grants and rules now, at the moment of execution, and either sends the call or parks it. */
  async #sendOrPark(
    proposed: Call,
    input: { value: Record<string, unknown>; json: string },
    rules: Rule[],
    input_sha256: string,
  ): Promise<void> {
    const { store, turns, ledger } = this.#parts;
    const tool = proposed.tool;
    if (!isToolName(tool)) return;
    const { scope } = TOOLS[tool];
    await store.write((session) => {
      const call = turns.call(proposed.id);
      if (call === null || call.state !== "proposed") return null;
      const now = Date.now();
      const decided = call.approval === null ? null : ledger.get(call.approval);
      const summary = summarizeCall(tool, input.value);
      const { host, cwd: workspace } = session;
      const act: Act = { requester: "edge", tool, scope, summary, input_sha256, host, workspace };
      // What was allowed runs where the person was shown that it would, wherever the chat has gone since.
      const at = decided === null ? session : { host: decided.host, cwd: decided.workspace ?? session.cwd };
      if (decided?.status !== "allowed" && isAllowed(act, ledger.grants(now), rules, now) === null) {
        const { team, id, cwd, provider } = session;
        const { approval, events } = ledger.open(
          {
            team,
            session: id,
            host,
            requester: provider,
            request: call.id,
            tool,
            scope,
            workspace: cwd,
            input: input.json,
            input_sha256,
            summary: redact(summary),
            touches: touchesOf(input.value, cwd),
            expires_at: now + this.#parts.approvalLife(),
          },
          now,
        );
        const parked = turns.updateCall(call.id, { state: "waiting", approval: approval.id, host });
        if (parked !== null) events.push(this.#cardEvent(parked, now));
        return { events: [...events, ...this.#statusEvents(session, turns.active(), now)] };
      }
      return { events: this.#send(call, tool, input.value, at, now) };
    });
  }

  /** A call that may run: carried out here, or staged for its host, which `forwardAll` hands it to. Inside a step. */
  #send(
    call: Call,
    tool: ToolName,
    input: Record<string, unknown>,
    at: Pick<Session, "host" | "cwd">,
    now: number,
  ): Events {
    if (TOOLS[tool].place === "edge")
      return this.#settleCall(
        call.id,
        { state: "completed", output: "Allowed.", output_cut: 0, error: null },
        now,
      );
    const command = newId("cmd", now);
    const outside = this.#readable(at.host, now);
    this.#parts.commands.stage(
      command,
      { type: "tool", tool, input, root: at.cwd ?? "/", outside },
      "model",
      at.host,
    );
    const sent = this.#parts.turns.updateCall(call.id, {
      input: call.input,
      state: "dispatched",
      command,
      host: at.host,
    });
    return sent === null ? [] : [this.#cardEvent(sent, now)];
  }

  /** Paths outside the workspace that may be read on a host: those that were allowed by name, and others while a grant holds. */
  #readable(host: string | null, now: number): string[] {
    const { turns, ledger } = this.#parts;
    const granted = ledger.grants(now).some(({ scope }) => scope === "read_outside");
    return turns.readablePaths(host).flatMap(({ path, approval }) => {
      const decided = approval === null ? null : ledger.get(approval);
      const named = decided !== null && decided.decision_scope !== "session";
      return named || granted ? [path] : [];
    });
  }

  /** An approval was decided: its call is sent, goes back to be judged, or ends. Runs inside the deciding step. */
  #release(approvalId: string, now: number): Events {
    const { turns, ledger } = this.#parts;
    const approval = ledger.get(approvalId);
    if (approval !== null && approval.requester !== "edge") {
      this.#parts.requests.release(approval, now);
      return [];
    }
    const call = turns.callOfApproval(approvalId);
    if (approval === null || call === null || call.state !== "waiting")
      return ledger.deliver(approvalId, "stale", now);
    if (approval.status === "denied") {
      const why =
        approval.message === null
          ? "The person denied this."
          : `The person denied this and says: ${approval.message}`;
      return this.#settleCall(call.id, { ...failure(why), state: "denied" }, now);
    }
    const input = approval.edited_input ?? call.input;
    const checked = checkedInput(call.tool, JSON.parse(input));
    const { host, workspace } = approval;
    // A person waits for what was allowed: it leaves with the decision. One that cannot fails where others do.
    if (checked.ok && isToolName(call.tool) && host !== null && workspace != null)
      return this.#send({ ...call, input }, call.tool, checked.value, { host, cwd: workspace }, now);
    const released = turns.updateCall(call.id, { state: "proposed", input });
    return released === null ? [] : [this.#cardEvent(released, now)];
  }

  async #ask(call: Call, input: Record<string, unknown>): Promise<void> {
    const { store, turns } = this.#parts;
    const { question, options } = TOOLS.ask_user.input.parse(input);
    await store.write((session) => {
      const now = Date.now();
      if (turns.call(call.id)?.state !== "proposed") return null;
      turns.updateCall(call.id, { state: "waiting" });
      const item = { kind: "question", question, options: options ?? [], answer: null } as const;
      return {
        events: [
          { at: now, event: { type: "item", id: call.id, turn: call.turn, item } },
          ...this.#statusEvents(session, turns.active(), now),
        ],
      };
    });
  }

  async #hop(call: Call, input: Record<string, unknown>): Promise<void> {
    const { host: wanted, workspace } = TOOLS.hop.input.parse(input);
    const host = await this.#parts.findHost(wanted);
    if (host === null) return this.#end(call, failure(`There is no host ${wanted}.`));
    await this.#parts.store.write(() => {
      const now = Date.now();
      const outcome: Outcome = {
        state: "completed",
        output: `Now on ${host.name} in ${workspace}.`,
        output_cut: 0,
        error: null,
      };
      const hopped: EventBody = { type: "hopped", host: host.id, host_name: host.name, workspace };
      const settled = this.#settleCall(call.id, outcome, now);
      return settled.length === 0 ? null : { events: [...settled, { at: now, event: hopped }] };
    });
  }

  async #end(call: Call, outcome: Outcome): Promise<void> {
    await this.#parts.store.write(() => ({ events: this.#settleCall(call.id, outcome, Date.now()) }));
  }

  /** Stores what a call came to, once, and tells its card and its approval. Inside a step. */
  #settleCall(id: string, outcome: Outcome, now: number): Events {
    const { turns, ledger } = this.#parts;
    const before = turns.call(id);
    if (before === null || isFinal(before.state)) return [];
    // Of a call that ends without output of its own, what it had printed stays.
    const call = turns.updateCall(id, { ...outcome, output: outcome.output ?? before.output });
    if (call === null) return [];
    const turn = turns.active();
    if (turn?.number === call.turn)
      turns.update(turn.number, { mistakes: outcome.state === "failed" ? turn.mistakes + 1 : 0 });
    const events = [this.#cardEvent(call, now)];
    if (call.approval !== null)
      events.push(
        ...ledger.end(call.approval, "withdrawn", now),
        ...ledger.deliver(call.approval, deliveryOf(outcome.state), now),
      );
    return events;
  }

  #cardEvent(call: Call, now: number): Events[number] {
    if (call.tool === "ask_user" && call.state === "completed") {
      const asked = TOOLS.ask_user.input.parse(JSON.parse(call.input));
      const item = {
        kind: "question",
        question: asked.question,
        options: asked.options ?? [],
        answer: call.output,
      } as const;
      return { at: now, event: { type: "item", id: call.id, turn: call.turn, item } };
    }
    return { at: now, event: { type: "item", id: call.id, turn: call.turn, item: itemOf(call) } };
  }

  /** The step's calls are all settled: the model is told, and asked again. */
  async #nextStep(turn: Turn, calls: Call[]): Promise<void> {
    const { store, turns } = this.#parts;
    await store.write(() => {
      const current = turns.active();
      if (current?.number !== turn.number || current.step !== turn.step || current.phase !== "calls")
        return null;
      for (const call of calls) this.#tellModel(turn.number, toolMessage(call));
      if (current.mistakes >= MISTAKES_BEFORE_NUDGE)
        this.#tellModel(turn.number, { role: "user", content: NUDGE });
      const mistakes = current.mistakes >= MISTAKES_BEFORE_NUDGE ? 0 : current.mistakes;
      turns.update(turn.number, { step: turn.step + 1, phase: "model", mistakes });
      this.#parts.lookAgainAt(Date.now() + LOOK_AGAIN_MS);
      return { events: [] };
    });
  }

  async #endTurn(
    turn: Turn,
    calls: Call[],
    last: EventBody,
    status: SessionStatus,
    reason: string | null,
  ): Promise<void> {
    const { store, turns } = this.#parts;
    await store.write(() => {
      if (turns.active()?.number !== turn.number) return null;
      const now = Date.now();
      const events = this.#wholeParts(turn.number, now);
      for (const call of calls) {
        events.push(...this.#settleCall(call.id, { ...failure("The turn ended."), state: "cancelled" }, now));
        // The model must find a result for each of its calls, or no provider takes the conversation any more.
        const settled = turns.call(call.id);
        if (settled !== null) this.#tellModel(turn.number, toolMessage(settled));
      }
      turns.update(turn.number, { ended_at: now });
      events.push({ at: now, event: last }, { at: now, event: { type: "status", status, reason } });
      return { events };
    });
    this.#parts.growing.restart();
  }

  /** `waiting` while something waits for a person, `working` otherwise; told only when it changes. */
  #statusEvents(session: Session, turn: Turn | null, now: number): Events {
    if (turn === null) return [];
    const waits = this.#parts.turns.calls(turn.number, turn.step).filter(({ state }) => state === "waiting");
    const status = waits.length > 0 ? "waiting" : "working";
    const reason =
      waits.length === 0
        ? null
        : waits.every(({ tool }) => tool === "ask_user")
          ? "question"
          : "needs permission";
    if (session.status === status && session.status_reason === reason) return [];
    return [{ at: now, event: { type: "status", status, reason } }];
  }

  async #notice(turn: number, message: string): Promise<void> {
    const event: EventBody = {
      type: "item",
      id: `t${turn}.n${Date.now()}`,
      turn,
      item: { kind: "warning", text: message },
    };
    await this.#parts.store.write(() => ({ events: [{ at: Date.now(), event }] }));
  }
}

type Checked = { ok: true; value: Record<string, unknown>; json: string } | { ok: false; message: string };

/** An input that a person has changed: of a tool of ours, as its schema takes it; of an agent, where it can be changed. */
function editedInput(
  { requester, tool, offers, questions }: Approval,
  input: Record<string, unknown>,
): Checked {
  if (requester === "edge") return checkedInput(tool, input);
  if (questions === undefined && offers?.includes("edit") !== true)
    return { ok: false, message: `The input of ${tool} cannot be changed here.` };
  return { ok: true, value: input, json: JSON.stringify(input) };
}

/** An input as its tool's schema takes it. */
function checkedInput(tool: string, input: unknown): Checked {
  if (!isToolName(tool)) return { ok: false, message: `There is no tool ${tool}.` };
  const parsed = TOOLS[tool].input.safeParse(input);
  if (parsed.success) return { ok: true, value: { ...parsed.data }, json: JSON.stringify(parsed.data) };
  const issue = parsed.error.issues[0];
  return {
    ok: false,
    message:
      `The input of ${tool} is not valid: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim(),
  };
}

/** What became of an approval whose call has ended. */
function deliveryOf(state: Outcome["state"]): Approval["delivery"] {
  if (state === "indeterminate") return "indeterminate";
  return state === "cancelled" || state === "expired" ? "gone" : "applied";
}

/** The end of a long text, and how many bytes of it are left out. */
function endOf(text: string): { output: string; output_cut: number } {
  const output = text.slice(-MAX_OUTPUT_BYTES);
  return { output, output_cut: text.length - output.length };
}

/** What a call would touch, for the person who decides. */
function touchesOf(input: Record<string, unknown>, cwd: string | null): string[] {
  const path = typeof input.path === "string" ? input.path : typeof input.cwd === "string" ? input.cwd : null;
  if (path === null) return cwd === null ? [] : [cwd];
  return [path.startsWith("/") || cwd === null ? path : `${cwd}/${path}`];
}

function pick({ created_at: _created_at, ...said }: QueuedMessage) {
  return said;
}

function queuedEvent(message: QueuedMessage, state: "queued" | "edited" | "removed"): Events[number] {
  return { at: Date.now(), event: { type: "queued", ...pick(message), state } };
}
