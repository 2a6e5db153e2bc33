import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EdgeManifest } from "../../agent-daemon/edge/edgeManifest.ts";
import { distFiles } from "../../agent-daemon/edge/homeFiles.ts";
import { run } from "../../agent-daemon/run.ts";
import { buildTarget, ROOT } from "./startEdge.ts";

/** What runs in the worker itself; scripts for sandboxes are texts in it. */
const CODE = /(?<!\.sandbox|\.workflow)\.js$/;

/** Builds the worker with meters (`bench/worker/`) as the project's build makes the real one; where it is. */
export async function buildCountingEdge(): Promise<string> {
  await buildTarget("worker");
  const dist = join(ROOT, ".cache/bench/counting");
  const { web, worker } = distFiles(dist);
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(web, { recursive: true });
  const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  const built = await run({
    argv: [
      process.execPath,
      wrangler,
      "deploy",
      join(ROOT, "bench/worker/countingWorker.ts"),
      "--dry-run",
      "--outdir",
      worker,
    ],
    cwd: ROOT,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1", WRANGLER_LOG: "warn" },
    timeoutMs: 120_000,
  });
  if (built.status !== "exited" || built.code !== 0)
    throw new Error(`The counting worker could not be built: ${built.stderr.toString("utf8")}`);
  const real = EdgeManifest.parse(JSON.parse(readFileSync(distFiles(join(ROOT, "dist")).manifest, "utf8")));
  const modules: EdgeManifest["modules"] = readdirSync(worker)
    .filter((path) => /\.(?:js|sql|sh)$/.test(path))
    .map((path) => ({ path, type: CODE.test(path) ? ("ESModule" as const) : ("Text" as const) }))
    // Miniflare runs the first one.
    .sort((a, b) => Number(b.type === "ESModule") - Number(a.type === "ESModule"));
  writeFileSync(distFiles(dist).manifest, JSON.stringify({ ...real, modules } satisfies EdgeManifest));
  return dist;
}
