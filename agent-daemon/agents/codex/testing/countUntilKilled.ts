import { writeSync } from "node:fs";
import { newId } from "../../../../protocol/ids.ts";
import { startCodexBench } from "./codexBench.ts";

// A daemon for tests to kill: runs two counting jobs (the same ones whenever it starts), and says when both have ended.
const [, , dir = "", codex = "", one = "", two = "", ...commands] = process.argv;
const bench = await startCodexBench({ dir, codex });
const prompt = "COUNT: 12000\nRATE: 2500";
const sessions = [one, two];
await Promise.all(
  sessions.map((session, i) =>
    bench.run(session, { type: "codex_start", prompt, cwd: "/" }, commands[i] ?? newId("cmd")),
  ),
);
await Promise.all(sessions.map((session) => bench.ended(session, 1, 120_000)));
writeSync(1, "ended\n");
