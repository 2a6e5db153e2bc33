/** One thing the palette can lead to. */
export type Target = { id: string; title: string; hint: string; words: string };

/**
 * Targets that hold every typed word, the best first: a title that starts with the words, then one that holds them, then the rest.
 * Without words, everything in its own order.
 */
export function rankMatches<T extends Target>(targets: readonly T[], typed: string): T[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...targets];
  const whole = words.join(" ");
  return targets
    .flatMap((target) => {
      const title = target.title.toLowerCase();
      const all = `${title} ${target.hint} ${target.words}`.toLowerCase();
      if (!words.every((word) => all.includes(word))) return [];
      const rank = title.startsWith(whole)
        ? 0
        : title.includes(whole)
          ? 1
          : words.every((word) => title.includes(word))
            ? 2
            : 3;
      return [{ target, rank }];
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ target }) => target);
}
