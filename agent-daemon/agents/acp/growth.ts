const LEAST = 80;
const MOST = 600;

/** What is being said is told again when it has grown by so many characters: a long text by its tenth. */
export function growth(told: number): number {
  return told === 0 ? 1 : Math.max(Math.min(MOST, LEAST + told / 4), told / 10);
}
