/** Families of models that take images, by their usual names on servers of any kind. */
const FAMILIES =
  /llava|vision|pixtral|moondream|minicpm-v|internvl|molmo|[-_.:]?vl\b|\dvl\b|gemma-?3(?!n|:?-?(?:1b|270m))|llama-?4|mistral-small-?3\.[1-9]|gpt-4o|gpt-4\.1|gpt-5|\bo[34]\b|claude|gemini|kimi-k2\.[5-9]/i;

/** Whether a model takes images, as far as its name tells; a list of models can say otherwise. */
export function takesImages(name: string): boolean {
  return FAMILIES.test(name);
}
