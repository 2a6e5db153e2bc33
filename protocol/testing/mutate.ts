/** A seeded random source (mulberry32): the same seed gives the same run. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }
}

const ODD: readonly [unknown, ...unknown[]] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  Number.MAX_SAFE_INTEGER,
  0.5,
  "",
  " ",
  "\u0000",
  "\ud800",
  "null",
  "__proto__",
  "../../etc/passwd",
  "x".repeat(70_000),
  [],
  {},
  [[]],
  { type: {} },
  ["ping"],
];

/** A malformed relative of a valid JSON value: keys dropped, renamed or doubled, values swapped for odd ones, at any depth. */
export function mutateJson(value: unknown, random: Random): unknown {
  if (random.below(12) === 0) return random.pick(ODD);
  if (Array.isArray(value)) {
    const copy = value.map((each) => (random.below(3) === 0 ? mutateJson(each, random) : each));
    if (random.below(3) === 0) copy.push(random.pick(ODD));
    return copy;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
      const chance = random.below(8);
      if (chance === 0) return [];
      if (chance === 1) return [[`${key}_`, each]];
      if (chance === 2) return [[key, random.pick(ODD)]];
      return [[key, chance === 3 ? mutateJson(each, random) : each]];
    });
    return Object.fromEntries(entries);
  }
  return random.below(4) === 0 ? random.pick(ODD) : value;
}

/** A malformed relative of a text: JSON of a mutated value, or the text with characters changed, cut or doubled. */
export function mutateText(text: string, random: Random): string {
  if (random.below(3) > 0) return JSON.stringify(mutateJson(JSON.parse(text), random)) ?? "undefined";
  const at = random.below(text.length + 1);
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + String.fromCharCode(random.below(0x3000)) + text.slice(at + 1);
    case 2:
      return text + text;
    default:
      return text.slice(at) + text.slice(0, at);
  }
}

/** A malformed relative of a binary frame. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = new Uint8Array(random.below(2) === 0 ? bytes.length : random.below(64));
  copy.set(bytes.subarray(0, copy.length));
  for (let i = random.below(6); i >= 0; i--) copy[random.below(copy.length || 1)] = random.below(256);
  return copy;
}
