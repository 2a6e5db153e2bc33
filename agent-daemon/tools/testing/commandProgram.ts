import { COMMAND_WORD, superviseCommand } from "../background/superviseCommand.ts";

// The supervisor's side of the daemon's program alone, for tests of background commands.
const [, , word, dir] = process.argv;
if (word !== COMMAND_WORD || dir === undefined) throw new Error(`expected ${COMMAND_WORD} <dir>`);
await superviseCommand(dir);
