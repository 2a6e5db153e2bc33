/**
 * Why a model gave no answer.
 *
 * These may pass: `rate_limited`, `unavailable` (5xx), `network`, `broken` (the answer ended in the middle),
 * `stalled` (nothing came for too long). These will not: `refused` (a bad request), `unauthorized`, `no_credit`,
 * `unknown_model`, `context_too_long`, `cancelled` (by the caller's own signal).
 */
export type ModelErrorCode =
  | "rate_limited"
  | "unavailable"
  | "network"
  | "broken"
  | "stalled"
  | "refused"
  | "unauthorized"
  | "no_credit"
  | "unknown_model"
  | "context_too_long"
  | "cancelled";

const MAY_PASS: ReadonlySet<ModelErrorCode> = new Set([
  "rate_limited",
  "unavailable",
  "network",
  "broken",
  "stalled",
]);

/** An error of a model, its message for a person. It carries no request, no address and no cause: those hold secrets. */
export class ModelError extends Error {
  readonly code: ModelErrorCode;
  readonly retriable: boolean;
  readonly status: number | null;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | null;

  constructor(
    code: ModelErrorCode,
    message: string,
    details: { status?: number | undefined; retryAfterMs?: number | null } = {},
  ) {
    super(message);
    this.name = "ModelError";
    this.code = code;
    this.retriable = MAY_PASS.has(code);
    this.status = details.status ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}
