import type { HostInfo } from "../protocol/host.ts";
import { hostOfToken } from "../protocol/tokens.ts";
import type { SelfProgram } from "./agents/codex/launchSupervisor.ts";
import { hookSocketPath } from "./agents/claude/startClaude.ts";
import { agentFiles } from "./agentStatus.ts";
import type { AgentStatus } from "./agentStatus.ts";
import type { AgentConfig } from "./config.ts";
import { readClaudeHook } from "./hooks/changeHooks.ts";
import { systemClock } from "./link/clock.ts";
import { openCommandJournal } from "./link/commandJournal.ts";
import { startExecutor } from "./link/executor.ts";
import { openJournal } from "./link/journal.ts";
import { startLiveOutputs } from "./link/liveOutputs.ts";
import { openSocket } from "./link/openSocket.ts";
import { startLink } from "./link/startLink.ts";
import type { Link } from "./link/startLink.ts";
import { startNetworkWatch } from "./link/startNetworkWatch.ts";
import { openState } from "./openState.ts";
import type { Log } from "./parts.ts";
import { readToken } from "./readToken.ts";
import { openHostRules } from "./rules/openHostRules.ts";
import { startHostDecisions } from "./rules/startHostDecisions.ts";
import { startConsoleWatcher } from "./startConsoleWatcher.ts";
import { startParts } from "./startParts.ts";
import type { Parts, PartsDeps } from "./startParts.ts";
import { EXIT } from "./system/exitCodes.ts";
import { makeVersionReader, readHostInfo } from "./system/hostInfo.ts";
import { writeFileSafely } from "./system/writeFileSafely.ts";
import { VERSION } from "./version.ts";

/** How often the machine's facts are looked at again. */
const REFRESH_MS = 30_000;
/** How often the status file is brought up to date, if anything in it changed. */
const STATUS_MS = 2_000;
const PRUNE_MS = 60 * 60 * 1000;
/** How often the copy of the rules is renewed: a host that goes away has one that is good for most of its life. */
const RULES_MS = 6 * 60 * 60 * 1000;
/** How often the time is noted, to find out when the clock is put back. */
const CLOCK_MS = 60_000;
/** How soon a new token is noticed (`connect --code` beside a running daemon writes one). */
const TOKEN_MS = 2_000;

export type AgentDeps = {
  config: AgentConfig;
  log: Log;
  /** How this program starts itself (for jobs that outlive it). */
  self: SelfProgram;
  /** Starts what the daemon does besides the link; tests bring their own. */
  parts?: (deps: PartsDeps) => Promise<Parts>;
};

export type Agent = {
  /** The exit code, once the daemon cannot go on (replaced by another one, another protocol version). */
  ended: Promise<number>;
  stop(): Promise<void>;
};

/** Starts the daemon on a state directory. Throws a sentence when it cannot. */
export async function startAgent({
  config,
  log,
  self,
  parts: start = startParts,
}: AgentDeps): Promise<Agent> {
  const state = openState(config.state_dir);
  const journal = openJournal({ store: state.store, maxBytes: config.journal_max_bytes, log });
  const commands = openCommandJournal({ store: state.store, journal, log });
  commands.prune();
  const outputs = startLiveOutputs(systemClock);
  let link: Link | null = null;
  const token = () => readToken(config);
  const rules = openHostRules({ store: state.store, token, log });
  const decisions = startHostDecisions({
    store: state.store,
    journal,
    rules,
    offline: () => link?.state().phase.name !== "online",
    host() {
      const answer = token();
      return "token" in answer ? hostOfToken(answer.token) : null;
    },
    log,
  });
  const parts = await start({ config, store: state.store, outlet: decisions.outlet, outputs, log, self });
  decisions.begin(parts.parts, parts.workspaceOf);
  const executor = startExecutor({ commands, parts: parts.parts, clock: systemClock, log });
  const consoles = startConsoleWatcher({ url: config.url, token, start: parts.startConsoles });
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();

  const readProgramVersion = makeVersionReader();
  const readInfo = () =>
    readHostInfo({
      config,
      readVersion: readProgramVersion,
      tmuxVersion: parts.tmuxVersion(),
      claudeHook: readClaudeHook({
        env: process.env,
        node: process.execPath,
        program: self.selfPath,
        socket: hookSocketPath(config.state_dir),
      }),
      problems: [...parts.problems(), journal.trouble()].filter((problem) => problem !== null),
    });
  let info: HostInfo = await readInfo();
  let host: AgentStatus["host"] = null;
  let since = Date.now();
  const startedAt = Date.now();

  let written = "";
  function writeStatus(): void {
    const current = link?.state();
    const status: AgentStatus = {
      pid: process.pid,
      version: VERSION,
      url: config.url,
      started_at: startedAt,
      host,
      link: { state: current?.phase.name ?? "waiting", since, problem: current?.problem ?? null },
      problems: info.problems,
      journal: { unacked: journal.head() - journal.acked(), bytes: journal.bytes() },
    };
    const text = JSON.stringify(status);
    if (text === written) return;
    try {
      writeFileSafely(agentFiles(config.state_dir).status, text);
      written = text;
    } catch (error) {
      // A full disk: the daemon works without its status file.
      log("debug", "The status file cannot be written.", { error: String(error) });
    }
  }

  async function refresh(): Promise<void> {
    const next = await readInfo();
    if (JSON.stringify(next) !== JSON.stringify(info)) {
      info = next;
      // Also when the journal is full: that is what it may have to say.
      journal.store([{ kind: "host", info }], { reserve: true });
    }
  }

  link = startLink({
    journal,
    executor,
    consoles,
    outputs,
    answer: parts.answer,
    rules,
    url: () => config.url,
    token,
    info: () => info,
    clock: systemClock,
    openSocket,
    log,
    onWelcome(id, name) {
      host = { id, name };
    },
    onForgotten: parts.announce,
    onState({ phase, problem }) {
      if (problem?.code === "refused") rules.forget();
      since = Date.now();
      writeStatus();
      if (phase.name === "stopped" && phase.why !== "asked") end(EXIT[phase.why]);
    },
  });
  const network = startNetworkWatch({
    onWake(sleptMs) {
      log("info", "The machine woke up.", { slept_ms: Math.round(sleptMs) });
      link.nudge("woke");
    },
    onNetwork() {
      log("info", "The network changed.");
      link.nudge("network");
    },
  });
  const refreshTimer = setInterval(() => {
    refresh().catch((error: unknown) =>
      log("warn", "The machine's facts could not be read.", { error: String(error) }),
    );
  }, REFRESH_MS);
  const statusTimer = setInterval(writeStatus, STATUS_MS);
  let knownToken = JSON.stringify(token());
  const tokenTimer = setInterval(() => {
    const current = JSON.stringify(token());
    if (current === knownToken) return;
    knownToken = current;
    log("info", "The token changed.");
    link.nudge("token");
  }, TOKEN_MS);
  const rulesTimer = setInterval(() => link.wantRules(), RULES_MS);
  const clockTimer = setInterval(rules.tick, CLOCK_MS);
  const pruneTimer = setInterval(() => commands.prune(), PRUNE_MS);
  writeStatus();
  log("info", "The daemon runs.", {
    pid: process.pid,
    version: VERSION,
    state_dir: config.state_dir,
    url: config.url,
  });

  return {
    ended,
    async stop() {
      clearInterval(refreshTimer);
      clearInterval(statusTimer);
      clearInterval(pruneTimer);
      clearInterval(rulesTimer);
      clearInterval(clockTimer);
      clearInterval(tokenTimer);
      network.stop();
      // Commands first, so that their results are journalled, and sent if the link is up.
      await executor.stop();
      await consoles.stop();
      decisions.stop();
      await parts.stop();
      link.stop();
      journal.stop();
      writeStatus();
      state.close();
      log("info", "The daemon stopped.");
    },
  };
}
