import type { Answer, Question } from "../protocol/questions.ts";
import type { SelfProgram } from "./agents/codex/launchSupervisor.ts";
import { hookSocketPath, startClaude } from "./agents/claude/startClaude.ts";
import { startCodexLive } from "./agents/codex-live/startCodexLive.ts";
import { startCodexJobs } from "./agents/codex/startCodexJobs.ts";
import { startKeystrokes } from "./agents/keystrokes/startKeystrokes.ts";
import { startOwned } from "./agents/owned/startOwned.ts";
import { startOpencodeLive } from "./agents/opencode-live/startOpencodeLive.ts";
import { startAnswers } from "./startAnswers.ts";
import { startPast } from "./agents/past/startPast.ts";
import { startChanges } from "./changes/startChanges.ts";
import type { AgentConfig } from "./config.ts";
import { startConsoles } from "./console/startConsoles.ts";
import { readClaudeHook } from "./hooks/changeHooks.ts";
import type { LiveOutputs } from "./link/liveOutputs.ts";
import { failed, type Log, type Outlet, type Part } from "./parts.ts";
import type { ConsoleSet } from "./startConsoleWatcher.ts";
import type { Store } from "./store.ts";
import { say } from "./system/Sentence.ts";
import { startTmux } from "./tmux/startTmux.ts";
import { findRootRules } from "./tools/findRootRules.ts";
import { startTools } from "./tools/startTools.ts";
import { watchWorkflows } from "./workflows/watchWorkflows.ts";
import { startWorktrees } from "./worktrees/startWorktrees.ts";

export type PartsDeps = {
  config: AgentConfig;
  store: Store;
  outlet: Outlet;
  outputs: Pick<LiveOutputs, "open">;
  log: Log;
  self: SelfProgram;
};

/** Everything the daemon does besides the link. */
export type Parts = {
  parts: Part[];
  tmuxVersion(): string | null;
  /** What keeps the parts from their work, in sentences. */
  problems(): string[];
  /** Tells the edge of every live session again, for an edge that has forgotten them. */
  announce(): void;
  /** The directory of a session, as the edge was told. */
  workspaceOf(session: string): string | null;
  /** Looks up what the edge asks. */
  answer(question: Question): Promise<Answer>;
  startConsoles(access: { url: string; token: string }): ConsoleSet;
  stop(): Promise<void>;
};

/** Starts the parts. One that cannot start is a problem to show; the others go on without it. */
export async function startParts({ config, store, outlet, outputs, log, self }: PartsDeps): Promise<Parts> {
  const broken: string[] = [];
  const guard = async <T>(name: string, start: () => Promise<T>): Promise<T | null> => {
    try {
      return await start();
    } catch (error) {
      log("error", `${name} could not be started.`, { error: String(error) });
      broken.push(`${name} could not be started: ${say(error)}`);
      return null;
    }
  };
  const tmux = await guard("The tmux part", () => startTmux({ config, store, outlet, log }));
  const codex = await guard("The Codex part", () => startCodexJobs({ config, store, outlet, log, ...self }));
  const owned = await guard("Agents without a terminal", () =>
    startOwned({ config, store, outlet, log, ...self }),
  );
  const claude =
    tmux === null
      ? null
      : await guard("The Claude part", () =>
          startClaude({ stateDir: config.state_dir, env: process.env, store, outlet, panes: tmux, log }),
        );
  const sessionDirectories = () => [
    ...(tmux?.directories() ?? []),
    ...(codex?.directories() ?? []),
    ...(owned?.directories() ?? []),
  ];
  const codexLive =
    tmux === null
      ? null
      : await guard("Codex in panes", async () =>
          startCodexLive({ env: process.env, store, outlet, panes: tmux, log }),
        );
  const keystrokes =
    tmux === null
      ? null
      : await guard("Prompts on screens", async () =>
          startKeystrokes({
            policy: config.keystrokes,
            store,
            outlet,
            panes: tmux,
            // One of another daemon tells that daemon.
            claudeHook: () =>
              readClaudeHook({
                env: process.env,
                node: process.execPath,
                program: self.selfPath,
                socket: hookSocketPath(config.state_dir),
              })?.state !== "missing",
            log,
          }),
        );
  const opencodeLive =
    tmux === null
      ? null
      : await guard("OpenCode in panes", async () => startOpencodeLive({ store, outlet, panes: tmux, log }));
  const tools = await guard("The tools", async () =>
    startTools({
      config,
      store,
      outlet,
      log,
      self,
      panes: tmux,
      outputs,
      sessionDirectories,
    }),
  );
  // Tool calls first, whatever session they are for. Then agents without a terminal: each takes only its own sessions and
  // commands; panes take the rest.
  const parts = [tools, claude, codexLive, opencodeLive, keystrokes, owned, codex, tmux].filter(
    (part) => part !== null,
  );
  const rules = () => findRootRules(config, sessionDirectories);
  const workflows = watchWorkflows({ rules, outlet, log });
  const answer = startAnswers({
    changes: startChanges({
      placeOf: (session) =>
        tmux?.placeOf(session) ?? codex?.placeOf(session) ?? owned?.placeOf(session) ?? null,
      rules,
    }),
    past: startPast({
      env: process.env,
      sessionOf: (conversation) =>
        tmux?.claudes().find(({ claude: { sessionId } }) => sessionId === conversation)?.session ??
        owned?.sessionOf(conversation) ??
        null,
    }),
    rules,
    worktrees: startWorktrees({
      root: config.worktrees_dir,
      store,
      places: () => [...(tmux?.places() ?? []), ...(codex?.places() ?? []), ...(owned?.places() ?? [])],
      async removeOf(session, snapshot) {
        const command = { type: "remove_worktree", snapshot } as const;
        const part = parts.find((each) => each.handles(command, session));
        const context = { id: session, session, signal: new AbortController().signal };
        return (
          (await part?.run(command, context)) ??
          failed("no_such_session", "This host does not know the session.")
        );
      },
    }),
    log,
  });
  return {
    parts,
    tmuxVersion: () => tmux?.version ?? null,
    problems: () => [...broken, ...(tmux?.problems() ?? [])],
    announce() {
      tmux?.announce();
      codex?.announce();
      owned?.announce();
      workflows.announce();
    },
    workspaceOf: (session) => tmux?.cwdOf(session) ?? owned?.placeOf(session)?.directory ?? null,
    answer,
    startConsoles(access) {
      if (tmux === null) return { watch() {}, unwatch() {}, stop: async () => {} };
      return startConsoles({ ...access, tmux, log });
    },
    async stop() {
      await Promise.all([workflows.stop(), ...parts.map((part) => part.stop())]);
    },
  };
}
