import { useState } from "react";
import { newId } from "../../../protocol/ids.ts";
import type { Webhook, WebhookWithSecret } from "../../../protocol/webhooks.ts";
import { CodeInput, CodeTextarea, Field, Input, Select } from "../../shared/ui/Field.tsx";
import { FormDialog } from "../../shared/ui/FormDialog.tsx";
import { draftOf, workOf } from "../work/workDraft.ts";
import { WorkFields } from "../work/WorkFields.tsx";
import { workApi } from "../work/workApi.ts";
import { PRESETS } from "./presets.ts";

/** Makes a webhook, or changes one. */
export function WebhookDialog({
  webhook,
  onClose,
  onDone,
  onMade,
}: {
  webhook: Webhook | null;
  onClose(): void;
  onDone(): void;
  onMade(made: WebhookWithSecret): void;
}) {
  const [name, setName] = useState(webhook?.name ?? "");
  const [preset, setPreset] = useState("blank");
  const [events, setEvents] = useState(webhook?.events.join(", ") ?? "");
  const [condition, setCondition] = useState(webhook?.condition ?? "");
  const [draft, setDraft] = useState(() => draftOf(webhook?.work ?? null));
  const [id] = useState(() => newId("whk"));
  const work = workOf(draft);
  const ready = name.trim() !== "" && work !== null;

  function choose(wanted: string): void {
    setPreset(wanted);
    const found = PRESETS.find((each) => each.id === wanted);
    if (found === undefined) return;
    setEvents(found.events.join(", "));
    setCondition(found.condition ?? "");
    setDraft((before) => ({ ...before, text: found.text }));
    if (name.trim() === "" && found.id !== "blank") setName(found.label);
  }

  async function save(): Promise<void> {
    if (work === null) return;
    const fields = {
      name: name.trim(),
      work,
      events: events.split(/[\s,]+/).filter(Boolean),
      condition: condition.trim() || null,
    };
    if (webhook === null) return onMade(await workApi.makeWebhook({ id, ...fields }));
    await workApi.changeWebhook(webhook.id, { ...fields, version: webhook.version });
    onDone();
  }

  return (
    <FormDialog
      onClose={onClose}
      title={webhook === null ? "New webhook" : "Edit the webhook"}
      testId="webhook-dialog"
      wide
      submit={webhook === null ? "Make the webhook" : "Save"}
      submitTestId="save-webhook"
      ready={ready}
      onSubmit={save}
    >
      {webhook === null && (
        <Field label="What comes">
          {(ids) => (
            <Select
              {...ids}
              value={preset}
              onChange={(event) => choose(event.target.value)}
              data-testid="webhook-preset"
            >
              {PRESETS.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.label}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      <Field label="Name">
        {(ids) => (
          <Input
            {...ids}
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.target.value)}
            data-testid="webhook-name"
          />
        )}
      </Field>
      <WorkFields
        draft={draft}
        onChange={setDraft}
        hint="{{payload.…}} stands for what was sent: a JMESPath expression over payload, event and delivery."
      />
      <div className="grid grid-cols-2 gap-3 phone:grid-cols-1">
        <Field label="Only these events (optional)" hint="GitHub’s names, separated by commas">
          {(ids) => <CodeInput {...ids} value={events} onChange={(event) => setEvents(event.target.value)} />}
        </Field>
        <Field label="Only when (optional)" hint="A JMESPath expression">
          {(ids) => (
            <CodeTextarea
              {...ids}
              rows={2}
              maxLength={2000}
              value={condition}
              onChange={(event) => setCondition(event.target.value)}
            />
          )}
        </Field>
      </div>
    </FormDialog>
  );
}
