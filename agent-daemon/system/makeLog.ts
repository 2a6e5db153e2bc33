import { redact } from "../../protocol/redact.ts";
import type { Log } from "../parts.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LEVELS)[number];

/** Reads a level's name; `info` for anything else. */
export function readLogLevel(text: string | undefined): LogLevel {
  return LEVELS.find((level) => level === text) ?? "info";
}

/** A log of lines that a person can read and a machine can split: time, level, message, fields as JSON; without secrets. */
export function makeLog(
  write: (line: string) => void,
  least: LogLevel = "info",
  now: () => number = Date.now,
): Log {
  return (level, message, fields) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
    const rest = fields === undefined ? "" : ` ${JSON.stringify(fields)}`;
    // What other programs say goes in here too, and may name a secret.
    const line = redact(`${message.replaceAll("\n", " ")}${rest}`);
    write(`${new Date(now()).toISOString()} ${level.padEnd(5)} ${line}\n`);
  };
}
