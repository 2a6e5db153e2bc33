const TOKEN_CHARACTERS = 4;
/** Caches work in blocks of this many tokens. */
const BLOCK_TOKENS = 128;
const KEPT_PROMPTS = 50;

export type PromptCache = {
  /** Tokens of a prompt, and how many of them an earlier prompt began with. */
  count(prompt: string): { input: number; cached: number };
};

/**
 * Counts cached tokens as a model server does: by the longest prefix shared with an earlier request.
 * A client that changes the beginning of its prompt from request to request shows up by this.
 */
export function createPromptCache(): PromptCache {
  const prompts: string[] = [];
  return {
    count(prompt) {
      const shared = Math.max(0, ...prompts.map((earlier) => commonPrefix(earlier, prompt)));
      prompts.push(prompt);
      if (prompts.length > KEPT_PROMPTS) prompts.shift();
      return {
        input: tokensOf(prompt),
        cached: Math.floor(shared / TOKEN_CHARACTERS / BLOCK_TOKENS) * BLOCK_TOKENS,
      };
    },
  };
}

/** Tokens of a text, near enough. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / TOKEN_CHARACTERS);
}

function commonPrefix(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
