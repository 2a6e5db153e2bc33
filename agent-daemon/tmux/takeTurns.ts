/** Runs work of the same name one after the other, in the order it came; work of other names goes on beside it. */
export function takeTurns(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const lasts = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const result = (lasts.get(name) ?? Promise.resolve()).then(work, work);
    lasts.set(name, result);
    try {
      return await result;
    } finally {
      if (lasts.get(name) === result) lasts.delete(name);
    }
  };
}
