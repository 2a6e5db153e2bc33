import { expect, it } from "vitest";
import { cacheRate, readable, spanTitle, tokens, toolWords } from "./spanWords.ts";

const title = (
  kind: "turn" | "model" | "tool" | "approval",
  name: string,
  input: string | null,
  output: string | null = null,
) => spanTitle({ kind, name, input, output });

it("says what a span is about in one line", () => {
  expect(title("turn", "m", "\n  fix the upload\nplease")).toBe("fix the upload");
  expect(title("turn", "m", null)).toBe("");
  expect(title("model", "openai/gpt", "long words")).toBe("openai/gpt");
  expect(title("tool", "run_command", '{"argv":["git","log","a b"]}')).toBe('run_command git log "a b"');
  expect(title("tool", "run_command", '{"argv":["git","lo…')).toBe('run_command {"argv":["git","lo…');
  expect(title("tool", "command", "npm test")).toBe("command npm test");
  expect(title("tool", "list_files", "{}")).toBe("list_files");
  expect(title("approval", "run_command", "run_command ls")).toBe("needs permission");
  expect(title("approval", "run_command", "run_command ls", "denied by owner")).toBe("denied by owner");
});

it("shows JSON in lines, and anything else as it is", () => {
  expect(readable('{"path":"a"}')).toBe('{\n  "path": "a"\n}');
  expect(readable('{"path":"a…')).toBe('{"path":"a…');
  expect(readable("12")).toBe("12");
  expect(readable("[not json")).toBe("[not json");
});

it("counts in few characters", () => {
  expect([tokens(0), tokens(999), tokens(15_100), tokens(2_400_000)]).toEqual(["0", "999", "15.1K", "2.4M"]);
  expect(cacheRate({ input_tokens: 0, cached_input_tokens: 0 })).toBe(null);
  expect(cacheRate({ input_tokens: 200, cached_input_tokens: 199 })).toBe(100);
  expect(toolWords({ read_file: 1, run_command: 3 })).toBe("run_command × 3, read_file");
});
