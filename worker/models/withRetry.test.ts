import { expect, it } from "vitest";
import { ModelError } from "./ModelError.ts";
import type { ModelPart } from "./callModel.ts";
import { retryAfter } from "./readModelError.ts";
import { retryDelay, withRetry } from "./withRetry.ts";
import type { RetryPart } from "./withRetry.ts";

const late = new ModelError("unavailable", "not now");

/** Steps that say one thing each and then fail as listed; the last one works. */
function failing(errors: unknown[], parts = 0) {
  const rest = [...errors];
  return async function* step(): AsyncGenerator<ModelPart> {
    for (let n = 0; n < parts; n++) yield { type: "text", id: "0", text: "x" };
    const error = rest.shift();
    if (error !== undefined) throw error;
    yield { type: "text", id: "0", text: "done" };
  };
}

async function collect(step: () => AsyncIterable<ModelPart>, attempts?: number) {
  const waits: number[] = [];
  const parts: (ModelPart | RetryPart)[] = [];
  const options = {
    random: () => 0,
    sleep: async (ms: number) => void waits.push(ms),
    ...(attempts === undefined ? {} : { attempts }),
  };
  try {
    for await (const part of withRetry(step, options)) parts.push(part);
    return { parts, waits, error: null };
  } catch (error) {
    return { parts, waits, error };
  }
}

it("asks again after what may pass, waiting longer each time", async () => {
  const { parts, waits } = await collect(failing([late, late, late]));
  expect(waits).toEqual([500, 1000, 2000]);
  expect(parts.at(-1)).toEqual({ type: "text", id: "0", text: "done" });
  expect(parts[0]).toEqual({ type: "retry", attempt: 1, restart: false, waitMs: 500, reason: "not now" });
});

it("says that what was passed on is void", async () => {
  const { parts } = await collect(failing([late], 1));
  expect(parts.map((part) => (part.type === "retry" ? part.restart : part.type))).toEqual([
    "text",
    true,
    "text",
    "text",
  ]);
});

it("gives up after the last attempt, and at once for what will not pass", async () => {
  expect(await collect(failing([late, late, late]), 2)).toMatchObject({ waits: [500], error: late });
  const final = new ModelError("unauthorized", "no");
  expect(await collect(failing([final]))).toMatchObject({ waits: [], error: final, parts: [] });
  const bug = new Error("a bug of ours");
  expect(await collect(failing([bug]))).toMatchObject({ error: bug, waits: [] });
});

it("waits as long as the server asks, unless that is too long", () => {
  expect(retryDelay(new ModelError("rate_limited", "", { retryAfterMs: 7000 }), 1)).toBe(7000);
  expect(retryDelay(new ModelError("rate_limited", "", { retryAfterMs: 3_600_000 }), 1)).toBeNull();
  for (let attempt = 1; attempt < 40; attempt++)
    expect(retryDelay(late, attempt)).toBeLessThanOrEqual(30_000);
});

it("stops waiting when it is cancelled", async () => {
  const controller = new AbortController();
  const step = failing([new ModelError("rate_limited", "", { retryAfterMs: 60_000 })]);
  const run = async () => {
    for await (const part of withRetry(step, { signal: controller.signal })) {
      if (part.type === "retry") setTimeout(() => controller.abort(), 10);
    }
  };
  await expect(run()).rejects.toMatchObject({ code: "cancelled" });
});

it.each([
  [{ "retry-after-ms": "250" }, 250],
  [{ "retry-after": "2" }, 2000],
  [{ "retry-after": "Thu, 01 Jan 1970 00:01:00 GMT" }, 59_000],
  [{ "retry-after": "soon" }, null],
  [{ "retry-after": "-5" }, null],
  [{}, null],
])("reads how long to wait from %o", (headers, wait) => {
  expect(retryAfter(headers, 1000)).toBe(wait);
});
