import { remembered } from "./remembered.ts";

/** Enough for every session that somebody looks at in a day. */
const MOST = 300;

/** When this browser last showed a session after it had finished. */
export const looked = remembered(
  "looked",
  (text): ReadonlyMap<string, number> => {
    try {
      const stored: unknown = JSON.parse(text ?? "[]");
      const pairs = Array.isArray(stored) ? stored.filter(isPair) : [];
      return new Map(pairs);
    } catch {
      return new Map(); // not ours
    }
  },
  (map) => JSON.stringify([...map].slice(-MOST)),
);

/** Notes that a session is looked at now; it is news no longer. */
export function look(session: string, at: number): void {
  const after = new Map(looked.get());
  after.delete(session);
  looked.set(after.set(session, at));
}

function isPair(value: unknown): value is [string, number] {
  return Array.isArray(value) && typeof value[0] === "string" && typeof value[1] === "number";
}
