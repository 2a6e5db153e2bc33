import { expect, it } from "vitest";
import { permissionUpdates, updateWords } from "./permissionUpdates.ts";

const RULE = {
  type: "addRules",
  rules: [{ toolName: "Bash", ruleContent: "make all" }],
  behavior: "allow",
  destination: "localSettings",
};
const DIRECTORY = { type: "addDirectories", directories: ["/work"], destination: "session" };

it("takes the rules of what Claude suggests, never another mode, a directory or what is not known", () => {
  const mode = { type: "setMode", mode: "acceptEdits", destination: "session" };
  const denial = { ...RULE, behavior: "deny" };
  expect(permissionUpdates([mode, RULE, denial, { type: "new" }, null, DIRECTORY])).toEqual([RULE]);
  expect(permissionUpdates(undefined)).toEqual([]);
});

it("says in words what would be kept, and where", () => {
  const wider = { ...RULE, rules: [{ toolName: "WebSearch" }], destination: "session" };
  expect(updateWords(permissionUpdates([RULE, wider]))).toBe(
    "Bash(make all) in the project's settings for this machine; WebSearch until it ends",
  );
  expect(updateWords([])).toBeNull();
});
