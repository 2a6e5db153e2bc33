import { JobAgent } from "../../protocol/jobs.ts";
import { type Option, UsageProblem, type Values } from "./CommandSpec.ts";
import type { Target } from "./invocation.ts";

/** `--json` */
export const JSON_OPTION: Option = { type: "boolean", help: "print JSON for programs" };
/** `--config` */
export const CONFIG_OPTION: Option = { type: "string", value: "FILE", help: "another agent.yaml" };
/** `--port` */
export const PORT_OPTION: Option = {
  type: "string",
  short: "p",
  value: "PORT",
  help: "port on 127.0.0.1 (default 8787, or $SIGNALBOX_PORT)",
};
/** `--host` */
export const HOST_OPTION: Option = {
  type: "string",
  value: "HOST",
  help: "its name or id (default: this machine, or the only one)",
};
/** Which Signalbox is meant. */
export const TARGET_OPTIONS: Record<string, Option> = {
  url: { type: "string", value: "URL", help: "another Signalbox than this machine's (or $SIGNALBOX_URL)" },
  "token-file": {
    type: "string",
    value: "FILE",
    help: "file with an API token for it (or $SIGNALBOX_TOKEN)",
  },
};

/** Who does it. */
export function readAgent(name: string | null): JobAgent | null {
  if (name === null) return null;
  const read = JobAgent.safeParse(name);
  if (read.success) return read.data;
  throw new UsageProblem(`There is no agent ${name}: it is edge, claude, codex, opencode, or acp:NAME.`);
}

/** A value that was given; null when it was not. */
export function readText(values: Values, name: string): string | null {
  const value = values[name];
  if (typeof value !== "string") return null;
  if (value.trim() === "") throw new UsageProblem(`--${name} is empty.`);
  return value;
}

/** Which Signalbox is meant. */
export function readTarget(values: Values): Target {
  const url = readText(values, "url");
  return { url: url === null ? null : readUrl(url), tokenFile: readText(values, "token-file") };
}

/** The port that was given. */
export function readPort(values: Values): number | null {
  const value = readText(values, "port");
  return value === null ? null : parsePort(value);
}

/** A port a person wrote. */
export function parsePort(value: string): number {
  const port = Number(value);
  if (!/^\d{1,5}$/.test(value) || port < 1 || port > 65_535)
    throw new UsageProblem(`${value} is not a port (1 to 65535).`);
  return port;
}

/** JSON, or when it is none the text itself. */
export function readJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value; // words
  }
}

/** The address of a Signalbox. */
export function readUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageProblem(`${value} is not an address such as https://signalbox.example.com.`);
  }
  return url.origin;
}

/** Words separated by commas, each of them one that is known. */
export function readList<T extends string>(values: Values, name: string, known: readonly T[]): T[] {
  const value = readText(values, name);
  if (value === null) return [];
  return value.split(",").map((word) => {
    const found = known.find((each) => each === word.trim());
    if (found === undefined) throw new UsageProblem(`--${name} knows ${known.join(", ")}; not ${word}.`);
    return found;
  });
}
