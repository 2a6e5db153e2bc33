import { median } from "./median.ts";

/** What one run of one contender measured. Every contender of a comparison measures the same names. */
export type Sample = Record<string, number>;
export type Contenders = Record<string, () => Promise<Sample>>;
/** All samples of a comparison: contender → one per round. */
export type Samples = Record<string, Sample[]>;

/**
 * Runs every contender once per round, each round beginning with another one, so that what the machine does besides
 * falls on all of them alike. One more round goes before and is thrown away (caches and compilers are cold in it).
 */
export async function interleave(contenders: Contenders, rounds: number): Promise<Samples> {
  const names = Object.keys(contenders);
  const samples: Samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round + 1) % names.length] ?? "";
      const sample = await contenders[name]?.();
      if (round >= 0 && sample !== undefined) samples[name]?.push(sample);
    }
  }
  return samples;
}

/** The median of what a contender measured under a name. */
export function medianOf(samples: Samples, contender: string, name: string): number {
  return median((samples[contender] ?? []).map((sample) => sample[name] ?? NaN));
}

/** The median over the rounds of `contender / peer`: both were measured in the same round, so the machine's load cancels out. */
export function ratioOf(samples: Samples, contender: string, peer: string, name: string): number {
  const others = samples[peer] ?? [];
  return median(
    (samples[contender] ?? []).map((sample, round) => (sample[name] ?? NaN) / (others[round]?.[name] ?? NaN)),
  );
}
