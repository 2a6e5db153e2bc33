/** A size for people, in three digits at most. */
export function sizeWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] =
    bytes < 999_500
      ? [bytes / 1000, "kB"]
      : bytes < 999_500_000
        ? [bytes / 1_000_000, "MB"]
        : [bytes / 1_000_000_000, "GB"];
  return `${value < 9.95 ? Math.round(value * 10) / 10 : Math.round(value)} ${unit}`;
}
