import type { ModelProvider, ModelProviderKind } from "../../../protocol/modelSettings.ts";

/** What each kind of provider is called, and what its fields take. */
export const PROVIDER_WORDS: Record<
  ModelProviderKind,
  { name: string; about: string; address: string; models: string }
> = {
  anthropic: {
    name: "Anthropic",
    about: "Claude, with a key of Anthropic's console.",
    address: "https://api.anthropic.com",
    models: "claude-opus-5-5,claude-sonnet-5-5",
  },
  openai: {
    name: "OpenAI",
    about: "GPT, with a key of OpenAI's platform.",
    address: "https://api.openai.com/v1",
    models: "gpt-5.5,gpt-5-mini",
  },
  deepseek: {
    name: "DeepSeek",
    about: "DeepSeek, with a key of its platform.",
    address: "https://api.deepseek.com",
    models: "deepseek-flash:1M+images",
  },
  compatible: {
    name: "OpenAI-compatible",
    about: "A server of your own, or any other: Ollama, vLLM, llama.cpp, a gateway.",
    address: "http://127.0.0.1:11434/v1",
    models: "qwen3-coder:30b:64k,gpt-oss:20b:128k+reasoning",
  },
  "workers-ai": {
    name: "Workers AI",
    about: "Cloudflare's models, by the binding of this deployment.",
    address: "",
    models: "@cf/openai/gpt-oss-120b:128k+reasoning",
  },
};

/** How a key stands, never what it is. */
export function keyWords({ key }: ModelProvider): string {
  if (key.state === "none") return "no key";
  if (key.state === "unreadable") return "The key cannot be read any more. Give it again.";
  return key.tail === null ? "key is set" : `key is set, ends in …${key.tail}`;
}

/** What is wrong with the name of a compatible server; null when nothing is. */
export function nameProblem(name: string, taken: readonly string[]): string | null {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name))
    return "A name has small letters, digits and hyphens, 32 at most.";
  if (name === "offline" || (name in PROVIDER_WORDS && name !== "compatible"))
    return `${name} is the name of another provider.`;
  return taken.includes(name) ? `There is a provider called ${name} already.` : null;
}
