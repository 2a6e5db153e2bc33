import { useState, type FormEvent } from "react";
import type { ModelProvider, ModelProviderKind, ModelSettings } from "../../../protocol/modelSettings.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { Field, Input } from "../../shared/ui/Field.tsx";
import { nameProblem, PROVIDER_WORDS } from "./providerWords.ts";
import { settingsApi } from "./settingsApi.ts";

type Props = {
  kind: ModelProviderKind;
  /** The one that is changed; null for a new one. */
  provider: ModelProvider | null;
  taken: readonly string[];
  onClose(): void;
  onSaved(settings: ModelSettings, id: string): void;
};

/** Adds or changes a provider. A key that is there is never shown: it is kept, replaced or taken away. */
export function ProviderDialog({ kind, provider, taken, onClose, onSaved }: Props) {
  const words = PROVIDER_WORDS[kind];
  const [name, setName] = useState(provider?.id ?? (kind === "compatible" ? "local" : kind));
  const [address, setAddress] = useState(provider?.base_url ?? "");
  const [models, setModels] = useState(provider?.models ?? "");
  const [key, setKey] = useState("");
  const [dropsKey, setDropsKey] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const compatible = kind === "compatible";
  const hasKey = provider?.key.state === "set";
  const moved = provider !== null && address.trim().replace(/\/+$/, "") !== (provider.base_url ?? "");
  const keepsKey = hasKey && !moved;
  const wrongName = provider === null && compatible ? nameProblem(name, taken) : null;
  const lacksKey = !compatible && kind !== "workers-ai" && !keepsKey && key.trim() === "";
  const lacks = lacksKey || (compatible && (address.trim() === "" || models.trim() === ""));

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const base_url = address.trim() === "" ? null : address.trim();
      const newKey = key.trim() !== "" ? key.trim() : keepsKey && !dropsKey ? undefined : null;
      const saved = await settingsApi.setProvider(name, {
        kind,
        base_url,
        models,
        ...(newKey === undefined ? {} : { key: newKey }),
      });
      onSaved(saved, name);
    } catch (error) {
      setProblem(failureSentence(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={provider === null ? `Add ${words.name}` : `Change ${provider.id}`}
      description={words.about}
      testId="provider-dialog"
    >
      <form onSubmit={(event) => void save(event)} autoComplete="off">
        <div className="flex flex-col gap-3 p-5">
          {compatible && provider === null && (
            <Field label="Name" hint="The first part of its models' names in chats." error={wrongName}>
              {(ids) => (
                <Input
                  {...ids}
                  value={name}
                  onChange={(event) => setName(event.target.value)}
                  spellCheck={false}
                  autoCapitalize="none"
                  data-testid="provider-name"
                />
              )}
            </Field>
          )}
          {kind !== "workers-ai" && (
            <Field
              label={compatible ? "Address" : "Address, if it is another"}
              hint={compatible ? "It ends where /chat/completions begins." : undefined}
            >
              {(ids) => (
                <Input
                  {...ids}
                  type="url"
                  value={address}
                  placeholder={words.address}
                  onChange={(event) => setAddress(event.target.value)}
                  spellCheck={false}
                  className="font-mono"
                  data-testid="provider-address"
                />
              )}
            </Field>
          )}
          {kind !== "workers-ai" && (
            <Field
              label={compatible ? "Key, if it wants one" : "Key"}
              hint={
                hasKey
                  ? moved
                    ? "A key belongs to its address, which changed: give it again."
                    : "One is set. Leave this empty to keep it."
                  : "Kept encrypted, and shown to nobody again."
              }
            >
              {(ids) => (
                <Input
                  {...ids}
                  type="password"
                  autoComplete="new-password"
                  value={key}
                  disabled={dropsKey}
                  onChange={(event) => setKey(event.target.value)}
                  className="font-mono"
                  data-testid="provider-key"
                />
              )}
            </Field>
          )}
          {compatible && keepsKey && (
            <label className="flex min-h-8 items-center gap-2 touch:min-h-11">
              <input
                type="checkbox"
                className="size-4 accent-[var(--working)]"
                checked={dropsKey}
                onChange={(event) => setDropsKey(event.target.checked)}
              />
              Take the key away
            </label>
          )}
          <Field
            label={compatible ? "Models" : "Models, if not the usual ones"}
            hint="Commas between names; each may end in its context (:128k), +images and +reasoning."
          >
            {(ids) => (
              <Input
                {...ids}
                value={models}
                placeholder={words.models}
                onChange={(event) => setModels(event.target.value)}
                spellCheck={false}
                autoCapitalize="none"
                className="font-mono"
                data-testid="provider-models"
              />
            )}
          </Field>
          {problem !== null && (
            <p role="alert" className="text-trouble-text" data-testid="provider-problem">
              {problem}
            </p>
          )}
        </div>
        <DialogFoot>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            disabled={busy || lacks || wrongName !== null}
            data-testid="save-provider"
          >
            Save and test
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}
