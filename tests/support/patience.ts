import { vi } from "vitest";

/** No test asserts a duration: what it waits for may take its time beside other work, unless the test says how long. */
const PATIENCE_MS = 30_000;

const { waitFor, waitUntil } = vi;
vi.waitFor = (callback, options) => waitFor(callback, patient(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options));

function patient<Options extends object>(options: number | Options | undefined) {
  return typeof options === "number" ? options : { timeout: PATIENCE_MS, ...options };
}
