export type CodePiece = { text: string; kind: "plain" | "comment" | "string" | "number" | "keyword" };

type Family = { comment: string; keywords: string; string?: string };

const C_LINE = String.raw`\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)`;
const HASH_LINE = String.raw`#[^\n]*`;
const STRINGS = String.raw`"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?`;

const FAMILIES: Record<string, Family> = {
  script: {
    comment: C_LINE,
    string: STRINGS + "|`(?:[^`\\\\]|\\\\.)*`?",
    keywords:
      "abstract as async await break case catch class const continue default delete do else enum export extends false finally for from function if implements import in instanceof interface let new null of private protected public readonly return satisfies static super switch this throw true try type typeof undefined var void while with yield",
  },
  c: {
    comment: C_LINE,
    keywords:
      "auto bool break case chan char class const continue crate default defer delete do double else enum extern false final float fn for func go goto if impl import in int interface let long loop map match mod mut namespace new nil null nullptr package private protected pub public range ref return self short signed sizeof static string struct super switch template this throw throws trait true try type typedef union unsafe unsigned use using var virtual void volatile where while",
  },
  python: {
    comment: HASH_LINE,
    string: String.raw`"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|` + STRINGS,
    keywords:
      "and as assert async await break class continue def del elif else except False finally for from global if import in is lambda None nonlocal not or pass raise return self True try while with yield begin do end ensure module nil require rescue then unless until",
  },
  shell: {
    comment: String.raw`(?<=^|\s)#[^\n]*`,
    keywords:
      "if then else elif fi for in do done while until case esac function return export local set unset exit echo cd sudo",
  },
  data: { comment: String.raw`(?<=^|\s)#[^\n]*|\/\/[^\n]*`, keywords: "true false null yes no on off" },
  sql: {
    comment: String.raw`--[^\n]*|\/\*[^]*?(?:\*\/|$)`,
    keywords:
      "select from where insert into values update set delete create table index view drop alter add primary key foreign references not null unique default and or in is as join left right inner outer on group by order having limit offset union all distinct case when then else end begin commit rollback with exists between like",
  },
  css: {
    comment: String.raw`\/\*[^]*?(?:\*\/|$)`,
    keywords: "important media supports import keyframes layer",
  },
  markup: { comment: String.raw`<!--[^]*?(?:-->|$)`, keywords: "" },
};

const LANGUAGES: Record<string, keyof typeof FAMILIES> = {};
const named = (family: keyof typeof FAMILIES, names: string): void => {
  for (const name of names.split(" ")) LANGUAGES[name] = family;
};
named("script", "js javascript jsx mjs cjs ts typescript tsx mts cts");
named("c", "c h cpp cc hpp c++ cs csharp java kt kotlin go golang rs rust swift php scala dart zig");
named("python", "py python rb ruby");
named("shell", "sh bash zsh shell console fish dockerfile docker make makefile");
named("data", "json json5 jsonc yaml yml toml ini conf env properties");
named("sql", "sql");
named("css", "css scss less");
named("markup", "html xml svg vue");

/** Longer code is shown plain: nobody reads it coloured, and it is coloured anew as it comes. */
const MOST_CHARS = 50_000;

const compiled = new Map<string, RegExp>();

function patternOf(name: keyof typeof FAMILIES): RegExp | null {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const family = FAMILIES[name];
  if (family === undefined) return null;
  const words = family.keywords === "" ? "(?!)" : String.raw`\b(?:${family.keywords.replaceAll(" ", "|")})\b`;
  const flags = name === "sql" ? "gi" : "g";
  const pattern = new RegExp(
    `(?<comment>${family.comment})|(?<string>${family.string ?? STRINGS})|(?<number>\\b\\d[\\w.]*)|(?<keyword>${words})`,
    flags,
  );
  compiled.set(name, pattern);
  return pattern;
}

/** Code in pieces of a few kinds, enough to read it by. A language that is not known is plain. */
export function highlight(code: string, language: string): CodePiece[] {
  const family = Object.hasOwn(LANGUAGES, language.toLowerCase())
    ? LANGUAGES[language.toLowerCase()]
    : undefined;
  const pattern = family === undefined || code.length > MOST_CHARS ? null : patternOf(family);
  if (pattern === null) return code === "" ? [] : [{ text: code, kind: "plain" }];
  const pieces: CodePiece[] = [];
  let from = 0;
  for (const match of code.matchAll(pattern)) {
    if (match.index > from) pieces.push({ text: code.slice(from, match.index), kind: "plain" });
    const { comment, string, number } = match.groups ?? {};
    const kind =
      comment !== undefined
        ? "comment"
        : string !== undefined
          ? "string"
          : number !== undefined
            ? "number"
            : "keyword";
    pieces.push({ text: match[0], kind });
    from = match.index + match[0].length;
  }
  if (from < code.length) pieces.push({ text: code.slice(from), kind: "plain" });
  return pieces;
}

/** The language of a file, by the end of its name; empty when that says nothing. */
export function languageOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const end = name.includes(".") ? name.slice(name.lastIndexOf(".") + 1) : name;
  return Object.hasOwn(LANGUAGES, end) ? end : "";
}
