/** One entry of a list of models; what is null is not said. */
export type ListedModel = {
  name: string;
  context: number | null;
  images: boolean | null;
  reasoning: boolean;
};

const LEAST_CONTEXT = 1024;
const UNITS: Record<string, number> = { "": 1, k: 1000, m: 1_000_000 };

/**
 * Reads a list such as `qwen3:8b:32k+images,gpt-oss:20b`. A name may hold colons itself: only a last part that is a
 * number of tokens (at least 1024) is taken for the context window. The second entry of the same name is left out.
 */
export function parseModelList(list: string): ListedModel[] {
  const models = new Map<string, ListedModel>();
  for (const entry of list.split(",")) {
    const [head = "", ...flags] = entry.trim().split("+");
    const [, name = "", digits, unit = ""] = /^(.+):(\d+)([kKmM]?)$/.exec(head) ?? [];
    const context = digits === undefined ? 0 : Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
    // A `+` can be part of a name, as long as what follows is no flag.
    const known = flags.every((flag) => flag === "images" || flag === "noimages" || flag === "reasoning");
    const model = known && context >= LEAST_CONTEXT ? name : known ? head : entry.trim();
    if (model === "" || models.has(model)) continue;
    models.set(model, {
      name: model,
      context: known && context >= LEAST_CONTEXT ? context : null,
      images: !known || !/images/.test(flags.join()) ? null : !flags.includes("noimages"),
      reasoning: known && flags.includes("reasoning"),
    });
  }
  return [...models.values()];
}
