import { OPENCODE_WORD } from "../../opencode/opencodeAdapter.ts";
import { serveOpencode } from "../../opencode/serveOpencode.ts";
import { KEEPER_WORD, keepAgent } from "../keeper/keepAgent.ts";

// What of the daemon's program runs beside an agent, for tests.
const [, , word, what] = process.argv;
if (what === undefined) throw new Error(`expected a word and what it is for, not ${word}`);
if (word === KEEPER_WORD) await keepAgent(what);
else if (word === OPENCODE_WORD) process.exit(await serveOpencode(what));
else throw new Error(`${word} is no word of the keeper`);
