import { join } from "node:path";
import { newId } from "../../../protocol/ids.ts";
import { AgentConfig } from "../../config.ts";
import { systemClock } from "../../link/clock.ts";
import { openCommandJournal } from "../../link/commandJournal.ts";
import { startExecutor } from "../../link/executor.ts";
import { openJournal } from "../../link/journal.ts";
import { openStore } from "../../store.ts";
import { startTools } from "../startTools.ts";

// A daemon for tests to kill: carries out one run_command, given as <database> <root> <state> <id> <argv as JSON>.
const [, , database = "", root = "", state = "", id = "", argv = ""] = process.argv;
const log = () => {};
const store = openStore(database);
const journal = openJournal({ store, maxBytes: 1e9, log });
const config = AgentConfig.parse({ state_dir: state, workspaces: [root] });
const tools = startTools({
  config,
  store,
  outlet: journal,
  log,
  self: { selfPath: join(import.meta.dirname, "commandProgram.ts") },
  panes: null,
  sessionDirectories: () => [],
});
const executor = startExecutor({
  commands: openCommandJournal({ store, journal, log }),
  parts: [tools],
  clock: systemClock,
  log,
});
executor.accept({
  id,
  session: newId("ses"),
  command: {
    type: "tool",
    tool: "run_command",
    input: { argv: JSON.parse(argv), timeout_ms: 120_000 },
    root,
  },
  ttlMs: 60_000,
});
setInterval(() => {}, 1_000);
