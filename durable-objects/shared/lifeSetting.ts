const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A time that a variable of the deployment says (`30m`, `12h`, `7d`); `usual` when there is none that can be read. */
export function lifeSetting(name: string, text: string | undefined, usual: number): number {
  if (text === undefined || text.trim() === "") return usual;
  const [, number, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text.trim()) ?? [];
  if (number !== undefined && (unit === "s" || unit === "m" || unit === "h" || unit === "d"))
    return Number(number) * UNITS[unit];
  console.warn(`${name} is not a time like 30m, 12h or 7d: ${text}`);
  return usual;
}
