import { useId } from "react";
import { Button } from "../../../shared/ui/Button.tsx";
import { CodeTextarea, Field, Input, Select, Textarea } from "../../../shared/ui/Field.tsx";
import type { ArgField } from "./argFields.ts";
import { asForm, asJson, readArgsDraft, type ArgsDraft, type FormDraft } from "./argsDraft.ts";

type Props = { fields: ArgField[] | null; draft: ArgsDraft; onChange(draft: ArgsDraft): void };

/** Asks for a workflow's arguments: with the fields that its schema makes, or as JSON. */
export function ArgsFields({ fields, draft, onChange }: Props) {
  const form = fields === null ? null : asForm(fields, draft);
  return (
    <section aria-label="Arguments" className="flex flex-col gap-3" data-testid="args">
      {draft.mode === "form" && fields !== null ? (
        <Fields
          fields={fields}
          form={draft.form}
          path=""
          problems={problemsOf(fields, draft)}
          onChange={(next) => onChange({ ...draft, form: next })}
        />
      ) : (
        <JsonField draft={draft} isMore={fields !== null && form === null} onChange={onChange} />
      )}
      {fields !== null && (
        <Button
          look="quiet"
          className="-mt-1 -ml-2 self-start"
          disabled={draft.mode === "json" && form === null}
          onClick={() => onChange(draft.mode === "form" ? asJson(fields, draft) : (form ?? draft))}
          data-testid="args-mode"
        >
          {draft.mode === "form" ? "Write the arguments as JSON" : "Back to the fields"}
        </Button>
      )}
    </section>
  );
}

function problemsOf(fields: ArgField[], draft: ArgsDraft): ReadonlyMap<string, string> {
  const read = readArgsDraft(fields, draft);
  return read.ok ? new Map() : read.problems;
}

function JsonField({
  draft,
  isMore,
  onChange,
}: {
  draft: ArgsDraft;
  /** It says more than the fields can show. */
  isMore: boolean;
  onChange: Props["onChange"];
}) {
  const read = readArgsDraft(null, draft);
  return (
    <Field
      label="Arguments"
      hint={isMore ? "JSON. The fields cannot show all of this." : "JSON, as the script reads them from args"}
      error={read.ok ? null : "This is not JSON."}
    >
      {(ids) => (
        <CodeTextarea
          {...ids}
          rows={6}
          value={draft.text}
          onChange={(event) => onChange({ ...draft, text: event.target.value })}
          data-testid="run-args"
        />
      )}
    </Field>
  );
}

type FieldsProps = {
  fields: ArgField[];
  form: FormDraft;
  path: string;
  problems: ReadonlyMap<string, string>;
  onChange(form: FormDraft): void;
};

function Fields({ fields, form, path, problems, onChange }: FieldsProps) {
  return fields.map((field) => {
    const at = `${path}/${field.name}`;
    const typed = form[field.name];
    const set = (value: FormDraft[string]): void => onChange({ ...form, [field.name]: value });
    if (field.kind === "group")
      return (
        <fieldset key={field.name} className="flex flex-col gap-3 rounded-base border border-line p-3">
          <legend className="px-1 font-medium">{field.label}</legend>
          {field.hint !== undefined && <p className="-mt-1 text-small text-muted">{field.hint}</p>}
          <Fields
            fields={field.fields}
            form={typeof typed === "object" ? typed : {}}
            path={at}
            problems={problems}
            onChange={set}
          />
        </fieldset>
      );
    if (field.kind === "boolean")
      return <Tick key={field.name} field={field} on={typed === true} onChange={set} path={at} />;
    const text = typeof typed === "string" ? typed : "";
    // What is missing is known by its label; a field is not scolded before anybody has typed.
    const problem = text === "" ? null : (problems.get(at) ?? null);
    return (
      <Field
        key={field.name}
        label={field.required ? field.label : `${field.label} (optional)`}
        hint={
          field.kind === "texts" ? `${field.hint ?? ""}${field.hint ? ". " : ""}One on each line` : field.hint
        }
        error={problem}
      >
        {(ids) => (
          <Control field={field} text={text} onChange={set} ids={{ ...ids, "data-testid": `arg${at}` }} />
        )}
      </Field>
    );
  });
}

function Tick({
  field,
  on,
  onChange,
  path,
}: {
  field: ArgField;
  on: boolean;
  onChange(on: boolean): void;
  path: string;
}) {
  const note = useId();
  return (
    <div className="flex flex-col">
      <label className="flex min-h-8 items-center gap-2 font-medium touch:min-h-11">
        <input
          type="checkbox"
          checked={on}
          aria-describedby={note}
          onChange={(event) => onChange(event.target.checked)}
          data-testid={`arg${path}`}
        />
        {field.label}
      </label>
      <p id={note} className="text-small text-muted">
        {field.hint}
      </p>
    </div>
  );
}

function Control({
  field,
  text,
  onChange,
  ids,
}: {
  field: Exclude<ArgField, { kind: "group" | "boolean" }>;
  text: string;
  onChange(text: string): void;
  ids: { id: string; "aria-describedby": string; "aria-invalid": boolean; "data-testid": string };
}) {
  const common = {
    ...ids,
    value: text,
    required: field.required,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  switch (field.kind) {
    case "text":
      return field.multiline ? <Textarea {...common} rows={3} /> : <Input {...common} />;
    case "texts":
      return <Textarea {...common} rows={3} />;
    case "json":
      return <CodeTextarea {...common} rows={3} placeholder="JSON" />;
    case "number":
      return <Input {...common} inputMode={field.integer ? "numeric" : "decimal"} />;
    case "choice":
      return (
        <Select {...common}>
          {(!field.required || !field.options.some((each) => String(each) === text)) && (
            <option value="">{field.required ? "Choose" : "Not said"}</option>
          )}
          {field.options.map((option) => (
            <option key={option} value={String(option)}>
              {option}
            </option>
          ))}
        </Select>
      );
  }
}
