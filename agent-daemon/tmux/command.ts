/** One tmux command with its arguments, as data. */
export type TmuxCommand = readonly [string, ...string[]];

/**
 * Commands as the arguments of a `tmux` process. tmux takes an argument that ends in `;` for the end of a command,
 * so a trailing one that is meant is written `\;`.
 */
export function execArguments(commands: readonly TmuxCommand[]): string[] {
  const args: string[] = [];
  commands.forEach((command, index) => {
    if (index > 0) args.push(";");
    for (const arg of command) args.push(arg.endsWith(";") ? `${arg.slice(0, -1)}\\;` : arg);
  });
  return args;
}

/** Commands as one line of a file that tmux reads; they run one after the other with nothing in between. */
export function commandLine(commands: readonly TmuxCommand[]): string {
  return `${commands.map((command) => command.map(quote).join(" ")).join(" ; ")}\n`;
}

const PLAIN = /^[A-Za-z0-9_-]+$/;

/** Single quotes protect everything but themselves; a line feed would end the line, so it is spelt out. */
function quote(arg: string): string {
  if (PLAIN.test(arg)) return arg;
  return `'${arg.replaceAll("'", `'"'"'`).replaceAll("\n", `'"\\n"'`)}'`;
}

/** Escapes text for a place where tmux expands formats and `strftime`. */
export function literalInFormat(text: string): string {
  return text.replaceAll("#", "##").replaceAll("%", "%%");
}

/** Quotes one word for a POSIX shell. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
