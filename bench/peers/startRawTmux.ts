import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { run } from "../../agent-daemon/run.ts";
import { cleanUpLater } from "../lib/cleanUp.ts";
import type { TerminalSide } from "../lib/terminalSides.ts";
import { startHelper } from "../lib/startHelper.ts";

/** The limit that tmux sets: its bytes on a socket in one process, nothing between (see rawTmuxServer.ts). */
export async function startRawTmux(): Promise<TerminalSide> {
  const base = mkdtempSync(join(tmpdir(), "signalbox-bench-raw-"));
  const { TMUX: _tmux, TMUX_PANE: _pane, ...inherited } = process.env;
  const env = { ...inherited, TMUX_TMPDIR: base, SHELL: "/bin/sh", HOME: base };
  const helper = startHelper("peers/rawTmuxServer.ts", env);
  const stop = async () => {
    forget();
    await helper.stop();
    await run({ argv: ["tmux", "kill-server"], env, timeoutMs: 5_000 });
    rmSync(base, { recursive: true, force: true });
  };
  const forget = cleanUpLater(stop);
  const port = await helper.ask("start", { fifos: base }, z.number());
  return {
    name: "tmux → socket",
    async make() {
      const path = await helper.ask("pane", {}, z.string());
      return { kind: "raw", url: `ws://127.0.0.1:${port}${path}`, token: "" };
    },
    pids: { server: helper.pid },
    port,
    stop,
  };
}
