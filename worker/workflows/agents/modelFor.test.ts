import { expect, test } from "vitest";
import type { JobAgent } from "../../../protocol/jobs.ts";
import { modelFor } from "./modelFor.ts";

const CASES: [JobAgent, string | undefined, string | null][] = [
  ["claude", "sonnet", "sonnet"],
  ["claude", "haiku", "haiku"],
  ["claude", "opus", "opus"],
  ["claude", "claude-sonnet-4-6", "claude-sonnet-4-6"],
  ["claude", "glm-4.6", "glm-4.6"],
  ["claude", "gpt-5.5", null],
  ["claude", "inherit", null],
  ["claude", undefined, null],
  ["codex", "sonnet", null],
  ["codex", "claude-opus-4", null],
  ["codex", "gpt-5.5", "gpt-5.5"],
  ["codex", "o3", "o3"],
  ["opencode", "opus", null],
  ["opencode", "anthropic/claude-opus-4", "anthropic/claude-opus-4"],
  ["acp:gemini", "haiku", null],
  ["acp:gemini", "gemini-3-pro", "gemini-3-pro"],
  ["acp:claude", "haiku", "haiku"],
];

test.each(CASES)("%s is given of %s: %s", (provider, wanted, given) => {
  expect(modelFor(provider, wanted)).toBe(given);
});
