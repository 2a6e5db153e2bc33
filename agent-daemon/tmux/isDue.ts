/**
 * Whether an interval has passed since a moment of the wall clock. When that moment is still to come the clock was put
 * back, and waiting for it could take hours: then it has.
 */
export function isDue(at: number, intervalMs: number, now: number): boolean {
  return now < at || now - at >= intervalMs;
}
