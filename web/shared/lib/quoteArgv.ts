const PLAIN = /^[\w@%+=:,./-]+$/;

/** Words as one line that `parseArgv` reads back as exactly these words. */
export function quoteArgv(argv: readonly string[]): string {
  return argv.map((word) => (PLAIN.test(word) ? word : quoted(word))).join(" ");
}

function quoted(word: string): string {
  if (!word.includes("'")) return `'${word}'`;
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
