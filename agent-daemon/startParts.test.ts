import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { AgentConfig } from "./config.ts";
import { startParts } from "./startParts.ts";
import { openStore } from "./store.ts";
import { tempDir } from "./testing/tempDir.ts";
import { noTmux } from "./tmux/rig/tmuxRig.ts";

it.skipIf(noTmux !== null)("every part starts beside the others, and again, on one store", async () => {
  const dir = tempDir();
  for (const name of ["TMUX_TMPDIR", "CODEX_HOME", "CLAUDE_CONFIG_DIR"]) vi.stubEnv(name, dir);
  onTestFinished(() => void vi.unstubAllEnvs());
  const config = AgentConfig.parse({ state_dir: dir, worktrees_dir: join(dir, "worktrees") });
  for (let start = 0; start < 2; start++) {
    const store = openStore(join(dir, "agent.db"));
    onTestFinished(() => store.close());
    const parts = await startParts({
      config,
      store,
      outlet: { put: () => true, lost() {} },
      outputs: { open: () => ({ add() {}, close() {} }) },
      log: () => {},
      self: { selfPath: "not-run.mjs" },
    });
    await parts.stop();
    expect(parts.problems().filter((problem) => problem.includes("could not be started"))).toEqual([]);
  }
});
