import type { ModelMessage } from "ai";
import type { EventBody, Usage } from "../../../protocol/events.ts";
import { ModelError } from "../../../worker/models/ModelError.ts";
import type { ModelRequest } from "../../../worker/models/askModel.ts";
import type { ModelPart } from "../../../worker/models/callModel.ts";
import { FULL } from "../../shared/Batcher.ts";
import { logError } from "../../shared/logError.ts";
import type { SessionStore } from "../SessionStore.ts";
import { wordsOf } from "../traces/wordsOf.ts";
import { itemOf, type Call } from "./callResult.ts";
import type { Compactor } from "./Compactor.ts";
import type { Conversation } from "./Conversation.ts";
import type { GrowingParts } from "./GrowingParts.ts";
import { instructions } from "./instructions.ts";
import { addUsage, type Turn, type TurnStore } from "./TurnStore.ts";

type Parts = {
  store: SessionStore;
  turns: TurnStore;
  conversation: Conversation;
  compactor: Compactor;
  growing: GrowingParts;
  /** One step of the model. Throws an error whose message a person can read; after `onRetry`, what it said so far is void. */
  askModel: (request: ModelRequest, onRetry: (why: string) => void) => AsyncIterable<ModelPart>;
  hostName: (id: string) => Promise<string | null>;
};

/** One step of the model: asked, shown as it grows, and stored whole. Until it is stored it can be asked again at any time. */
export class ModelStep {
  readonly #parts: Parts;
  #abort: AbortController | null = null;
  /** What the provider said to a request that was too long; for the trace alone. */
  #tooLong: string | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Stops the step that runs: what it said so far stays. */
  stop(): void {
    this.#abort?.abort();
  }

  /** Asks for the turn's step; the answer is why the turn cannot go on, or null. */
  async ask(turn: Turn): Promise<string | null> {
    const { store, conversation, compactor, growing, askModel } = this.#parts;
    const session = store.current?.session;
    if (session === undefined) return null;
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
      return null;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const tooLong = error instanceof ModelError && error.code === "context_too_long";
      if (abort.signal.aborted) await this.#commitAborted(turn);
      else if (tooLong && compactor.canShorten(turn)) await this.#shortenFirst(turn, message);
      else return message;
      return null;
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

  /** Shortens the conversation. */
  async compact(turn: Turn): Promise<void> {
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

  /** The step's answer is whole: its items, its calls and what the model said become durable together. */
  async #commitStep(
    turn: Turn,
    proposed: Extract<ModelPart, { type: "call" }>[],
    end: Extract<ModelPart, { type: "end" }>,
  ): Promise<void> {
    const { store, turns, growing, conversation } = this.#parts;
    await store.write((session) => {
      const current = turns.active();
      if (current?.number !== turn.number || current.step !== turn.step || current.phase !== "model")
        return null;
      const now = Date.now();
      const events = growing.finish(turn.number, now);
      const { input_tokens, output_tokens } = end.usage;
      // A provider that does not count is estimated.
      const counted = input_tokens === 0 ? null : input_tokens + output_tokens;
      for (const message of end.responseMessages) conversation.add(turn.number, message, counted);
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
    }, FULL);
    growing.restart();
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
    const { store, turns, growing, conversation } = this.#parts;
    await store.write(() => {
      if (turns.active()?.number !== turn.number) return null;
      const said = growing
        .all()
        .filter(({ kind }) => kind === "message")
        .map(({ text }) => text)
        .join("");
      if (said !== "") conversation.add(turn.number, { role: "assistant", content: said });
      return { events: growing.finish(turn.number, Date.now()) };
    });
    growing.restart();
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
