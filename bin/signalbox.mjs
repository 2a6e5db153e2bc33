#!/usr/bin/env node
// The command line of this checkout, on the project's own Node.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT, fail, nodeOf, run } from "../scripts/setup.mjs";

const program = join(ROOT, "dist/agent.mjs");
if (!existsSync(program) || !existsSync(nodeOf()))
  fail(`Signalbox is not built yet. Run npm start in ${ROOT} once.`);
process.exitCode = await run(nodeOf(), [program, ...process.argv.slice(2)], {});
