import type { AgentConfig } from "../config.ts";
import type { Log, Outlet } from "../parts.ts";
import type { Store } from "../store.ts";
import type { TmuxPart } from "./tmuxPart.ts";

export type TmuxDeps = {
  config: AgentConfig;
  store: Store;
  outlet: Outlet;
  log: Log;
  /** Milliseconds since 1970; for tests. */
  clock?: () => number;
  /** The environment tmux and the agents' files are looked up in; for tests. */
  env?: NodeJS.ProcessEnv;
};

/** Finds the panes of this machine's tmux servers, makes sessions of them and carries out commands on them. */
export async function startTmux(deps: TmuxDeps): Promise<TmuxPart> {
  throw new Error(`not built yet (state in ${deps.config.state_dir})`);
}
