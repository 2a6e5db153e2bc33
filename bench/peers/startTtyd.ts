import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cleanUpLater } from "../lib/cleanUp.ts";
import { freePort } from "../../agent-daemon/testing/freePort.ts";
import { until } from "../lib/startDaemon.ts";
import { ROOT } from "../lib/startEdge.ts";
import type { TerminalSide } from "../lib/terminalSides.ts";

/** Where `--ttyd` leaves it. */
export const BUILT_TTYD = join(ROOT, ".cache/bench/ttyd/ttyd");

/** ttyd, without tmux: `sh` on a pseudo-terminal, one process per connection. Null where there is none. */
export async function startTtyd(): Promise<TerminalSide | null> {
  const program = findTtyd();
  if (program === null) return null;
  const port = await freePort();
  const argv = ["-i", "127.0.0.1", "-p", String(port), "-W", "-d", "3", "/bin/sh"];
  const child = spawn(program, argv, { stdio: "ignore" });
  const forget = cleanUpLater(() => void child.kill("SIGKILL"));
  await until("ttyd", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => null); // it starts
    await answer?.arrayBuffer();
    return answer?.ok === true;
  });
  return {
    name: "ttyd",
    make: async () => ({ kind: "ttyd", url: `ws://127.0.0.1:${port}/ws`, token: "" }),
    pids: { ttyd: child.pid ?? 0 },
    port,
    async stop() {
      forget();
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    },
  };
}

function findTtyd(): string | null {
  if (existsSync(BUILT_TTYD)) return BUILT_TTYD;
  const directory = (process.env["PATH"] ?? "").split(delimiter).find((dir) => existsSync(join(dir, "ttyd")));
  return directory === undefined ? null : join(directory, "ttyd");
}
