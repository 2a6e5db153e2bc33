import { describe, expect, it } from "vitest";
import { asForm, asJson, newArgs, readArgsDraft, type ArgsDraft } from "./argsDraft.ts";

const SCHEMA = {
  type: ["object", "string"],
  required: ["task", "place"],
  properties: {
    task: { type: "string", format: "multiline", title: "What to do" },
    rounds: { type: "integer", minimum: 1, maximum: 5, default: 3 },
    share: { type: "number" },
    deep: { type: "boolean" },
    how: { enum: ["fast", "well", 3] },
    sides: { type: "array", items: { type: "string" } },
    place: { type: "object", properties: { host: { type: "string" }, n: { type: "integer" } } },
    shapes: { type: "array", items: { type: "object" } },
  },
};

const { fields, draft } = newArgs(SCHEMA);
const shown = fields ?? [];
const typed = (form: ArgsDraft["form"]): ArgsDraft => ({ ...draft, form: { ...draft.form, ...form } });
const problemsOf = (given: ArgsDraft) => {
  const read = readArgsDraft(fields, given);
  return read.ok ? null : Object.fromEntries(read.problems);
};

describe("the form for arguments", () => {
  it("has a field for each kind, with what is usual in it", () => {
    expect(shown.map(({ kind }) => kind)).toEqual([
      "text",
      "number",
      "number",
      "boolean",
      "choice",
      "texts",
      "group",
      "json",
    ]);
    expect(draft).toMatchObject({ mode: "form", form: { task: "", rounds: "3", deep: false } });
    expect(shown[0]).toMatchObject({ label: "What to do", required: true, multiline: true });
  });

  it("says what is missing and what is wrong, where it is", () => {
    expect(problemsOf(draft)).toEqual({ "/task": "It is needed." });
    expect(
      problemsOf(
        typed({ task: "x", rounds: "7", share: "half", shapes: "[", place: { host: "", n: "1.5" } }),
      ),
    ).toEqual({
      "/rounds": "At most 5.",
      "/share": "This is not a number.",
      "/shapes": "This is not JSON.",
      "/place/n": "A whole number, please.",
    });
  });

  it("gives what was typed with its type, and leaves out what is empty", () => {
    expect(readArgsDraft(fields, typed({ task: "go" }))).toEqual({
      ok: true,
      value: { task: "go", rounds: 3, place: {} },
    });
    const all = { share: "0.5", deep: true, how: "3", sides: " a\n\nb ", shapes: "[{}]" };
    expect(readArgsDraft(fields, typed({ task: "go", ...all, place: { host: "h", n: "2" } }))).toEqual({
      ok: true,
      value: {
        task: "go",
        rounds: 3,
        share: 0.5,
        deep: true,
        how: 3,
        sides: ["a", "b"],
        place: { host: "h", n: 2 },
        shapes: [{}],
      },
    });
  });

  it("keeps what was typed when it is looked at as JSON and back, also what no field asks for", () => {
    const json = asJson(shown, typed({ task: "go", deep: true }));
    expect(json.mode).toBe("json");
    const more = { ...json, text: json.text.replace("{", '{"extra": [1],') };
    const back = asForm(shown, more);
    expect(back).toMatchObject({ mode: "form", form: { task: "go", deep: true }, rest: { extra: [1] } });
    expect(readArgsDraft(fields, back ?? draft)).toMatchObject({
      value: { task: "go", rounds: 3, extra: [1] },
    });
  });

  it("stays JSON when the fields could not show all of it", () => {
    for (const text of ['"words"', "{", '{"rounds": "x"}', '{"place": {"other": 1}}', '{"sides": [[1]]}'])
      expect(asForm(shown, { ...draft, mode: "json", text })).toBeNull();
    expect(asForm(shown, { ...draft, mode: "json", text: '{"deep": false}' })).not.toBeNull();
  });

  it("is only JSON for what fields cannot show", () => {
    for (const schema of [undefined, "x", {}, { type: "string" }, { type: "array", properties: { a: {} } }]) {
      const { fields: none, draft: only } = newArgs(schema);
      expect([none, only.mode]).toEqual([null, "json"]);
      expect(readArgsDraft(none, { ...only, text: " " })).toEqual({ ok: true, value: null });
      expect(readArgsDraft(none, { ...only, text: "{" }).ok).toBe(false);
    }
  });
});
