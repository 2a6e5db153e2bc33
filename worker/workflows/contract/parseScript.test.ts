import { describe, expect, test } from "vitest";
import { parseScript } from "./parseScript.ts";
import { ScriptProblem } from "./ScriptProblem.ts";

const META = 'export const meta = { name: "x", description: "y" };';

function problemOf(script: string): { line: number; message: string } {
  try {
    parseScript(script);
  } catch (error) {
    if (error instanceof ScriptProblem) return { line: error.line, message: error.message };
    throw error;
  }
  throw new Error("it was read");
}

describe("meta", () => {
  test("is read without running anything", () => {
    const { meta } = parseScript(
      `// words before it\nexport const meta = { 'name': "a-b", description: \`c\`, phases: [{ title: "d", detail: "e" }], more: [-1, null, true] };\nreturn 1;`,
    );
    expect(meta).toEqual({ name: "a-b", description: "c", phases: [{ title: "d", detail: "e" }] });
  });

  test("is taken as Claude Code takes it: what is wrong beside name and description does not count", () => {
    const long = "x".repeat(5000);
    const { meta } = parseScript(
      `export const meta = { name: "Of several words", description: "${long}", whenToUse: 5, phases: ["no", { title: "${long}", detail: 1, model: "m" }, { detail: "none" }, null] };`,
    );
    expect(meta).toEqual({
      name: "Of several words",
      description: long.slice(0, 2000),
      phases: [{ title: long.slice(0, 200), model: "m" }],
    });
    const words = 'export const meta = { name: "x", description: "y", phases: "none", args: "a question" };';
    expect(parseScript(words).meta).toEqual({ name: "x", description: "y" });
  });

  test.for([
    ["", 1, /begins with/],
    ["return 1;", 1, /begins with/],
    [`const a = 1;\n${META}`, 1, /begins with/],
    ["export let meta = {};", 1, /begins with/],
    ["export const meta = make();", 1, /written out/],
    ['export const meta = {\n  name: "x",\n  description: words() };', 3, /without running/],
    ['export const meta = {\n  name: `a${1}`, description: "" };', 2, /without running/],
    ['export const meta = { ...rest, name: "x", description: "" };', 1, /without running/],
    ['export const meta = { get name() { return "x" }, description: "" };', 1, /without running/],
    ['export const meta = { name: "x" };', 1, /meta.description/],
    ['export const meta = { name: "x", description: "", args: { type: "text" } };', 1, /meta.args: type is/],
    [
      'export const meta = { name: "x", description: "", args: { enum: [] } };',
      1,
      /meta.args: nothing could/,
    ],
    ['export const meta = { name: "no/good", description: "" };', 1, /meta.name/],
    ['export const meta = { name: "no\\ngood", description: "" };', 1, /meta.name/],
    ['export const meta = { name: " no good", description: "" };', 1, /meta.name/],
    [`${META}\n\nconst a = ;`, 3, /Unexpected token/],
    [`${META}\nimport a from "b";`, 2, /cannot import/],
    [`${META}\nexport default 1;`, 2, /exports meta alone/],
    [`${META}\n// ok\nawait import("a");`, 3, /cannot import/],
    [`${META}\n${"(".repeat(200_000)}`, 1, /nested too deeply|Not enough stack space/],
    [`${META}${" ".repeat(300_000)}`, 1, /at most/],
  ] as const)("of script %# is refused with its line", ([script, line, message]) => {
    const problem = problemOf(script);
    expect(problem.message).toMatch(message);
    if (line !== 1) expect(problem.line).toBe(line);
  });
});

test("every loop and function is counted, and lines stay where they are", () => {
  const { module } = parseScript(
    `${META}\nfor (;;) a();\nwhile (b) { c(); }\nconst f = (d) => ({ d });\nconst g = async () => [...h];\nfunction k() {}\nclass L { m() {} }`,
  );
  const lines = module
    .split("\n")
    .map((line) => line.replaceAll(/__signalbox_/g, "").replaceAll(/tick\(\d+\)/g, "T"));
  expect(lines.slice(1, 7)).toEqual([
    "for (;;) {T;a();}",
    "while (b) {T; c(); }",
    "const f = (d) => ((T,{ d }));",
    "const g = async () => (T,[...spread(h)]);",
    "function k() {T;}",
    "class L { m() {T;} }}".slice(0, -1),
  ]);
});
