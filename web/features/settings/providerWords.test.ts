import { expect, it } from "vitest";
import { ModelProviderId, type ModelProvider } from "../../../protocol/modelSettings.ts";
import { keyWords, nameProblem } from "./providerWords.ts";

it("takes for a name what the edge takes", () => {
  for (const name of ["local", "my-box-2", "0", "a".repeat(32)]) {
    expect(nameProblem(name, [])).toBeNull();
    expect(ModelProviderId.safeParse(name).success).toBe(true);
  }
  for (const name of ["", "-a", "Local", "a b", "a/b", "a".repeat(33), "offline"]) {
    expect(nameProblem(name, [])).not.toBeNull();
    expect(ModelProviderId.safeParse(name).success).toBe(false);
  }
  expect(nameProblem("openai", [])).toContain("another provider");
  expect(nameProblem("local", ["local"])).toContain("already");
});

it("says how a key stands", () => {
  const say = (key: ModelProvider["key"]) =>
    keyWords({
      id: "x",
      kind: "compatible",
      source: "settings",
      overridden: false,
      base_url: null,
      models: "",
      key,
      updated_at: null,
      updated_by: null,
    });
  expect(say({ state: "none" })).toBe("no key");
  expect(say({ state: "set", tail: null })).toBe("key is set");
  expect(say({ state: "set", tail: "abcd" })).toBe("key is set, ends in …abcd");
  expect(say({ state: "unreadable" })).toContain("Give it again");
});
