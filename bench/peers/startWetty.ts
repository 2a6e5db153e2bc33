import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../agent-daemon/run.ts";
import { cleanUpLater } from "../lib/cleanUp.ts";
import { freePort } from "../../agent-daemon/testing/freePort.ts";
import { until } from "../lib/startDaemon.ts";
import { ROOT } from "../lib/startEdge.ts";
import type { TerminalSide } from "../lib/terminalSides.ts";

const HOME = join(ROOT, ".cache/bench/wetty");
const PROGRAM = join(HOME, "node_modules/.bin/wetty");
const PACKAGE = {
  private: true,
  dependencies: { wetty: "3.2.0" },
  // The only one of its packages that must be compiled.
  allowScripts: { "node-pty": true },
};

/** wetty from npm, the peer where there is no ttyd: installed into the cache when it is first asked for. */
export async function startWetty(say: (line: string) => void): Promise<TerminalSide> {
  if (!existsSync(PROGRAM)) await install(say);
  const port = await freePort();
  const argv = [
    PROGRAM,
    "--host",
    "127.0.0.1",
    "--port",
    String(port),
    "--command",
    "/bin/sh",
    "--log-level",
    "error",
  ];
  const child = spawn(process.execPath, argv, { stdio: "ignore" });
  const forget = cleanUpLater(() => void child.kill("SIGKILL"));
  await until("wetty", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => null); // it starts
    await answer?.arrayBuffer();
    return answer !== null;
  });
  return {
    name: "wetty",
    make: async () => ({
      kind: "wetty",
      url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
      token: "",
    }),
    pids: { wetty: child.pid ?? 0 },
    port,
    async stop() {
      forget();
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    },
  };
}

async function install(say: (line: string) => void): Promise<void> {
  say("installing wetty from npm (once, about a minute); with --ttyd, ttyd is built instead");
  mkdirSync(HOME, { recursive: true });
  writeFileSync(join(HOME, "package.json"), JSON.stringify(PACKAGE));
  const argv = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"] as const;
  const result = await run({ argv: [...argv], cwd: HOME, timeoutMs: 300_000 });
  if (result.status !== "exited" || result.code !== 0)
    throw new Error(`wetty could not be installed: ${result.stderr.toString("utf8").slice(-2000)}`);
}
