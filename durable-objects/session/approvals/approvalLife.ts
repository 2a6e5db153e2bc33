const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** How long an approval waits for its decision, unless the deployment says otherwise. */
export const DEFAULT_LIFE_MS = 7 * UNITS.d;

/** The time in `SIGNALBOX_APPROVAL_EXPIRY` (`30m`, `12h`, `7d`); the default when there is none that can be read. */
export function approvalLife(text: string | undefined): number {
  if (text === undefined || text.trim() === "") return DEFAULT_LIFE_MS;
  const [, number, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text.trim()) ?? [];
  if (number !== undefined && (unit === "s" || unit === "m" || unit === "h" || unit === "d"))
    return Number(number) * UNITS[unit];
  console.warn(`SIGNALBOX_APPROVAL_EXPIRY is not a time like 30m, 12h or 7d: ${text}`);
  return DEFAULT_LIFE_MS;
}
