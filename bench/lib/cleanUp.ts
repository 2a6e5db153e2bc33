const left = new Set<() => Promise<void> | void>();

/** Notes how to undo something that would outlive the bench, should it be interrupted; gives back how to forget that. */
export function cleanUpLater(undo: () => Promise<void> | void): () => void {
  left.add(undo);
  return () => left.delete(undo);
}

/** Undoes what is left. */
export async function cleanUp(): Promise<void> {
  await Promise.allSettled([...left].map(async (undo) => undo()));
}

/** Undoes what is left when somebody ends the bench early. */
export function cleanUpOnSignal(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
}
