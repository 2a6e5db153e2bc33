import { describe, expect, it } from "vitest";
import { coverage, isOver, patternProblem, RULE_TOOLS } from "./ruleWords.ts";

describe("a rule in words", () => {
  it("says what it covers", () => {
    const rule = { tool: "run_command", pattern: "run_command git" };
    expect(coverage(rule)).toEqual({ how: "Begins with", line: "run_command git" });
    expect(coverage({ ...rule, pattern: "run_command" })).toEqual({
      how: "Every call of",
      line: "run_command",
    });
    expect(coverage({ ...rule, pattern: null, summary: "run_command ls" })).toEqual({
      how: "Exactly",
      line: "run_command ls",
    });
    expect(coverage({ ...rule, pattern: null }).line).toBe("run_command, one input");
  });

  it("is for tools that ask", () => {
    expect(RULE_TOOLS).toContain("run_command");
    expect(RULE_TOOLS).not.toContain("read_file");
  });

  it("says when a pattern could never match", () => {
    for (const pattern of ["run_command", "run_command git", "run_command "])
      expect(patternProblem("run_command", pattern)).toBeNull();
    for (const pattern of ["", "  ", "git", "run_commands", "write_file x"])
      expect(patternProblem("run_command", pattern)).not.toBeNull();
  });

  it("is over at its time", () => {
    expect(isOver({ expires_at: null }, 5)).toBe(false);
    expect(isOver({ expires_at: 6 }, 5)).toBe(false);
    expect(isOver({ expires_at: 5 }, 5)).toBe(true);
  });
});
