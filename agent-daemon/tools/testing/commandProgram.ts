import { COMMAND_WORD, superviseCommand } from "../background/superviseCommand.ts";
import { RUNNER_WORD, serveCalls } from "../runner/serveCalls.ts";

// What the daemon's program also is, alone: the supervisor of a background command, and the runner of calls.
const [, , word, dir = ""] = process.argv;
if (word === COMMAND_WORD) await superviseCommand(dir);
else if (word === RUNNER_WORD) await serveCalls(dir);
else throw new Error(`neither ${COMMAND_WORD} <dir> nor ${RUNNER_WORD} <dir>`);
