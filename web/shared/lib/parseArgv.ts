export type ParsedArgv = { ok: true; argv: string[] } | { ok: false; message: string };

/**
 * Splits a command line into its words as people mean it: spaces part, quotes and backslashes hold together. Nothing else has a
 * meaning, because no shell runs it: variables, pipes and wildcards stay as they are typed.
 */
export function parseArgv(line: string): ParsedArgv {
  const argv: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (/\s/.test(char)) {
      if (word !== null) argv.push(word);
      word = null;
    } else if (char === "'") {
      const end = line.indexOf("'", at + 1);
      if (end < 0) return { ok: false, message: "A ' is not closed." };
      word = (word ?? "") + line.slice(at + 1, end);
      at = end;
    } else if (char === '"') {
      let inside = "";
      let end = at + 1;
      for (; end < line.length && line.charAt(end) !== '"'; end++) {
        if (line.charAt(end) === "\\" && '"\\'.includes(line.charAt(end + 1)) && end + 1 < line.length) end++;
        inside += line.charAt(end);
      }
      if (end >= line.length) return { ok: false, message: 'A " is not closed.' };
      word = (word ?? "") + inside;
      at = end;
    } else if (char === "\\") {
      if (at + 1 >= line.length) return { ok: false, message: "A backslash at the end holds nothing." };
      word = (word ?? "") + line.charAt(++at);
    } else {
      word = (word ?? "") + char;
    }
  }
  if (word !== null) argv.push(word);
  return argv.length === 0 ? { ok: false, message: "Type a command." } : { ok: true, argv };
}

/** Signs that a shell would understand and this does not; null when there are none. */
export function shellSigns(argv: readonly string[]): string | null {
  const found = argv.find(
    (word) => /^(?:\||\|\||&&|;|>|>>|<|2>&1|&)$/.test(word) || /^\$\w|^\$\(/.test(word),
  );
  return found ?? null;
}
