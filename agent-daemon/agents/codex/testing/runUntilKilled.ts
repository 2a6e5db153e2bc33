import { writeSync } from "node:fs";
import { Command } from "../../../../protocol/commands.ts";
import { startJobHarness } from "./jobHarness.ts";

// A daemon for tests to kill: starts the same jobs whenever it is started (as an edge sends commands until it knows
// their results), says so, and says when all have ended. Arguments: directory, codex, command as JSON, session=command id…
const [, , dir = "", codex = "", json = "", ...pairs] = process.argv;
const harness = await startJobHarness({ dir, codex });
const command = Command.parse({ type: "codex_start", ...JSON.parse(json) });
const jobs = pairs.map((pair) => pair.split("="));
await Promise.all(jobs.map(([session = "", id]) => harness.run(session, command, id)));
writeSync(1, "started\n");
await Promise.all(jobs.map(([session = ""]) => harness.ended(session, 1, 120_000)));
writeSync(1, "ended\n");
