import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import * as z from "zod";
import { run } from "../../../agent-daemon/run.ts";
import { cleanUpLater } from "../../lib/cleanUp.ts";
import { ROOT } from "../../lib/startEdge.ts";
import { startHelper } from "../../lib/startHelper.ts";

const HOME = join(ROOT, ".cache/bench/ai-chat");
/** What is measured against, and what it wants beside it; the one place that names the versions. */
const PACKAGE = JSON.stringify({
  private: true,
  dependencies: {
    "@cloudflare/ai-chat": "0.12.2",
    agents: "0.32.0",
    "@ai-sdk/react": "4.0.177",
    "@modelcontextprotocol/client": "2.4.0",
    ai: "7.0.173",
    react: "19.3.1",
    zod: "4.6.7",
  },
});

export type AiChat = { url: string; stop(): Promise<void> };

/** Cloudflare's `agents` and `@cloudflare/ai-chat` on a runtime of their own: installed into the cache when first asked for. */
export async function startAiChat(say: (line: string) => void): Promise<AiChat> {
  await install(say);
  const script = join(HOME, "worker.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "chatWorker.mjs")],
    outfile: script,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    conditions: ["workerd", "worker", "browser", "import"],
    mainFields: ["module", "main"],
    external: ["cloudflare:*", "node:*"],
    alias: { path: "node:path" },
    nodePaths: [join(HOME, "node_modules")],
    logLevel: "error",
  });
  const helper = startHelper("peers/aiChat/aiChatProcess.ts");
  const stop = async () => {
    forget();
    await helper.stop();
  };
  const forget = cleanUpLater(stop);
  return { url: await helper.ask("start", { script }, z.string()), stop };
}

async function install(say: (line: string) => void): Promise<void> {
  const installed = join(HOME, "installed.json");
  if (existsSync(installed) && readFileSync(installed, "utf8") === PACKAGE) return;
  say("installing agents and @cloudflare/ai-chat from npm (once)");
  mkdirSync(HOME, { recursive: true });
  writeFileSync(join(HOME, "package.json"), PACKAGE);
  // Most of their peers are for other uses than this.
  const argv = ["npm", "install", "--ignore-scripts", "--legacy-peer-deps", "--loglevel=error"] as const;
  const result = await run({ argv: [...argv], cwd: HOME, timeoutMs: 300_000 });
  if (result.status !== "exited" || result.code !== 0)
    throw new Error(`agents could not be installed: ${result.stderr.toString("utf8").slice(-2000)}`);
  writeFileSync(installed, PACKAGE);
}
