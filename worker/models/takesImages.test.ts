import { expect, it } from "vitest";
import { takesImages } from "./takesImages.ts";

it.each([
  "llava:13b",
  "qwen2.5vl:7b",
  "qwen3-vl:8b",
  "gemma3:12b",
  "llama4:scout",
  "@cf/meta/llama-3.2-11b-vision-instruct",
  "openai/gpt-4o-mini",
  "anthropic/claude-sonnet-5-5",
])("%s takes images", (name) => expect(takesImages(name)).toBe(true));

it.each([
  "qwen3-coder:30b",
  "gpt-oss:20b",
  "gemma3:1b",
  "llama3.3",
  "deepseek-v4-pro",
  "devstral",
  "mistral-small",
])("%s takes none that anybody knows of", (name) => expect(takesImages(name)).toBe(false));
