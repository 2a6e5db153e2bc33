import { expect, test } from "vitest";
import { readAnswer } from "./readAnswer.ts";
import { readSchema } from "./readSchema.ts";

const answer = (schema: object, value: unknown) => readAnswer(JSON.stringify(value), readSchema(schema));

test("what a schema says of data is no schema", () => {
  const schema = {
    type: "object",
    properties: { a: { const: { pattern: "(" } }, b: { enum: [{ pattern: "x" }] } },
  };
  expect(answer(schema, { a: { pattern: "(" }, b: { pattern: "x" } })).toMatchObject({ ok: true });
  expect(answer(schema, { a: { pattern: ")" } })).toMatchObject({ ok: false });
});

test.for(["const", "enum", "default", "pattern", "__proto__"])(
  "an expression of a property named %s is one that ends",
  (name) => {
    const properties = JSON.parse(`{"${name}":{"type":"string","pattern":"^(a+)+$"}}`) as object;
    const value = JSON.parse(`{"${name}":"${"a".repeat(60)}!"}`) as object;
    expect(answer({ type: "object", properties }, value)).toMatchObject({ ok: false });
  },
);

test("an expression that is referred to where data stands is never run as it is", () => {
  const hidden = { pattern: "^(a+)+$" };
  for (const place of ["const", "enum", "default", "examples", "unknown"]) {
    const schema = {
      type: "object",
      properties: { a: { $ref: `#/properties/b/${place}/0` }, b: { [place]: [hidden] } },
    };
    expect(answer(schema, { a: `${"a".repeat(60)}!` })).toMatchObject({ ok: false });
  }
});

test("a schema that is deep where nothing is looked at ends nothing", () => {
  const deep = JSON.parse(`${'{"x":'.repeat(8_000)}1${"}".repeat(8_000)}`) as object;
  const schema = { type: "object", description: "a", x: deep };
  expect(readAnswer("{}", schema).ok).toBeTypeOf("boolean");
});

test("a long list whose items differ is not compared without end", () => {
  const schema = { type: "object", properties: { a: { uniqueItems: true } } };
  expect(answer(schema, { a: [1, 2, 1] })).toMatchObject({ ok: false });
  expect(answer(schema, { a: Array.from({ length: 60_000 }, (_, i) => i) })).toMatchObject({
    ok: false,
    why: expect.stringMatching(/too long/),
  });
});

test("a fence that never ends is passed over", () => {
  expect(readAnswer(`\`\`\`${"\n".repeat(400_000)}`, {})).toMatchObject({ ok: false });
  expect(readAnswer('words\n```json  \n{"a": 1}\n```\nmore {', {})).toMatchObject({
    ok: true,
    value: { a: 1 },
  });
});
