import type { ParseArgsConfig } from "node:util";
import type { Invocation } from "./invocation.ts";

/** What `parseArgs` read: every option is a string, a flag, or not given. */
export type Values = Record<string, string | boolean | (string | boolean)[] | undefined>;
export type Option = {
  type: "string" | "boolean";
  short?: string;
  value?: string;
  /** May be given several times. */
  multiple?: boolean;
  help: string;
};

export type CommandSpec = {
  /** After the command's name. */
  usage: string;
  summary: string;
  /** More, for `--help`. */
  details?: string;
  options: Record<string, Option>;
  /** How many words may stand beside the options. */
  words: { least: number; most: number };
  /** Turns what was read into an invocation; throws a {@link UsageProblem}. */
  read(values: Values, words: string[]): Invocation;
};

/** A command line that cannot be meant; the message says what is wrong with it. */
export class UsageProblem extends Error {}

/** The options of a command as `parseArgs` takes them. */
export function parseOptions({ options }: CommandSpec): NonNullable<ParseArgsConfig["options"]> {
  const entries = Object.entries(options).map(
    ([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }] as const,
  );
  return { ...Object.fromEntries(entries), help: { type: "boolean", short: "h" } };
}
