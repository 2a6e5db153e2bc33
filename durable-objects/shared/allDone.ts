/** Waits for every one of them, whatever the others do; then throws what the first that failed did. */
export async function allDone(work: Iterable<Promise<unknown>>): Promise<void> {
  for (const each of await Promise.allSettled(work)) if (each.status === "rejected") throw each.reason;
}
