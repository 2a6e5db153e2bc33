import { describe, test } from "vitest";
import { agentArgs } from "./spawnArgv.ts";

describe("an agent's arguments", () => {
  test("are none without a wish", ({ expect }) => {
    expect(agentArgs("claude", {})).toEqual([]);
  });

  test("go on with a conversation", ({ expect }) => {
    expect(agentArgs("claude", { resume: "t" })).toEqual(["--resume", "t"]);
    expect(agentArgs("codex", { resume: "t", prompt: "on" })).toEqual(["resume", "t", "--", "on"]);
  });

  test("carry a prompt that looks like an option as a prompt", ({ expect }) => {
    const prompt = "--dangerous\nand more";
    expect(agentArgs("claude", { prompt, model: "opus" })).toEqual(["--model", "opus", "--", prompt]);
    expect(agentArgs("codex", { prompt })).toEqual(["--", prompt]);
    expect(agentArgs("opencode", { prompt })).toEqual([`--prompt=${prompt}`]);
    expect(agentArgs("gemini", { prompt })).toEqual([`--prompt-interactive=${prompt}`]);
  });
});
