import { useMemo, useState } from "react";
import type { Approval } from "../../../protocol/approvals.ts";
import { DiffText } from "../../shared/code/DiffText.tsx";
import { Button } from "../../shared/ui/Button.tsx";
import { Field, Input, Select, Textarea } from "../../shared/ui/Field.tsx";
import {
  AS_JSON,
  draftOf,
  fieldsOf,
  inputText,
  parseInput,
  readInput,
  type InputDraft,
  type InputField,
} from "./inputFields.ts";
import { fieldName } from "./ToolInput.tsx";

const NOTHING: Record<string, unknown> = {};

/** Allows a call with another input than it asked for, and shows what differs. */
export function EditPanel({
  approval,
  busy,
  onAllow,
  onBack,
}: {
  approval: Approval;
  busy: boolean;
  onAllow(input: Record<string, unknown>): void;
  onBack(): void;
}) {
  const original = useMemo(() => parseInput(approval.input) ?? NOTHING, [approval.input]);
  const [draft, setDraft] = useState<InputDraft>(() => draftOf(approval.tool, original));
  const fields = fieldsOf(approval.tool);
  const read = useMemo(() => readInput(approval.tool, draft), [approval.tool, draft]);
  const errors = read.ok ? {} : read.errors;
  const before = inputText(original);
  const after = read.ok ? inputText(read.input) : before;
  const set = (name: string) => (value: string) => setDraft((old) => ({ ...old, [name]: value }));

  return (
    <form
      className="flex flex-col gap-3"
      data-testid="edit-input"
      onSubmit={(event) => {
        event.preventDefault();
        if (read.ok && after !== before) onAllow(read.input);
      }}
    >
      {fields === null ? (
        <Field label="Input, as JSON" error={errors[AS_JSON] ?? null}>
          {(ids) => (
            <Textarea
              {...ids}
              rows={6}
              autoFocus
              spellCheck={false}
              className="font-mono text-[12px]"
              value={draft[AS_JSON] ?? ""}
              onChange={(event) => set(AS_JSON)(event.target.value)}
            />
          )}
        </Field>
      ) : (
        fields.map((field, index) => (
          <FieldEditor
            key={field.name}
            field={field}
            first={index === 0}
            value={draft[field.name] ?? ""}
            error={errors[field.name] ?? null}
            onChange={set(field.name)}
          />
        ))
      )}
      {read.ok && after !== before && (
        <div className="overflow-hidden rounded-base border border-line">
          <DiffText before={before} after={after} label="What you changed" />
        </div>
      )}
      <div className="flex items-center justify-end gap-2">
        <Button look="quiet" onClick={onBack}>
          Back
        </Button>
        <Button
          type="submit"
          look="primary"
          disabled={busy || !read.ok || after === before}
          data-testid="allow-edited"
        >
          Allow with this input
        </Button>
      </div>
    </form>
  );
}

function FieldEditor({
  field,
  value,
  error,
  first,
  onChange,
}: {
  field: InputField;
  value: string;
  error: string | null;
  first: boolean;
  onChange(value: string): void;
}) {
  const { name, kind, optional, hint } = field;
  return (
    <Field
      label={`${fieldName(name)}${optional ? " (optional)" : ""}`.replace(/^./, (sign) => sign.toUpperCase())}
      hint={hint}
      error={error}
    >
      {(ids) =>
        kind === "flag" ? (
          <Select {...ids} value={value} onChange={(event) => onChange(event.target.value)}>
            {optional && <option value="">As usual</option>}
            <option value="true">Yes</option>
            <option value="false">No</option>
          </Select>
        ) : kind === "number" ? (
          <Input
            {...ids}
            inputMode="numeric"
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        ) : (
          <Textarea
            {...ids}
            rows={1}
            autoFocus={first}
            autoCapitalize="off"
            spellCheck={false}
            data-testid={`edit-${name}`}
            className="field-sizing-content max-h-72 min-h-8 font-mono text-[12px]"
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        )
      }
    </Field>
  );
}
