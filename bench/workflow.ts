import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { newId } from "../protocol/ids.ts";
import { isRunEnded, Run } from "../protocol/run.ts";
import type { Bench, Row } from "./lib/bench.ts";
import { buildCountingEdge } from "./lib/buildCountingEdge.ts";
import { interleave, medianOf, ratioOf, type Sample, type Samples } from "./lib/interleave.ts";
import { median } from "./lib/median.ts";
import { post } from "./lib/post.ts";
import { startEdge, type EdgeHandle } from "./lib/startEdge.ts";
import { startHelper } from "./lib/startHelper.ts";
import { startWaitingModel } from "./lib/startWaitingModel.ts";
import { watchHub, type HubWatch } from "./lib/watchHub.ts";

const IN_ROW = 20;
const AT_ONCE = 100;
const COLD = 30;
/** What sessions still write and tell once a run has ended. */
const SETTLE_MS = 1_000;

const NAME = "bench";
/** The first argument makes the agents of one run other than those of the run before. */
const SCRIPT = `export const meta = { name: "${NAME}", description: "Agents one after the other, then at once." }
const { run, model, inRow, atOnce } = args
for (let n = 0; n < inRow; n++) await agent(\`\${run}: step \${n}\`, { model })
await parallel(Array.from({ length: atOnce }, (_, n) => () => agent(\`\${run}: step \${inRow + n}\`, { model })))
`;

/** A run: agents one after the other, then at once, all of a model that takes its time. */
type Shape = { model: string; inRow: number; atOnce: number };
const EMPTY: Shape = { model: "wait-0", inRow: 0, atOnce: 0 };

/** Runs of workflows beside a bare Workflow whose steps ask the same model, and beside the same requests in Node. */
export const workflow: Bench = {
  name: "workflow",
  about: `agent() beside a step of a bare Workflow, ${AT_ONCE} at once, all cached, and the first of a cold script`,
  async run({ rounds, say }) {
    const model = await startWaitingModel();
    const edge = await startEdge(await buildCountingEdge(), {
      OPENAI_COMPATIBLE_BASE_URL: model.url,
      OPENAI_COMPATIBLE_MODELS: "wait-0,wait-50",
    });
    const bare = startHelper("peers/bareServer.ts");
    const watch = await watchHub(edge);
    try {
      const bareUrl = await bare.ask("start", {}, z.string());
      await edge.call({
        method: "PUT",
        path: `/api/workflows/${NAME}`,
        body: { script: SCRIPT },
        schema: z.unknown(),
      });
      say("runs");
      const samples = await interleave(
        {
          signalbox: () => measure((shape) => runOurs(edge, watch, newId("run"), shape)),
          bare: () =>
            measure(async (shape) => {
              const body = JSON.stringify({ ...shape, url: model.url });
              await post(`${bareUrl}/run`, body);
            }),
          node: () => measure((shape) => runInNode(model.url, shape)),
        },
        rounds,
      );
      say("cached");
      const cached = await interleave({ signalbox: () => measureCached(edge, watch) }, rounds);
      say("cold scripts");
      const cold = await interleave(
        {
          script: () => measureCold(edge, "script"),
          bare: () => measureCold(edge, "bare"),
        },
        rounds,
      );
      const compared = (name: string, what: string, target?: Row["target"]): Row => ({
        what,
        value: medianOf(samples, "signalbox", name),
        unit: "ms",
        beside: { name: "bare Workflow", value: medianOf(samples, "bare", name) },
        ratio: ratioOf(samples, "signalbox", "bare", name),
        ...(target === undefined ? {} : { target }),
      });
      return {
        rows: [
          compared("agent", "agent() in a run", { atMost: 1.3 }),
          compared("parallel", `${AT_ONCE} parallel agents of 50 ms`, { atMost: 1.2 }),
          compared("empty", "a run without agents"),
          cachedRow(cached),
          {
            what: "cold script to its first agent()",
            value: medianOf(cold, "script", "ms"),
            unit: "ms",
            beside: { name: "bare cold Dynamic Worker", value: medianOf(cold, "bare", "ms") },
            ratio: ratioOf(cold, "script", "bare", "ms"),
            target: { atMost: 1.5 },
          },
        ],
        notes: [
          `In Node, ${AT_ONCE} such requests take ${medianOf(samples, "node", "parallel").toFixed(0)} ms, one after the other ${medianOf(samples, "node", "agent").toFixed(1)} ms each.`,
          "A bare step asks the model and keeps the answer; an agent() is a session of its own with its log, its turn and its place in the list.",
        ],
        details: { samples, cached, cold },
      };
    } finally {
      watch.stop();
      await Promise.all([bare.stop(), edge.stop(), model.stop()]);
    }
  },
};

/** From the request of a run to the moment at which a page sees its end. */
async function runOurs(
  edge: EdgeHandle,
  watch: HubWatch,
  name: string,
  shape: Shape,
  fresh = true,
): Promise<void> {
  const id = newId("run");
  const ended = watch.until(
    (change) => change.kind === "run" && change.run.id === id && isRunEnded(change.run.status),
  );
  const body = { id, fresh, args: { run: name, ...shape } };
  await edge.call({ method: "POST", path: `/api/workflows/${NAME}/runs`, body, schema: Run });
  await ended;
}

async function runInNode(url: string, { model, inRow, atOnce }: Shape): Promise<void> {
  const ask = async () => {
    const body = JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "step" }] });
    await post(`${url}/chat/completions`, body);
  };
  for (let n = 0; n < inRow; n++) await ask();
  await Promise.all(Array.from({ length: atOnce }, ask));
}

async function measure(run: (shape: Shape) => Promise<void>): Promise<Sample> {
  const empty = await timeOf(() => run(EMPTY));
  const inRow = await timeOf(() => run({ ...EMPTY, inRow: IN_ROW }));
  const parallel = await timeOf(() => run({ model: "wait-50", inRow: 0, atOnce: AT_ONCE }));
  return { empty, agent: (inRow - empty) / IN_ROW, parallel };
}

async function measureCached(edge: EdgeHandle, watch: HubWatch): Promise<Sample> {
  const name = newId("run");
  const shape = { ...EMPTY, atOnce: AT_ONCE };
  const first = await timeOf(() => runOurs(edge, watch, name, shape, false));
  const again = await timeOf(() => runOurs(edge, watch, name, shape, false));
  return { first, again, ratio: again / first };
}

function cachedRow(samples: Samples): Row {
  return {
    what: `${AT_ONCE} agents, all cached`,
    value: medianOf(samples, "signalbox", "again"),
    unit: "ms",
    beside: { name: "the first run", value: medianOf(samples, "signalbox", "first") },
    ratio: medianOf(samples, "signalbox", "ratio"),
    target: { atMost: 0.1 },
  };
}

async function measureCold(edge: EdgeHandle, which: "script" | "bare"): Promise<Sample> {
  const times: number[] = [];
  for (let i = 0; i < COLD; i++)
    times.push(
      await timeOf(async () => {
        await post(`${edge.url}/bench/cold/${which}`);
      }, 0),
    );
  return { ms: median(times) };
}

async function timeOf(work: () => Promise<void>, settleMs = SETTLE_MS): Promise<number> {
  const began = performance.now();
  await work();
  const ms = performance.now() - began;
  await sleep(settleMs);
  return ms;
}
