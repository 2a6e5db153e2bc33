import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { newId } from "../protocol/ids.ts";
import { Task } from "../protocol/tasks.ts";
import type { Bench } from "./lib/bench.ts";
import { interleave, medianOf, ratioOf, type Sample } from "./lib/interleave.ts";
import { percentile } from "./lib/median.ts";
import { post } from "./lib/post.ts";
import { startEdge, type EdgeHandle } from "./lib/startEdge.ts";
import { startHelper } from "./lib/startHelper.ts";
import { watchHub, type HubWatch } from "./lib/watchHub.ts";

const COUNT = 30;
/** Longer than anything gathers: each one is alone. */
const GAP_MS = 100;

/** A task from its request to the moment at which a page sees that its session runs. */
export const task: Bench = {
  name: "task",
  about: "a task from its request to its start, beside the bare queue",
  async run({ rounds }) {
    const edge = await startEdge();
    const queue = startHelper("peers/bareServer.ts");
    const watch = await watchHub(edge);
    try {
      const bare = await queue.ask("start", {}, z.string());
      const samples = await interleave(
        {
          task: () => measure(() => addTask(edge, watch)),
          queue: () =>
            measure(async () => {
              await post(`${bare}/task`);
            }),
        },
        rounds,
      );
      return {
        rows: ["p50", "p99"].map((quantile) => ({
          what: `task: request to start, ${quantile}`,
          value: medianOf(samples, "task", quantile),
          unit: "ms",
          beside: { name: "bare queue", value: medianOf(samples, "queue", quantile) },
          ratio: ratioOf(samples, "task", "queue", quantile),
          ...(quantile === "p50" ? { target: { atMost: 2 } } : {}),
        })),
        notes: [
          "A task's start is a row in D1, a claim, a session of its own with its turn begun, and the word to the hub.",
        ],
        details: samples,
      };
    } finally {
      watch.stop();
      await queue.stop();
      await edge.stop();
    }
  },
};

async function addTask(edge: EdgeHandle, watch: HubWatch): Promise<void> {
  const id = newId("tsk");
  const runs = watch.until(
    (change) => change.kind === "task" && change.task.id === id && change.task.status !== "queued",
  );
  const spec = { provider: "edge", prompt: "say so", model: "offline/builtin" };
  await edge.call({ method: "POST", path: "/api/tasks", body: { id, spec }, schema: Task });
  await runs;
}

async function measure(work: () => Promise<void>): Promise<Sample> {
  const times: number[] = [];
  for (let i = 0; i < COUNT; i++) {
    await sleep(GAP_MS);
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}
