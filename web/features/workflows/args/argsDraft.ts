import { argFields, type ArgField } from "./argFields.ts";

/** What was typed into the fields of a form, by their names: text, a tick, or the fields within. */
export type FormDraft = { [name: string]: string | boolean | FormDraft };

/** A workflow's arguments as they are typed, into fields or as JSON; each shows what was typed into the other. */
export type ArgsDraft = {
  mode: "form" | "json";
  form: FormDraft;
  /** What the JSON said that no field asks for. */
  rest: Record<string, unknown>;
  text: string;
};

/** Arguments, or what is wrong with them: by the path of a field, or (of JSON) as a whole. */
export type ReadArgs = { ok: true; value: unknown } | { ok: false; problems: ReadonlyMap<string, string> };

/** The fields of a schema, filled with what is usual; without a schema that fields can show, JSON. */
export function newArgs(schema: unknown): { fields: ArgField[] | null; draft: ArgsDraft } {
  const fields = argFields(schema);
  const form = fields === null ? {} : toForm(fields, presetsOf(fields));
  return { fields, draft: { mode: fields === null ? "json" : "form", form, rest: {}, text: "{}" } };
}

/** What is typed, as arguments. */
export function readArgsDraft(fields: ArgField[] | null, draft: ArgsDraft): ReadArgs {
  if (draft.mode === "json" || fields === null) return readText(draft.text);
  const problems = new Map<string, string>();
  const value = { ...draft.rest, ...readForm(fields, draft.form, "", problems) };
  return problems.size === 0 ? { ok: true, value } : { ok: false, problems };
}

/** Shows the same as JSON; what is wrong in a field is left out of it. */
export function asJson(fields: ArgField[], draft: ArgsDraft): ArgsDraft {
  const value = { ...draft.rest, ...readForm(fields, draft.form, "", new Map()) };
  return { ...draft, mode: "json", text: JSON.stringify(value, null, 2) };
}

/** Shows the same in fields; null when they cannot show all of it. What is not in it stays empty. */
export function asForm(fields: ArgField[], draft: ArgsDraft): ArgsDraft | null {
  const read = readText(draft.text);
  if (!read.ok || (read.value !== null && !isObject(read.value))) return null;
  const value = read.value ?? {};
  const asked = new Set(fields.map(({ name }) => name));
  const rest = Object.fromEntries(Object.entries(value).filter(([name]) => !asked.has(name)));
  const form = toForm(fields, value);
  const shown = { ...rest, ...readForm(fields, form, "", new Map()) };
  return isSame(value, shown) ? { ...draft, mode: "form", form, rest } : null;
}

function readText(text: string): ReadArgs {
  try {
    return { ok: true, value: text.trim() === "" ? null : JSON.parse(text) };
  } catch {
    return { ok: false, problems: new Map([["", "This is not JSON."]]) };
  }
}

function presetsOf(fields: ArgField[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.map((field) => [
      field.name,
      field.preset ?? (field.kind === "group" ? presetsOf(field.fields) : undefined),
    ]),
  );
}

function toForm(fields: ArgField[], value: Record<string, unknown>): FormDraft {
  return Object.fromEntries(
    fields.map((field) => {
      const given = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
      if (field.kind === "group") return [field.name, toForm(field.fields, isObject(given) ? given : {})];
      if (field.kind === "boolean") return [field.name, given === true];
      return [field.name, toText(field, given)];
    }),
  );
}

function toText({ kind }: ArgField, given: unknown): string {
  if (given === undefined) return "";
  if (kind === "texts" && Array.isArray(given)) return given.map(String).join("\n");
  if (kind === "json") return JSON.stringify(given, null, 2);
  return typeof given === "string" ? given : JSON.stringify(given);
}

/** What fields say. What is empty and not needed is left out; `problems` gets what is wrong, by path. */
function readForm(
  fields: ArgField[],
  form: FormDraft,
  path: string,
  problems: Map<string, string>,
): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const field of fields) {
    const read = readField(field, form[field.name], `${path}/${field.name}`, problems);
    if (read !== undefined) value[field.name] = read;
  }
  return value;
}

function readField(
  field: ArgField,
  typed: FormDraft[string] | undefined,
  path: string,
  problems: Map<string, string>,
): unknown {
  if (field.kind === "boolean") {
    if (typed === true) return true;
    return field.required || field.preset !== undefined ? false : undefined;
  }
  if (field.kind === "group") {
    const inner = new Map<string, string>();
    const value = readForm(field.fields, typeof typed === "object" ? typed : {}, path, inner);
    if (!field.required && Object.keys(value).length === 0 && isEmpty(typed)) return undefined;
    for (const [at, problem] of inner) problems.set(at, problem);
    return value;
  }
  const text = typeof typed === "string" ? typed : "";
  if (text.trim() === "") {
    if (field.required) problems.set(path, "It is needed.");
    return undefined;
  }
  const read = parse(field, text);
  if (read.ok) return read.value;
  problems.set(path, read.problem);
  return undefined;
}

type Parsed = { ok: true; value: unknown } | { ok: false; problem: string };

function parse(field: Exclude<ArgField, { kind: "group" | "boolean" }>, text: string): Parsed {
  switch (field.kind) {
    case "text":
      return { ok: true, value: text };
    case "texts":
      return {
        ok: true,
        value: text
          .split("\n")
          .map((line) => line.trim())
          .filter((line) => line !== ""),
      };
    case "choice":
      return { ok: true, value: field.options.find((option) => String(option) === text) ?? text };
    case "json": {
      const read = readText(text);
      return read.ok ? read : { ok: false, problem: "This is not JSON." };
    }
    case "number": {
      const value = Number(text);
      const { integer, least = -Infinity, most = Infinity } = field;
      if (!Number.isFinite(value)) return { ok: false, problem: "This is not a number." };
      if (integer && !Number.isInteger(value)) return { ok: false, problem: "A whole number, please." };
      if (value < least) return { ok: false, problem: `At least ${least}.` };
      return value > most ? { ok: false, problem: `At most ${most}.` } : { ok: true, value };
    }
  }
}

function isEmpty(typed: FormDraft[string] | undefined): boolean {
  if (typeof typed !== "object") return typed === undefined || typed === "" || typed === false;
  return Object.values(typed).every(isEmpty);
}

/** Equal as JSON is; an untouched tick is as good as `false`, and untouched fields within are as good as `{}`. */
function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => isSame(each, b[index]));
  if (!isObject(a) || !isObject(b)) return a === b || (isUntouched(a) && isUntouched(b));
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => isSame(a[name], b[name]));
}

function isUntouched(value: unknown): boolean {
  return value === undefined || value === false || (isObject(value) && Object.keys(value).length === 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
