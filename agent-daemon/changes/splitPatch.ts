/** Cuts git's patch into what it shows of each file, from the first `@@` on; empty when a file has no lines to show. */
export function splitPatch(text: string): Map<string, string> {
  const found = new Map<string, string>();
  // What a file holds stands behind a blank, a sign or a backslash: only a head begins with these words.
  for (const section of text.split(/^(?=diff --git )/m)) {
    const at = section.search(/^@@ /m);
    const path = pathOf((at < 0 ? section : section.slice(0, at)).split("\n"));
    if (path === null) continue;
    const shown = at < 0 ? [] : [section.slice(at).replace(/\n$/, "")];
    // A file that became a link has two: one in which it goes, one in which it comes.
    found.set(path, [...(found.has(path) ? [found.get(path)] : []), ...shown].join("\n"));
  }
  return found;
}

/** The path of a section, by its head; where it was, for a file that is gone. */
function pathOf(head: string[]): string | null {
  const after = (start: string): string | null => {
    const line = head.find((each) => each.startsWith(start));
    return line === undefined ? null : unquote(line.slice(start.length).replace(/\t$/, ""));
  };
  const moved = after("rename to ") ?? after("copy to ");
  if (moved !== null) return moved;
  const [before, now] = [after("--- "), after("+++ ")];
  const named = now !== null && now !== "/dev/null" ? now : before;
  if (named !== null) return named.slice("a/".length);
  const both = head[0]?.startsWith("diff --git ") === true ? head[0].slice("diff --git ".length) : null;
  // Not renamed: the same name stands there twice, as a/… and b/….
  return both === null ? null : unquote(both.slice(0, (both.length - 1) / 2)).slice("a/".length);
}

const ESCAPES: Record<string, string> = {
  a: "\x07",
  b: "\b",
  t: "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
};

/** A name as git writes it: in quotes, with escapes, when it holds a quote, a backslash or what controls a terminal. */
function unquote(name: string): string {
  if (!name.startsWith('"') || !name.endsWith('"')) return name;
  return name
    .slice(1, -1)
    .replaceAll(/\\([0-7]{3}|.)/gs, (_, code: string) =>
      code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
    );
}
