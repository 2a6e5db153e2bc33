import { networkInterfaces } from "node:os";

/** How often the network and the clock are looked at. */
export const WATCH_INTERVAL_MS = 2_000;
/** A timer this late means that the machine slept (or we were stopped). */
export const WAKE_DRIFT_MS = 5_000;

export type NetworkWatchDeps = {
  onWake: (sleptMs: number) => void;
  onNetwork: () => void;
  /** The wall clock: a monotonic one stands still during sleep. */
  now?: () => number;
  addresses?: () => string;
};

/** Tells when the machine wakes from sleep or its network addresses change. */
export function startNetworkWatch({
  onWake,
  onNetwork,
  now = Date.now,
  addresses = readAddresses,
}: NetworkWatchDeps): {
  stop(): void;
} {
  let last = now();
  let known = addresses();
  const timer = setInterval(() => {
    const slept = now() - last - WATCH_INTERVAL_MS;
    last = now();
    const current = addresses();
    const changed = current !== known;
    known = current;
    if (slept >= WAKE_DRIFT_MS) onWake(slept);
    else if (changed) onNetwork();
  }, WATCH_INTERVAL_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function readAddresses(): string {
  const found: string[] = [];
  for (const [name, list] of Object.entries(networkInterfaces())) {
    for (const { address, internal } of list ?? []) {
      if (!internal) found.push(`${name} ${address}`);
    }
  }
  return found.sort().join("\n");
}
