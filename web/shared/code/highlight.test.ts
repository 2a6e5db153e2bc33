import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { highlight, languageOf } from "./highlight.ts";

const told = (code: string, language: string): string[] =>
  highlight(code, language)
    .filter(({ kind }) => kind !== "plain")
    .map(({ kind, text }) => `${kind} ${text}`);

describe("code", () => {
  it.each<[string, string, string[]]>([
    ["ts", `const a = "x"; // 1`, ["keyword const", `string "x"`, "comment // 1"]],
    ["TS", "let a = `t` + 2.5", ["keyword let", "string `t`", "number 2.5"]],
    ["python", `def f(): # "no"`, ["keyword def", `comment # "no"`]],
    ["bash", "for x in $(ls) # all", ["keyword for", "keyword in", "comment # all"]],
    ["sql", "SELECT 1 -- one", ["keyword SELECT", "number 1", "comment -- one"]],
    ["json", `{"a": true}`, [`string "a"`, "keyword true"]],
    ["ts", `"still open`, [`string "still open`]],
    ["ts", "/* still open", ["comment /* still open"]],
    ["nothing-known", "const a", []],
    ["constructor", "const a", []],
    ["", "const a", []],
  ])("in %s: %s", (language, code, expected) => {
    expect(told(code, language)).toEqual(expected);
  });

  it("is all there in every language", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."\"'`/*#-<>! \nab1\\".split("")), maxLength: 60 }),
        fc.constantFrom("ts", "go", "py", "sh", "json", "sql", "css", "html", "x"),
        (code, language) => {
          expect(
            highlight(code, language)
              .map(({ text }) => text)
              .join(""),
          ).toBe(code);
        },
      ),
    );
  });

  it("is read soon, however hostile", () => {
    const began = performance.now();
    for (const sign of ['"', "'", "`", "/*", "\\", "#", "<!--"]) highlight(sign.repeat(20_000), "ts");
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

it.each([
  ["/a/b.test.ts", "ts"],
  ["Makefile", "makefile"],
  ["notes", ""],
  ["x.unknown", ""],
])("a file %s is %s", (path, language) => {
  expect(languageOf(path)).toBe(language);
});
