import { join } from "node:path";
import { newId } from "../../../../protocol/ids.ts";
import { AgentConfig } from "../../../config.ts";
import type { Outlet } from "../../../parts.ts";
import { openStore } from "../../../store.ts";
import { startTmux } from "../../../tmux/startTmux.ts";
import { startKeystrokes } from "../startKeystrokes.ts";

// A daemon for tests that decides a request and is killed right before or after the key that answers it.
const [, , directory = "", request = "", session = "", when] = process.argv;
const state_dir = join(directory, "state");
const store = openStore(join(state_dir, "agent.db"));
const outlet: Outlet = {
  put(_messages, also) {
    store.transaction(() => also?.());
    return true;
  },
  lost() {},
};
const config = AgentConfig.parse({ state_dir });
const panes = await startTmux({ config, store, outlet, log: () => {}, env: process.env });
await panes.refresh();
const part = startKeystrokes({
  policy: "all",
  store,
  outlet,
  claudeHook: () => false,
  log: () => {},
  panes: {
    ...panes,
    async pressOn(...args) {
      if (when === "after") await panes.pressOn(...args);
      process.kill(process.pid, "SIGKILL");
      return { ok: false, reason: "killed" };
    },
  },
});
await part.run(
  { type: "decide", request, allow: true },
  { id: newId("cmd"), session, signal: new AbortController().signal },
);
