import { stripVTControlCharacters } from "node:util";
import { redact } from "../../../protocol/redact.ts";

/** What Codex writes on stderr in every run, and says nothing. */
const NOISE = [
  /^Reading (additional input|prompt) from stdin/,
  /^Stack backtrace:/,
  /^\s*\d+: /,
  /^\s+at /,
  /^WARNING: proceeding/,
];

/** The part of stderr that says something, without colours and secrets; the end of it when it is long. */
export function meaningOfStderr(text: string): string {
  const lines = stripVTControlCharacters(text)
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== "" && !NOISE.some((noise) => noise.test(line)));
  return redact(lines.join("\n")).slice(-2000);
}

/** One line of it as the reason of a failure: the last that calls itself an error, or the last. */
export function reasonOfStderr(text: string): string | null {
  const lines = meaningOfStderr(text).split("\n");
  const reason = lines.findLast((line) => /^(error|fatal)\b/i.test(line)) ?? lines.at(-1) ?? "";
  const sentence = reason.replace(/^error:\s*/i, "").trim();
  return sentence === "" ? null : sentence.slice(0, 500);
}
