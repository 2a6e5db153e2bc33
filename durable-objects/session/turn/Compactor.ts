import type { EventBody, Usage } from "../../../protocol/events.ts";
import { redact } from "../../../protocol/redact.ts";
import type { ModelRequest } from "../../../worker/models/askModel.ts";
import type { ModelPart } from "../../../worker/models/callModel.ts";
import { digestOf, SUMMARY_INSTRUCTIONS, summaryRequest } from "../../../worker/models/summaryRequest.ts";
import { CAREFUL_CONTEXT } from "../../../worker/models/providers.ts";
import { logError } from "../../shared/logError.ts";
import type { SessionStore } from "../SessionStore.ts";
import type { Conversation, Replaced } from "./Conversation.ts";
import { addUsage, NO_USAGE, type Turn, type TurnStore } from "./TurnStore.ts";
import { isFull, keptChars, mostChars } from "./window.ts";

type Parts = {
  store: SessionStore;
  turns: TurnStore;
  conversation: Conversation;
  askModel: (request: ModelRequest, onRetry: (why: string) => void) => AsyncIterable<ModelPart>;
  /** Tokens that fit into a model's window. */
  contextOf: (model: string) => Promise<number>;
};

const MOST_SUMMARY_CHARS = 16_000;

/**
 * Shortens a chat's conversation when it fills the model's window: the older part is replaced by a summary that the model
 * writes, a step of its own. Until that is committed nothing has changed, so it can be begun again at any time.
 */
export class Compactor {
  readonly #parts: Parts;
  /** Windows of models, as they were read last; memory only. */
  readonly #contexts = new Map<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Whether the conversation is to be shortened before the model is asked for the turn's step. */
  async isDue(turn: Turn): Promise<boolean> {
    if (turn.compact !== null) return true;
    // Once is enough: what is too much after that, the provider may say.
    if (turn.shortened === turn.step - 1) return false;
    const { conversation } = this.#parts;
    const context = await this.#contextOf(turn.model);
    // What cannot be undone is not done on a guess: a conversation that is too long is shortened when its provider says so.
    if (context === null) return false;
    return isFull(conversation.fill(), context) && this.#replaced(turn, context) !== null;
  }

  /** Whether a request that was too long for its provider can be made shorter, once more than by the step before. */
  canShorten(turn: Turn): boolean {
    return turn.shortened !== turn.step - 1 && this.#parts.conversation.replaceable(0) !== null;
  }

  /** Most characters of a request to a model. */
  async mostChars(model: string): Promise<number> {
    return mostChars(this.#parts.conversation.fill(), (await this.#contextOf(model)) ?? CAREFUL_CONTEXT);
  }

  /** Shortens the conversation. `why`: what the provider said, when it was too long for it. */
  async run(turn: Turn, why: string | null, signal: AbortSignal): Promise<void> {
    const context = (await this.#contextOf(turn.model)) ?? CAREFUL_CONTEXT;
    const replaced = this.#replaced(turn, context);
    if (replaced === null) return this.#commit(turn, null, "", NO_USAGE, null);
    const most = Math.min(MOST_SUMMARY_CHARS, context);
    const half = (await this.mostChars(turn.model)) / 2;
    const request = summaryRequest(replaced.earlier?.text ?? null, replaced.messages, half);
    this.#mark(turn, `${replaced.messages.length} messages, to be shortened`, why);
    let text = "";
    let usage = NO_USAGE;
    let failed: string | null = null;
    try {
      const onRetry = (reason: string) => {
        text = "";
        this.#mark(turn, "to be shortened, again", reason);
      };
      const asked = {
        model: turn.model,
        effort: null,
        instructions: SUMMARY_INSTRUCTIONS,
        messages: request,
      };
      for await (const part of this.#parts.askModel({ ...asked, tools: {}, signal }, onRetry)) {
        if (part.type === "text") text += part.text;
        if (part.type === "end") usage = part.usage;
      }
      if (text.trim() === "") throw new Error("The model wrote no summary.");
    } catch (error) {
      if (signal.aborted) return;
      logError("the conversation could not be summarized", error);
      failed = error instanceof Error ? error.message : String(error);
      text = digestOf(request);
    }
    await this.#commit(turn, replaced, text.slice(0, most), usage, failed);
  }

  #replaced(turn: Turn, context: number): Replaced | null {
    const { conversation } = this.#parts;
    const kept =
      turn.compact === "last" ? null : turn.compact === "first" ? 0 : keptChars(conversation.fill(), context);
    return conversation.replaceable(kept);
  }

  /** The summary takes its place, or what the step was for has become nothing. */
  async #commit(
    turn: Turn,
    replaced: Replaced | null,
    text: string,
    used: Usage,
    failed: string | null,
  ): Promise<void> {
    const { store, turns, conversation } = this.#parts;
    await store.write(() => {
      const current = turns.active();
      if (current?.number !== turn.number || current.step !== turn.step || current.phase !== "model")
        return null;
      const at = Date.now();
      const usage = addUsage(JSON.parse(turn.usage), used);
      const events: EventBody[] = [];
      const id = `t${turn.number}.s${turn.step}`;
      if (failed !== null) {
        const words = `The conversation could not be summarized (${failed}) The model goes on with its newest part, and a list of what was asked and done before.`;
        events.push({
          type: "item",
          id: `${id}.unsummarized`,
          turn: turn.number,
          item: { kind: "warning", text: words },
        });
      }
      if (replaced !== null) {
        conversation.replace(replaced, text);
        const { turns: count, from_seq: from, to_seq: to } = replaced;
        const item = { kind: "summary", text: redact(text), turns: count, from, to } as const;
        events.push({ type: "item", id: `${id}.summary`, turn: turn.number, item });
      }
      const next = { compact: null, shortened: turn.step, step: turn.step + 1, usage: JSON.stringify(usage) };
      if (turn.compact === "last") {
        turns.update(turn.number, { ...next, ended_at: at });
        events.push(
          { type: "turn_completed", turn: turn.number, usage },
          { type: "status", status: "idle", reason: null },
        );
      } else turns.update(turn.number, next);
      const mark = {
        type: "model_ended",
        turn: turn.number,
        usage: used,
        output: text,
        error: failed,
      } as const;
      return { events: events.map((event) => ({ at, event })), mark: { at, mark } };
    });
  }

  #mark({ number, step, model }: Turn, input: string, why: string | null): void {
    const at = Date.now();
    const mark = {
      type: "model_started",
      turn: number,
      step,
      model: `${model} (summary)`,
      input,
      why,
    } as const;
    this.#parts.store
      .write(() => (this.#parts.turns.active()?.number === number ? { mark: { at, mark } } : null))
      .catch((error: unknown) => logError("a summary is missing in the trace", error));
  }

  /** Null when it cannot be read now. */
  async #contextOf(model: string): Promise<number | null> {
    const known = this.#contexts.get(model);
    if (known !== undefined) return known;
    try {
      const context = await this.#parts.contextOf(model);
      this.#contexts.set(model, context);
      return context;
    } catch (error) {
      logError("the window of the model is not known", error);
      return null;
    }
  }
}
