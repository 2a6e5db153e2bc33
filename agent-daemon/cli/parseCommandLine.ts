import { parseArgs } from "node:util";
import { EXIT } from "../system/exitCodes.ts";
import { say } from "../system/Sentence.ts";
import { UsageProblem, parseOptions } from "./CommandSpec.ts";
import type { CommandSpec, Values } from "./CommandSpec.ts";
import { COMMANDS } from "./commandTable.ts";
import type { Invocation } from "./invocation.ts";

/** What a command line asks for. */
export type CommandLine =
  | { kind: "run"; invocation: Invocation }
  | { kind: "print"; text: string; exitCode: number }
  | { kind: "problem"; text: string; exitCode: number };

/** Reads the words after `signalbox`. Pure: nothing is done here. */
export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    const topic = rest[0];
    if (topic !== undefined && isCommand(topic)) return print(helpFor(topic, COMMANDS[topic]));
    return print(overview());
  }
  if (name === "--version" || name === "-v" || name === "version") return print(`signalbox ${version}`);
  if (!isCommand(name))
    return problem(`There is no command ${name}.${guess(name)} \`signalbox --help\` lists them.`);
  const spec = COMMANDS[name];
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      options: parseOptions(spec),
      allowPositionals: true,
      strict: true,
    });
    const { help, ...given }: Values = values;
    if (help === true) return print(helpFor(name, spec));
    if (positionals.length < spec.words.least)
      throw new UsageProblem(`Something is missing: signalbox ${name} ${spec.usage}`);
    if (positionals.length > spec.words.most) {
      throw new UsageProblem(
        `There is a word too many (${positionals[spec.words.most]}): signalbox ${name} ${spec.usage}`,
      );
    }
    return { kind: "run", invocation: spec.read(given, positionals) };
  } catch (error) {
    if (error instanceof UsageProblem) return problem(error.message);
    // parseArgs explains itself in a sentence, and goes on about positionals after it.
    if (error instanceof TypeError)
      return problem(`${say(error).split(". ")[0]}. \`signalbox ${name} --help\` says more.`);
    throw error;
  }
}

function isCommand(name: string): name is Invocation["command"] {
  return Object.hasOwn(COMMANDS, name);
}

function print(text: string): CommandLine {
  return { kind: "print", text, exitCode: EXIT.ok };
}

function problem(text: string): CommandLine {
  return { kind: "problem", text, exitCode: EXIT.usage };
}

function guess(name: string): string {
  const near = Object.keys(COMMANDS).find((each) => each.startsWith(name) || name.startsWith(each));
  return near === undefined ? "" : ` Did you mean ${near}?`;
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: signalbox COMMAND [options]\n\n${rows.join("\n")}\n\n\`signalbox COMMAND --help\` says more about each.`;
}

function helpFor(name: string, { usage, summary, details, options }: CommandSpec): string {
  const rows = Object.entries({
    ...options,
    help: { type: "boolean", short: "h", help: "show this" } as const,
  }).map(([long, option]) => {
    const short = "short" in option && option.short !== undefined ? `-${option.short}, ` : "    ";
    const value = "value" in option && option.value !== undefined ? ` ${option.value}` : "";
    return [`  ${short}--${long}${value}`, option.help] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  const head = `Usage: signalbox ${name}${usage === "" ? "" : ` ${usage}`}\n\n${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  const table = rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`).join("\n");
  return `${head}${details === undefined ? "" : `\n${details}`}\n\n${table}`;
}
