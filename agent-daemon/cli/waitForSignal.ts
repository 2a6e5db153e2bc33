/** A terminal's Ctrl-C may come twice at once (to the group, and passed on by npm): that is one. */
const SAME_SIGNAL_MS = 1_500;

/**
 * Resolves at the first request to end: a signal, or the end of the process that started this one with a channel.
 * A second request, later, ends the process at once.
 */
export function waitForSignal(): Promise<NodeJS.Signals | "disconnect"> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals | "disconnect">();
  let first: number | null = null;
  const ask = (why: NodeJS.Signals | "disconnect") => {
    if (first === null) {
      first = Date.now();
      resolve(why);
    } else if (why !== "disconnect" && Date.now() - first > SAME_SIGNAL_MS) {
      process.exit(130);
    }
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => ask(name));
  if (process.channel !== undefined) process.on("disconnect", () => ask("disconnect"));
  return promise;
}
