import { KEEPER_WORD, keepAgent } from "../keeper/keepAgent.ts";

// The keeper's side of the daemon's program alone, for tests.
const [, , word, dir] = process.argv;
if (word !== KEEPER_WORD || dir === undefined) throw new Error(`expected ${KEEPER_WORD} <dir>`);
await keepAgent(dir);
