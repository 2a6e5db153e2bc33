import { digest } from "../canonical.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_CHARS = 10;
const OWN_CHARS = 16;

/**
 * The id that belongs to one try of a step, always the same one: what is begun twice is made once. It carries the run's
 * time, as every id carries that of its beginning.
 */
export async function idOfStep(
  prefix: "ses" | "run",
  { run, key, attempt }: { run: string; key: string; attempt: number },
): Promise<string> {
  const time = run.slice("run_".length, "run_".length + TIME_CHARS);
  const hash = await digest(`${run} ${key} ${attempt}`);
  const own = Array.from({ length: OWN_CHARS }, (_, i) =>
    ALPHABET.charAt(Number.parseInt(hash.slice(2 * i, 2 * i + 2), 16) % ALPHABET.length),
  );
  return `${prefix}_${time}${own.join("")}`;
}
