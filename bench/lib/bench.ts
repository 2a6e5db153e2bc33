/** A line of the report. `ratio` and `target` are of the same thing; a target without a ratio is held against `value`. */
export type Row = {
  what: string;
  value: number;
  unit: string;
  /** What it is measured against in the same run, and what that measured. */
  beside?: { name: string; value: number };
  ratio?: number;
  target?: { atMost: number } | { atLeast: number };
};

export type BenchContext = {
  rounds: number;
  /** `--ttyd`: compare with ttyd built from Debian's source. */
  ttyd: boolean;
  /** Tells a person what is going on. */
  say: (line: string) => void;
};

export type BenchResult = {
  rows: Row[];
  /** What cannot stand in a row, in sentences. */
  notes: string[];
  /** Everything that was measured, for machines. */
  details: unknown;
};

export type Bench = {
  name: string;
  /** What it answers, in one line. */
  about: string;
  run(context: BenchContext): Promise<BenchResult>;
};

/** Whether a row meets its target; null when it has none. */
export function isMet({ value, ratio, target }: Row): boolean | null {
  if (target === undefined) return null;
  const held = ratio ?? value;
  return "atMost" in target ? held <= target.atMost : held >= target.atLeast;
}
