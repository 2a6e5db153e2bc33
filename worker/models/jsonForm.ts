/** Begins what is added to a prompt when the answer is to be JSON; the offline model looks for it. */
export const ANSWER_WITH_JSON = "Answer with one JSON object and nothing else. It fits this JSON Schema:";

/** A prompt with the form that its answer is to have. */
export function withForm(prompt: string, schema: object): string {
  return `${prompt}\n\n${ANSWER_WITH_JSON}\n${JSON.stringify(schema)}`;
}

/** What was asked, and the schema of the answer if there is one. */
export function splitForm(text: string): { words: string; schema: unknown } {
  const at = text.lastIndexOf(ANSWER_WITH_JSON);
  if (at === -1) return { words: text, schema: undefined };
  try {
    const schema: unknown = JSON.parse(text.slice(at + ANSWER_WITH_JSON.length));
    return { words: text.slice(0, at), schema };
  } catch {
    return { words: text, schema: undefined }; // somebody has only written of it
  }
}
