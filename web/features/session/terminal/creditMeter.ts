import { CONSOLE_WINDOW_BYTES } from "../../../../protocol/limits.ts";

/** A credit is sent at once when so much was drawn: the rest of the window is still on its way meanwhile. */
export const CREDIT_AT_BYTES = CONSOLE_WINDOW_BYTES / 4;
/** What is less than that is credited after this. */
export const CREDIT_WITHIN_MS = 100;

/** Gathers what was drawn into few credit frames; each costs a message at the edge. */
export function startCreditMeter(deps: {
  send(bytes: number): void;
  after(ms: number, task: () => void): () => void;
}): { drawn(bytes: number): void; reset(): void } {
  let owed = 0;
  let cancel: (() => void) | null = null;

  function pay(): void {
    cancel?.();
    cancel = null;
    const bytes = owed;
    owed = 0;
    if (bytes > 0) deps.send(bytes);
  }

  return {
    drawn(bytes) {
      owed += bytes;
      if (owed >= CREDIT_AT_BYTES) pay();
      else cancel ??= deps.after(CREDIT_WITHIN_MS, pay);
    },
    /** A new connection starts with its whole window: nothing is owed for the old one. */
    reset() {
      owed = 0;
      cancel?.();
      cancel = null;
    },
  };
}
