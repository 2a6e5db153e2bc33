import { parseArgs } from "node:util";
import { KEEPER_WORD, keepAgent } from "../agents/owned/keeper/keepAgent.ts";
import { OPENCODE_WORD } from "../agents/opencode/opencodeAdapter.ts";
import { serveOpencode } from "../agents/opencode/serveOpencode.ts";
import { JOB_WORD, superviseJob } from "../agents/codex/superviseJob.ts";
import { readConfig } from "../config.ts";
import type { EdgeMessage } from "../edge/edgeMessages.ts";
import { DAEMON_WORD, EDGE_WORD } from "../edge/startSupervisor.ts";
import { agentFiles } from "../agentStatus.ts";
import { EXIT } from "../system/exitCodes.ts";
import { COMMAND_WORD, superviseCommand } from "../tools/background/superviseCommand.ts";
import { RUNNER_WORD, serveCalls } from "../tools/runner/serveCalls.ts";
import { supervise } from "./commands/supervise.ts";
import type { Context } from "./context.ts";
import { parsePort } from "./readValues.ts";
import { runDaemon } from "./runDaemon.ts";
import { SUPERVISE_WORD } from "./startDetached.ts";
import { waitForSignal } from "./waitForSignal.ts";

type Hidden = (words: string[], context: Context) => Promise<number>;

/** What this program also is: each word starts it as another process of its own. */
const HIDDEN: Record<string, Hidden> = {
  [JOB_WORD]: async ([dir = ""]) => {
    await superviseJob(dir);
    return EXIT.ok;
  },
  [KEEPER_WORD]: async ([dir = ""]) => {
    await keepAgent(dir);
    return EXIT.ok;
  },
  [OPENCODE_WORD]: ([program = ""]) => serveOpencode(program),
  [RUNNER_WORD]: async ([dir = ""]) => {
    await serveCalls(dir);
    return EXIT.ok;
  },
  [COMMAND_WORD]: async ([dir = ""]) => {
    await superviseCommand(dir);
    return EXIT.ok;
  },
  [EDGE_WORD]: async (words) => {
    const { home = "", dist = "", port = "" } = options(words, ["home", "dist", "port"]);
    // Loaded only here: the daemon alone must run without it.
    const { runEdge } = await import("../edge/runEdge.ts");
    const signal = waitForSignal();
    const tell = (message: EdgeMessage) => {
      if (process.connected) process.send?.(message);
    };
    const edge = await runEdge({ home, dist, port: parsePort(port) }, tell);
    // Without its runtime it can only end, at once: the supervisor starts another.
    const ended = await Promise.race([signal.then(() => true), edge.broken.then(() => false)]);
    if (!ended) return EXIT.failed;
    await edge.stop();
    return EXIT.ok;
  },
  [DAEMON_WORD]: async (words, { self }) => {
    const {
      config = "",
      url = "",
      "state-dir": stateDir = "",
    } = options(words, ["config", "url", "state-dir"]);
    // One machine: its own address, state and token, whatever the file says of others.
    const read = readConfig(config, { url, state_dir: stateDir, token_file: agentFiles(stateDir).token });
    return runDaemon(read, self);
  },
  [SUPERVISE_WORD]: (words, context) => supervise(parsePort(options(words, ["port"])["port"] ?? ""), context),
};

/** Runs one of the hidden words; null when it is none. */
export function runHidden(argv: readonly string[], context: Context): Promise<number> | null {
  const [word = "", ...words] = argv;
  const hidden = Object.hasOwn(HIDDEN, word) ? HIDDEN[word] : undefined;
  if (hidden === undefined) return null;
  // Whoever reads our output may be gone before us; that must not end us in the middle of stopping.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  return hidden(words, context);
}

function options(words: string[], names: string[]): Record<string, string | undefined> {
  const { values } = parseArgs({
    args: words,
    options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
    strict: true,
  });
  return values;
}
