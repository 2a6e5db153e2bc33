import { expect, test } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import type { RunDefaults } from "../../../protocol/runs.ts";
import { missingPlace } from "./missingPlace.ts";

const host = newId("hst");
const whole: RunDefaults = { host, cwd: "/work", provider: "claude" };
const script = (options: string) =>
  `export const meta = { name: "x", description: "" };\nreturn await parallel([() => agent("go", ${options})]);`;

test.each<[string, RunDefaults, boolean]>([
  ["{ isolation: 'worktree' }", {}, true],
  ["{ isolation: 'worktree' }", { host, cwd: "/work" }, true],
  ["{ isolation: 'worktree' }", { ...whole, provider: "edge" }, true],
  ["{ isolation: 'worktree' }", { provider: "claude", host }, true],
  ["{ isolation: 'worktree' }", whole, false],
  ["{ isolation: 'worktree', provider: 'edge' }", whole, true],
  ["{ isolation: 'worktree', provider: 'codex', host: 'box', cwd: '/work' }", {}, false],
  ["{ isolation: 'worktree', host: args.host, cwd: '/work' }", { provider: "acp:gemini" }, false],
  ["{ label: 'isolation' }", {}, false],
  // What is only computed is refused when it is called.
  ["{ ...args, isolation: 'worktree' }", {}, false],
  ["options", {}, false],
])("%s with %o is missing something: %s", (options, defaults, missing) => {
  const found = missingPlace(script(options), defaults);
  if (missing) expect(found).toMatch(/^Line 2: .*give provider .*host and cwd/);
  else expect(found).toBe(null);
});
