import { compile, search, type JSONValue } from "@jmespath-community/jmespath";
import { Work } from "../../protocol/work.ts";

/** What expressions read; `payload` as `parsePayload` gives it. */
export type Context = { event: string | null; delivery: string; payload: JSONValue };

/** Work with its expressions filled in, or what is wrong, as a sentence. */
export type Rendered = { ok: true; work: Work } | { ok: false; message: string };

/** `{{ expression }}`; a `}}` inside a JMESPath string ends it, too. */
const EXPRESSION = /\{\{(.*?)\}\}/gs;
const ALONE = /^\s*\{\{((?:(?!\}\}).)*)\}\}\s*$/s;

/** Fills the expressions of a work's texts. What is filled in is never read for expressions again. */
export function renderWork(work: Work, context: Context): Rendered {
  try {
    const rendered = Work.safeParse(mapTexts(work, (text) => fill(text, context)));
    if (rendered.success) return { ok: true, work: rendered.data };
    const issue = rendered.error.issues[0];
    return {
      ok: false,
      message: `Filled in, ${issue?.path.join(".") ?? "it"} is not valid: ${issue?.message}.`,
    };
  } catch (error) {
    return { ok: false, message: sentence(error) };
  }
}

/** Whether a condition holds: JMESPath's own truth (false, null, and what is empty are not true). */
export function holds(
  condition: string,
  context: Context,
): { ok: true; holds: boolean } | { ok: false; message: string } {
  try {
    return { ok: true, holds: search(context, `!!(${condition})`) === true };
  } catch (error) {
    return { ok: false, message: sentence(error) };
  }
}

/** What is wrong with the expressions of a webhook; null when they can be read. */
export function problemOf({ work, condition }: { work: Work; condition: string | null }): string | null {
  try {
    if (condition !== null) compile(condition);
    mapTexts(work, (text) => {
      for (const [, expression = ""] of text.matchAll(EXPRESSION)) compile(expression.trim());
      return text;
    });
    return null;
  } catch (error) {
    return sentence(error);
  }
}

/** The texts of a work that expressions may stand in; nothing that says where or as what it runs. */
function mapTexts(work: Work, change: (text: string) => JSONValue): unknown {
  switch (work.kind) {
    case "message":
      return { ...work, text: asText(change(work.text)) };
    case "task": {
      const { title, spec } = work;
      const titled = title === undefined ? {} : { title: asText(change(title)) };
      return { ...work, ...titled, spec: { ...spec, prompt: asText(change(spec.prompt)) } };
    }
    case "workflow":
      return { ...work, args: mapValues(work.args, change) };
  }
}

/** Every text inside a value; names of fields stay. */
function mapValues(value: unknown, change: (text: string) => JSONValue): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((each) => mapValues(each, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, mapValues(each, change)]));
}

function fill(text: string, context: Context): JSONValue {
  const alone = ALONE.exec(text)?.[1];
  if (alone !== undefined) return find(alone, context);
  return text.replaceAll(EXPRESSION, (_, expression: string) => asText(find(expression, context)));
}

/** Most that one expression gives: letters, and values around them. A short one can name what is there again and again. */
const MOST_FOUND = 4 * 1024 * 1024;

function find(expression: string, context: Context): JSONValue {
  const found = search(context, expression.trim());
  const open = [found];
  let size = 0;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    size += typeof value === "string" ? value.length + 1 : 1;
    if (size > MOST_FOUND) throw new Error(`It gives more than ${MOST_FOUND} characters.`);
    if (typeof value === "object" && value !== null) for (const each of Object.values(value)) open.push(each);
  }
  return found;
}

/** A value in the middle of a text: nothing for null, a text as it is, JSON otherwise. */
function asText(value: JSONValue): string {
  return value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

function sentence(error: unknown): string {
  return `An expression cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}
