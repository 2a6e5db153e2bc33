import * as fc from "fast-check";
import { expect, it } from "vitest";
import { parseArgv } from "./parseArgv.ts";
import { quoteArgv } from "./quoteArgv.ts";

it.each([
  [["git", "status"], "git status"],
  [["echo", "two words", ""], "echo 'two words' ''"],
  [["echo", "it's"], `echo "it's"`],
  [["echo", `'"\\`], `echo "'\\"\\\\"`],
  [["printf", "a\nb"], "printf 'a\nb'"],
])("writes %j as %s", (argv, line) => {
  expect(quoteArgv(argv)).toBe(line);
});

it("is read back as the same words, whatever they are", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary", maxLength: 30 }), { minLength: 1, maxLength: 8 }),
      (argv) => {
        expect(parseArgv(quoteArgv(argv))).toEqual({ ok: true, argv });
      },
    ),
  );
});
