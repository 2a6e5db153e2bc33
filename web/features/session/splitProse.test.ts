import { expect, it } from "vitest";
import { splitProse } from "./splitProse.ts";

it.each([
  ["", []],
  ["hello\n\nthere", [{ kind: "text", text: "hello\n\nthere" }]],
  [
    "see\n```ts\nlet a = 1;\n\nlet b;\n```\nand",
    [
      { kind: "text", text: "see" },
      { kind: "code", text: "let a = 1;\n\nlet b;" },
      { kind: "text", text: "and" },
    ],
  ],
  ["```\nopen", [{ kind: "code", text: "open" }]],
  ["```\n```", []],
])("%j", (text, parts) => {
  expect(splitProse(text)).toEqual(parts);
});
