const MINUTE = 60_000;

/** How long a grant or rule may hold; null: without an end of its own. */
export type Expiry = { id: string; label: string; ms: number | null };

export const GRANT_EXPIRIES: readonly Expiry[] = [
  { id: "15m", label: "15 minutes", ms: 15 * MINUTE },
  { id: "1h", label: "1 hour", ms: 60 * MINUTE },
  { id: "8h", label: "8 hours", ms: 8 * 60 * MINUTE },
  { id: "session", label: "As long as the session", ms: null },
];

export const RULE_EXPIRIES: readonly Expiry[] = [
  { id: "1d", label: "1 day", ms: 24 * 60 * MINUTE },
  { id: "7d", label: "7 days", ms: 7 * 24 * 60 * MINUTE },
  { id: "30d", label: "30 days", ms: 30 * 24 * 60 * MINUTE },
  { id: "always", label: "Until it is removed", ms: null },
];

/** The end that a choice means from now on, as a decision tells it. */
export function endOf(choices: readonly Expiry[], id: string, now: number): { expires_at?: number } {
  const ms = choices.find((choice) => choice.id === id)?.ms ?? null;
  return ms === null ? {} : { expires_at: now + ms };
}
