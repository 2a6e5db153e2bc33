import type { EditMessage, QueuedMessage } from "../../../protocol/api.ts";
import type { EventBody } from "../../../protocol/events.ts";
import { UNTITLED, type Session, type SessionStatus } from "../../../protocol/session.ts";
import { logError } from "../../shared/logError.ts";
import type { SessionCommands } from "../SessionCommands.ts";
import type { Events, SessionStore } from "../SessionStore.ts";
import { failure, toolMessage, type Call } from "./callResult.ts";
import type { Calls } from "./Calls.ts";
import type { Compactor } from "./Compactor.ts";
import type { Conversation } from "./Conversation.ts";
import type { GrowingParts } from "./GrowingParts.ts";
import type { ModelStep } from "./ModelStep.ts";
import { MOST_STEPS, nextAction } from "./nextAction.ts";
import { judgeRepeat, MISTAKES_BEFORE_NUDGE, NUDGE } from "./runaway.ts";
import { titleOf } from "./titleOf.ts";
import type { Turn, TurnStore } from "./TurnStore.ts";
import { userItem, userMessage } from "./userMessage.ts";

/** How soon a turn is looked at again when nobody is there to go on with it (the object went away in the middle). */
export const LOOK_AGAIN_MS = 10_000;
/** How long the alarm waits for a step: an object has one alarm, and nothing else that is due runs meanwhile. */
const HELD_MS = 1_000;

type Parts = {
  store: SessionStore;
  turns: TurnStore;
  conversation: Conversation;
  compactor: Compactor;
  growing: GrowingParts;
  model: ModelStep;
  calls: Calls;
  commands: SessionCommands;
  /** Sees to it that `advance` is called again; part of the caller's transaction. */
  lookAgain: (now: number) => void;
};

/**
 * Drives a chat's turns. What comes next is decided from stored rows alone, every step is one transaction, and
 * `advance` may be called at any time, by anybody, any number of times: so a turn goes on after an eviction.
 */
export class TurnRunner {
  readonly #parts: Parts;
  #running: Promise<void> | null = null;
  #again = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A message for the model: begins a turn, or waits for the one that runs. The same id again changes nothing; what has it is returned. */
  async say(message: QueuedMessage): Promise<QueuedMessage> {
    let said = message;
    await this.#parts.store.write((session) => {
      const { known, events } = this.take(session, message);
      said = known ?? message;
      return known === null ? { events } : null;
    });
    return said;
  }

  /** As `say`, within a step. `known`: what has the id already. */
  take(session: Session, message: QueuedMessage): { known: QueuedMessage | null; events: Events } {
    const { turns, lookAgain } = this.#parts;
    const now = Date.now();
    const begins = turns.active() === null && turns.queued().length === 0;
    const known = turns.enqueue(message, begins ? now : null);
    if (known !== null) return { known, events: [] };
    lookAgain(now);
    const events = begins ? this.#begin(session, message, now) : [queuedEvent(message, "queued")];
    return { known: null, events };
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
    this.#parts.model.stop();
  }

  /** Ends everything, for a session that is about to be deleted: the running turn, and what waits for its end. */
  async stop(by: string): Promise<void> {
    await this.#parts.store.write(() => {
      for (const { id } of this.#parts.turns.queued()) this.#parts.turns.takeQueued(id, Date.now());
      return { events: this.#cancel(by) };
    });
    this.#parts.model.stop();
  }

  #cancel(by: string): Events {
    const { turns } = this.#parts;
    const turn = turns.active();
    if (turn === null || turn.cancelled_by !== null) return [];
    const now = Date.now();
    turns.update(turn.number, { cancelled_by: by });
    this.#parts.lookAgain(now);
    return turns
      .calls(turn.number, turn.step)
      .filter(({ state }) => state !== "dispatched")
      .flatMap(({ id }) =>
        this.#parts.calls.settle(id, { ...failure("The turn was cancelled."), state: "cancelled" }, now),
      );
  }

  /** Has the conversation shortened: before the next step of the running turn, or at once. False when there is nothing to shorten. */
  async compact(): Promise<boolean> {
    const { store, turns, conversation } = this.#parts;
    let done = false;
    await store.write((session) => {
      const now = Date.now();
      const running = turns.active();
      done = running !== null || conversation.replaceable(null) !== null;
      if (!done || running?.compact != null) return null;
      this.#parts.lookAgain(now);
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
    this.#parts.lookAgain(Date.now());
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
        await this.#parts.model.compact(turn);
        return true;
      case "settle":
        if (await this.#stopRepeats(turn, calls)) return true;
        for (const { id } of calls) await this.#parts.calls.judge(turn, id);
        await this.#forward();
        return true;
      case "wait":
        await this.#forward();
        return facts.cancelled && (await this.#parts.calls.stop(calls));
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
        await this.#failTurn(
          turn,
          calls,
          `The turn took ${MOST_STEPS} steps without an end and was stopped.`,
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
      this.#parts.lookAgain(now);
      return { events: this.#begin(session, next, now) };
    });
    return began;
  }

  /** Begins a turn with a message that has left the queue. Inside a step. */
  #begin(session: Session, message: QueuedMessage, now: number): Events {
    const turn = this.#parts.turns.begin(session.model ?? "offline/builtin", now);
    this.#parts.conversation.add(turn.number, userMessage(message));
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
    const { turns, store, conversation } = this.#parts;
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
          conversation.add(turn.number, userMessage(message));
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
    const failed = await this.#parts.model.ask(turn);
    if (failed !== null) await this.#failTurn(turn, [], failed, failed.slice(0, 300));
  }

  /** Ends the turn when the model runs in a circle, before anything of the step is sent. What a person has allowed is not judged. */
  async #stopRepeats(turn: Turn, calls: Call[]): Promise<boolean> {
    const earlier = this.#parts.turns.earlierCalls(turn.number, turn.step);
    const repeated = calls.find(
      (call) => call.state === "proposed" && call.approval === null && judgeRepeat(call, earlier) === "stop",
    );
    if (repeated === undefined) return false;
    const message = `The model made the same call (${repeated.tool}) again and again; the turn was stopped.`;
    await this.#failTurn(turn, calls, message, "stopped: the model repeated itself");
    return true;
  }

  /** The step's calls are all settled: the model is told, and asked again. */
  async #nextStep(turn: Turn, calls: Call[]): Promise<void> {
    const { store, turns, conversation } = this.#parts;
    await store.write(() => {
      const current = turns.active();
      if (current?.number !== turn.number || current.step !== turn.step || current.phase !== "calls")
        return null;
      for (const call of calls) conversation.add(turn.number, toolMessage(call));
      if (current.mistakes >= MISTAKES_BEFORE_NUDGE)
        conversation.add(turn.number, { role: "user", content: NUDGE });
      const mistakes = current.mistakes >= MISTAKES_BEFORE_NUDGE ? 0 : current.mistakes;
      turns.update(turn.number, { step: turn.step + 1, phase: "model", mistakes });
      this.#parts.lookAgain(Date.now());
      return { events: [] };
    });
  }

  async #failTurn(turn: Turn, calls: Call[], message: string, reason: string): Promise<void> {
    const failed = { type: "turn_failed", turn: turn.number, message } as const;
    await this.#endTurn(turn, calls, failed, "trouble", reason);
  }

  async #endTurn(
    turn: Turn,
    calls: Call[],
    last: EventBody,
    status: SessionStatus,
    reason: string | null,
  ): Promise<void> {
    const { store, turns, calls: settling, conversation, growing } = this.#parts;
    await store.write(() => {
      if (turns.active()?.number !== turn.number) return null;
      const now = Date.now();
      const events = growing.finish(turn.number, now);
      for (const call of calls) {
        events.push(...settling.settle(call.id, { ...failure("The turn ended."), state: "cancelled" }, now));
        // The model must find a result for each of its calls, or no provider takes the conversation any more.
        const settled = turns.call(call.id);
        if (settled !== null) conversation.add(turn.number, toolMessage(settled));
      }
      turns.update(turn.number, { ended_at: now });
      events.push({ at: now, event: last }, { at: now, event: { type: "status", status, reason } });
      return { events };
    });
    growing.restart();
  }
}

function pick({ created_at: _created_at, ...said }: QueuedMessage) {
  return said;
}

function queuedEvent(message: QueuedMessage, state: "queued" | "edited" | "removed"): Events[number] {
  return { at: Date.now(), event: { type: "queued", ...pick(message), state } };
}
