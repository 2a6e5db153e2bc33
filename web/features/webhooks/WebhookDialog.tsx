import { useState } from "react";
import { newId } from "../../../protocol/ids.ts";
import type { Webhook, WebhookWithSecret } from "../../../protocol/webhooks.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { Field, Input, Select, Textarea } from "../../shared/ui/Field.tsx";
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
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
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
    setBusy(true);
    setError(null);
    const fields = {
      name: name.trim(),
      work,
      events: events.split(/[\s,]+/).filter(Boolean),
      condition: condition.trim() || null,
    };
    try {
      if (webhook === null) return onMade(await workApi.makeWebhook({ id, ...fields }));
      await workApi.changeWebhook(webhook.id, { ...fields, version: webhook.version });
      onDone();
    } catch (failure) {
      setBusy(false);
      setError(failureSentence(failure));
    }
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={webhook === null ? "New webhook" : "Edit the webhook"}
      testId="webhook-dialog"
      wide
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) void save();
        }}
      >
        <div className="flex flex-col gap-3 px-5 py-4">
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
              {(ids) => (
                <Input
                  {...ids}
                  className="font-mono text-[12px]"
                  autoCapitalize="off"
                  spellCheck={false}
                  value={events}
                  onChange={(event) => setEvents(event.target.value)}
                />
              )}
            </Field>
            <Field label="Only when (optional)" hint="A JMESPath expression">
              {(ids) => (
                <Textarea
                  {...ids}
                  rows={2}
                  className="font-mono text-[12px]"
                  autoCapitalize="off"
                  spellCheck={false}
                  maxLength={2000}
                  value={condition}
                  onChange={(event) => setCondition(event.target.value)}
                />
              )}
            </Field>
          </div>
          {error !== null && (
            <p role="alert" className="text-trouble-text">
              {error}
            </p>
          )}
        </div>
        <DialogFoot>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={busy || !ready} data-testid="save-webhook">
            {webhook === null ? "Make the webhook" : "Save"}
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}
