/** How a command of ours ends; a service manager looks at these. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** Another process does this job already. */
  alreadyRunning: 3,
  /** Another daemon with the same identity took over: starting again would only take turns with it. */
  replaced: 10,
  /** The edge speaks another version of the protocol. */
  version: 11,
} as const;

/** Exit codes after which starting again cannot help. */
export const FINAL_EXITS: readonly number[] = [EXIT.usage, EXIT.alreadyRunning, EXIT.replaced, EXIT.version];
