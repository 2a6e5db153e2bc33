import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { serveHelper } from "../lib/serveHelper.ts";

/**
 * The platform's own Workflow and queue with nothing around them, on a runtime of the same version. `/run` is answered
 * when its instance has ended, `/task` when its message has reached the consumer.
 */
const WORKER = `
import { WorkflowEntrypoint } from "cloudflare:workers";

const ended = new Set();
/** Asks again and again: a request that waits for another one alone is taken for hung. */
async function wait(id, pauseMs) {
  while (!ended.delete(id)) await scheduler.wait(pauseMs);
}

export class Bare extends WorkflowEntrypoint {
  async run({ payload }, step) {
    const { id, url, model, inRow, atOnce } = payload;
    const ask = (n) =>
      step.do("agent " + n, async () => {
        const body = JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "step " + n }] });
        return (await fetch(url + "/chat/completions", { method: "POST", body })).text();
      });
    for (let n = 0; n < inRow; n++) await ask(n);
    await Promise.all(Array.from({ length: atOnce }, (_, n) => ask(inRow + n)));
    ended.add(id);
  }
}

export default {
  async fetch(request, env) {
    const id = crypto.randomUUID();
    if (new URL(request.url).pathname === "/run") {
      await env.RUNS.create({ id, params: { id, ...(await request.json()) } });
      await wait(id, 1);
    } else {
      await env.QUEUE.send({ id });
      await wait(id, 0);
    }
    return new Response("done");
  },
  queue(batch) {
    for (const { body } of batch.messages) ended.add(body.id);
    batch.ackAll();
  },
};
`;

let server: Miniflare | null = null;

serveHelper(
  {
    async start() {
      server = new Miniflare(
        convertV4MiniflareOptions({
          host: "127.0.0.1",
          port: 0,
          cf: false,
          telemetry: { enabled: false },
          logRequests: false,
          log: new Log(LogLevel.WARN),
          workers: [
            {
              name: "bare",
              compatibilityDate: "2026-09-15",
              compatibilityFlags: ["nodejs_compat"],
              modules: [{ type: "ESModule", path: "bare.mjs", contents: WORKER }],
              workflows: { RUNS: { name: "bare-runs", className: "Bare" } },
              queueProducers: { QUEUE: "queue" },
              queueConsumers: { queue: { maxBatchSize: 10, maxBatchTimeout: 0 } },
            },
          ],
        }),
      );
      return (await server.ready).origin;
    },
  },
  () => server?.dispose(),
);
