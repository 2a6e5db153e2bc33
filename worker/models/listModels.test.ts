import { expect, it } from "vitest";
import { Model } from "../../protocol/api.ts";
import { ModelError } from "./ModelError.ts";
import { listModels } from "./listModels.ts";
import type { ModelEnv } from "./modelEnv.ts";
import { openModel } from "./openModel.ts";
import { parseModelList } from "./parseModelList.ts";

const KEYS = ["compatible-key", "openai-key", "deepseek-key", "anthropic-key"] as const;
const EVERYTHING: ModelEnv = {
  OPENAI_COMPATIBLE_BASE_URL: "http://127.0.0.1:1/v1",
  OPENAI_COMPATIBLE_API_KEY: KEYS[0],
  OPENAI_COMPATIBLE_MODELS: "qwen3:8b:32k+images,gpt-oss:20b+reasoning",
  OPENAI_API_KEY: KEYS[1],
  DEEPSEEK_API_KEY: KEYS[2],
  ANTHROPIC_API_KEY: KEYS[3],
  AI: { run: () => Promise.reject(new Error("not asked")) },
};

it("has the offline model alone when nothing is configured, or only by half", () => {
  const offline = [expect.objectContaining({ id: "offline/builtin", default: true })];
  expect(listModels({})).toEqual(offline);
  expect(listModels({ OPENAI_API_KEY: " ", ANTHROPIC_API_KEY: "", OPENAI_MODELS: "a" })).toEqual(offline);
  expect(listModels({ OPENAI_COMPATIBLE_BASE_URL: "http://x" })).toEqual(offline);
  expect(listModels({ OPENAI_COMPATIBLE_MODELS: "a" })).toEqual(offline);
});

it("lists every configured model as the protocol wants it, one of them the default", () => {
  const models = listModels(EVERYTHING);
  expect(models.map((model) => Model.parse(model))).toEqual(models);
  expect(models.filter((model) => model.default).map((model) => model.id)).toEqual(["compatible/qwen3:8b"]);
  expect(models.at(-1)?.id).toBe("offline/builtin");
  expect(models[0]).toMatchObject({ context: 32_000, images: true, reasoning: false });
  expect(models[1]).toMatchObject({ id: "compatible/gpt-oss:20b", images: false, reasoning: true });
  expect(models.find((model) => model.provider === "workers-ai")?.id).toBe(
    "workers-ai/@cf/openai/gpt-oss-120b",
  );
  expect(new Set(models.map((model) => model.id)).size).toBe(models.length);
  const chosen = listModels({ ...EVERYTHING, SIGNALBOX_MODEL: "offline/builtin" });
  expect(chosen.filter((model) => model.default).map((model) => model.id)).toEqual(["offline/builtin"]);
});

it("opens every model that it lists, and shows no key", () => {
  const shown = [JSON.stringify(listModels(EVERYTHING))];
  for (const { id } of listModels(EVERYTHING)) {
    const opened = openModel(EVERYTHING, id, "high");
    expect(opened.info.id).toBe(id);
    shown.push(JSON.stringify([opened.info, opened.effort, opened.providerOptions]));
    for (const key of KEYS) expect(opened.clean("key")).not.toContain(key);
  }
  for (const key of KEYS) expect(shown.join("\n")).not.toContain(key);
});

it("refuses a model that is not there, in words that name the ones that are", () => {
  for (const id of ["", "openai", "openai/other", "nobody/x"]) {
    expect(() => openModel(EVERYTHING, id)).toThrow(ModelError);
  }
  expect(() => openModel({}, "openai/gpt-5.5")).toThrow("There are: offline/builtin.");
  expect(() => openModel({ ...EVERYTHING, OPENAI_BASE_URL: "user:openai-key@" }, "openai/gpt-5.5")).toThrow(
    /^The address of openai is not one/,
  );
});

it("sends an effort only to models that take one", () => {
  expect(openModel(EVERYTHING, "compatible/qwen3:8b", "high").effort).toBeNull();
  expect(openModel(EVERYTHING, "compatible/gpt-oss:20b", "high").effort).toBe("high");
  expect(openModel(EVERYTHING, "openai/gpt-5.5", "high").effort).toBe("high");
  expect(openModel(EVERYTHING, "openai/gpt-5-mini", "low").effort).toBe("low");
});

const plain = { context: null, images: null, reasoning: false };
it.each([
  ["", []],
  [
    " a , ,b,a",
    [
      { ...plain, name: "a" },
      { ...plain, name: "b" },
    ],
  ],
  ["llama3:8b", [{ ...plain, name: "llama3:8b" }]],
  ["llama3:70", [{ ...plain, name: "llama3:70" }]],
  ["llama3:8b:8192", [{ ...plain, name: "llama3:8b", context: 8192 }]],
  ["a:1M+reasoning+images", [{ name: "a", context: 1_000_000, images: true, reasoning: true }]],
  ["llava+noimages", [{ ...plain, name: "llava", images: false }]],
  ["a+b:64k", [{ ...plain, name: "a+b:64k" }]],
])("reads the list %s", (list, models) => {
  expect(parseModelList(list)).toEqual(models);
});
