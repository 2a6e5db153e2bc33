#!/usr/bin/env node
// Stands in for codex: takes `exec --json … -` and `exec resume --json … <thread> -`, and counts.
// Lines of the prompt steer it: `COUNT: n` numbered messages (10,000), `RATE: n` a second (5,000; 0: as fast as it
// can), `EXIT: code`, `FAIL: message`, `HANG` after the last number, `STDERR: text`, `RAW: line` written as it is.
import { randomUUID } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const argv = process.argv.slice(2);
if (argv[0] !== "exec" || !argv.includes("--json") || argv.at(-1) !== "-") {
  writeSync(2, `Error: these arguments are not known: ${argv.join(" ")}\n`);
  process.exit(2);
}
const prompt = readFileSync(0, "utf8");
const directive = (word) => new RegExp(`^${word}:[ \\t]*(.*)$`, "m").exec(prompt)?.[1];
const number = (word, otherwise) => Number(directive(word) ?? process.env[`COUNTER_${word}`] ?? otherwise);
const count = number("COUNT", 10_000);
const rate = number("RATE", 5_000);
const thread = argv[1] === "resume" ? argv.at(-2) : randomUUID();

// As codex does: an interrupt ends it without a final event.
process.on("SIGINT", () => process.exit(1));

/** Writes everything, in pieces that end anywhere, as a reader of a growing file sees them. */
let held = Buffer.alloc(0);
function write(text, whole) {
  held = Buffer.concat([held, Buffer.from(text)]);
  const size = whole ? held.length : Math.floor(Math.random() * held.length);
  for (let at = 0; at < size;) at += writeSync(1, held, at, size - at);
  held = held.subarray(size);
}
const line = (value) => `${JSON.stringify(value)}\n`;

writeSync(2, "Reading prompt from stdin...\n");
write(line({ type: "thread.started", thread_id: thread }) + line({ type: "turn.started" }), true);
for (const [, raw] of prompt.matchAll(/^RAW:[ \t]?(.*)$/gm)) write(`${raw}\n`, true);
const began = performance.now();
for (let n = 1; n <= count;) {
  const due =
    rate > 0 ? Math.min(count, Math.floor(((performance.now() - began) / 1000) * rate) + 1) : n + 500;
  let text = "";
  for (; n <= Math.min(due, count); n++) {
    text += line({
      type: "item.completed",
      item: { id: `item_${n}`, type: "agent_message", text: `number ${n}` },
    });
  }
  write(text, false);
  await sleep(rate > 0 ? 5 : 0);
}
write("", true);
if (/^HANG$/m.test(prompt)) await sleep(2 ** 30);
const complaint = directive("STDERR");
if (complaint !== undefined) writeSync(2, `${complaint}\n`);
const failure = directive("FAIL");
if (failure === undefined) {
  const usage = { input_tokens: count, cached_input_tokens: 0, output_tokens: count };
  if (directive("EXIT") === undefined) write(line({ type: "turn.completed", usage }), true);
} else write(line({ type: "turn.failed", error: { message: failure } }), true);
process.exit(Number(directive("EXIT") ?? (failure === undefined ? 0 : 1)));
