import { parseScript } from "../../worker/workflows/contract/parseScript.ts";
import { runScript } from "../../worker/workflows/sandbox/runScript.ts";

/** A script that nobody has run yet, up to its first `agent()`. */
export async function runColdScript(loader: WorkerLoader, ctx: ExecutionContext): Promise<void> {
  const script = `export const meta = { name: "cold", description: "${crypto.randomUUID()}" }\nawait agent("work")`;
  const { module } = parseScript(script);
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  const ended = runScript(loader, { module, args: "null", total: null, provider: "edge" }, async () => {
    resolve();
    return { answers: [], pause: true };
  });
  ctx.waitUntil(ended);
  await Promise.race([
    heard,
    ended.then((end) => {
      throw new Error(`the cold script ended: ${JSON.stringify(end)}`);
    }),
  ]);
}

const BARE = `
import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  run() {
    return "done";
  }
}
`;

/** A Dynamic Worker that nobody has run yet, up to its answer. */
export async function runColdWorker(loader: WorkerLoader): Promise<void> {
  const worker = loader.load({
    compatibilityDate: "2026-09-15",
    mainModule: "main.js",
    modules: { "main.js": `${BARE}// ${crypto.randomUUID()}` },
    env: {},
    globalOutbound: null,
  });
  // SAFETY: the entrypoint is BARE above.
  await (worker.getEntrypoint() as unknown as { run(): Promise<string> }).run();
}
