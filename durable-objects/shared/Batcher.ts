/** Quiet time after a flush in which further items gather (first item of a quiet period goes at once). */
export const FLUSH_WINDOW_MS = 4;
/** So much is worth a flush of its own: to wait for more would save nothing and keep the sender waiting. */
export const FULL = 64;

type Waiting<T> = { item: T; resolve: () => void; reject: (error: unknown) => void };

/**
 * Gathers items: the first of a quiet period is flushed at once, those that come in the next few milliseconds together,
 * or as soon as they are many.
 * `add` resolves when its item is flushed. What gathers is in memory only, so a caller acks nothing before that.
 */
export class Batcher<T> {
  readonly #flush: (items: T[]) => void;
  readonly #windowMs: number;
  #waiting: Waiting<T>[] = [];
  #size = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(flush: (items: T[]) => void, windowMs: number = FLUSH_WINDOW_MS) {
    this.#flush = flush;
    this.#windowMs = windowMs;
  }

  /** `size`: how much it is, where one is a single event. */
  add(item: T, size: number = 1): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ item, resolve, reject });
    this.#size += size;
    if (this.#timer === null || this.#size >= FULL) this.#run();
    return promise;
  }

  #run(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#size = 0;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), this.#windowMs);
    if (batch.length === 1) this.#settle(batch);
    else this.#together(batch);
  }

  #next(): void {
    this.#timer = null;
    if (this.#waiting.length > 0) this.#run();
  }

  /** One flush for all; when it fails, one for each, so that a bad item fails alone. */
  #together(batch: Waiting<T>[]): void {
    try {
      this.#flush(batch.map((each) => each.item));
    } catch {
      for (const each of batch) this.#settle([each]); // the error surfaces at the item that causes it
      return;
    }
    for (const each of batch) each.resolve();
  }

  #settle(batch: Waiting<T>[]): void {
    for (const each of batch) {
      try {
        this.#flush([each.item]);
        each.resolve();
      } catch (error) {
        each.reject(error);
      }
    }
  }
}
