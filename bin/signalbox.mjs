#!/usr/bin/env node
// The command line of this checkout, on the project's own Node.
import { join } from "node:path";
import { ROOT, nodeOf, run } from "../scripts/setup.mjs";

process.exitCode = await run(nodeOf(), [join(ROOT, "dist/agent.mjs"), ...process.argv.slice(2)], {});
