import { describe, test } from "vitest";
import { agentArgs, unknownWish } from "./spawnArgv.ts";

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

  test("go on with a conversation, in a mode", ({ expect }) => {
    const wish = { resume: "0b51b2d6", prompt: "-go on", model: "m" };
    const words = (agent: "claude" | "codex", mode: string) => agentArgs(agent, { ...wish, mode }).join(" ");
    expect(words("claude", "plan")).toBe("--resume 0b51b2d6 --model m --permission-mode plan -- -go on");
    expect(words("codex", "read-only")).toBe("resume 0b51b2d6 --model m --sandbox read-only -- -go on");
    expect(unknownWish("claude", { mode: "yolo" })).toMatch(/claude has no mode yolo; it has plan/);
    expect(unknownWish("opencode", { mode: "plan" })).toBe("opencode has no mode plan.");
    expect(unknownWish("codex", { mode: "read-only" })).toBeNull();
  });
});
