import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** What a first visit may cost, compressed. */
export const FIRST_LOAD_LIMIT = 150_000;

export type LoadedFile = { file: string; bytes: number };

/**
 * Measures a built page. `first`: what it loads before anything is clicked (its scripts, what they import at once, its styles);
 * `later`: the rest of its scripts and styles. The largest first.
 */
export function measureFirstLoad(root: string): { first: LoadedFile[]; later: LoadedFile[]; total: number } {
  const found = new Set(["index.html"]);
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    if (!file.endsWith(".js")) return;
    const source = readFileSync(join(root, file), "utf8");
    // Static imports alone: `import"./a.js"`, `import{b}from"./a.js"`, `export{c}from"./a.js"`.
    for (const match of source.matchAll(/(?:\bfrom|\bimport)\s*"\.\/([\w.-]+\.js)"/g))
      visit(join("assets", match[1] ?? ""));
  };
  const html = readFileSync(join(root, "index.html"), "utf8");
  for (const match of html.matchAll(/<(?:script|link)\b[^>]*?(?:src|href)="\/([^"]+\.(?:js|css))"/g))
    visit(match[1] ?? "");
  const rest = readdirSync(join(root, "assets"))
    .map((name) => join("assets", name))
    .filter((file) => /\.(?:js|css)$/.test(file) && !found.has(file));
  const weigh = (files: Iterable<string>): LoadedFile[] =>
    Array.from(files, (file) => ({
      file,
      bytes: gzipSync(readFileSync(join(root, file)), { level: 9 }).length,
    })).sort((a, b) => b.bytes - a.bytes);
  const first = weigh(found);
  return { first, later: weigh(rest), total: first.reduce((sum, { bytes }) => sum + bytes, 0) };
}
