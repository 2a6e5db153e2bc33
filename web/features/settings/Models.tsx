import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import type {
  ModelProvider,
  ModelProviderKind,
  ModelSettings,
  ModelTest,
} from "../../../protocol/modelSettings.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { refreshModels } from "../../shared/api/models.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { ConfirmDialog } from "../../shared/ui/ConfirmDialog.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { showToast } from "../../shared/ui/toasts.ts";
import { DefaultModel } from "./DefaultModel.tsx";
import { ProviderCard } from "./ProviderCard.tsx";
import { ProviderDialog } from "./ProviderDialog.tsx";
import { PROVIDER_WORDS } from "./providerWords.ts";
import { settingsApi } from "./settingsApi.ts";

/** What came of saying hello to a provider's model; null while that is awaited. */
export type Tested = ModelTest | null;

type Asking =
  | { what: "add"; kind: ModelProviderKind }
  | { what: "change" | "remove"; provider: ModelProvider };

const ADDABLE: ModelProviderKind[] = ["anthropic", "openai", "deepseek", "compatible", "workers-ai"];
const QUERY = ["model-settings"];

/** The providers of models, for administrators: what is set, whether it works, and the default. */
export function Models() {
  const queries = useQueryClient();
  const settings = useQuery({ queryKey: QUERY, queryFn: settingsApi.read, staleTime: 0 });
  const [asking, setAsking] = useState<Asking | null>(null);
  const [tests, setTests] = useState<ReadonlyMap<string, Tested>>(new Map());
  const [busy, setBusy] = useState(false);

  const note = (id: string, tested: Tested): void => setTests((before) => new Map(before).set(id, tested));

  function took(next: ModelSettings): void {
    queries.setQueryData(QUERY, next);
    refreshModels();
  }

  async function test(id: string): Promise<void> {
    note(id, null);
    try {
      note(id, await settingsApi.test(id));
    } catch (error) {
      note(id, { ok: false, model: null, message: failureSentence(error) });
    }
  }

  async function change(work: () => Promise<ModelSettings>): Promise<void> {
    setBusy(true);
    try {
      took(await work());
    } catch (error) {
      showToast({ kind: "trouble", text: failureSentence(error) });
    }
    setBusy(false);
  }

  if (settings.error !== null)
    return (
      <div role="alert" className="flex flex-wrap items-center gap-3 text-trouble-text">
        {failureSentence(settings.error)}
        <Button onClick={() => void settings.refetch()}>Try again</Button>
      </div>
    );
  if (settings.data === undefined) return <Skeleton className="h-40" />;
  const { providers, keeps_keys, workers_ai } = settings.data;
  const free = ADDABLE.filter((kind) =>
    kind === "workers-ai"
      ? workers_ai && !providers.some((provider) => provider.kind === kind)
      : kind === "compatible" || !providers.some((provider) => provider.id === kind),
  );
  return (
    <>
      {!keeps_keys && (
        <p className="rounded-base border border-line bg-surface p-3 text-waiting-text">
          This deployment has no secret to keep keys with. Set{" "}
          <code className="font-mono">SETTINGS_SECRET</code>, or give keys in the environment.
        </p>
      )}
      {providers.length === 0 ? (
        <p className="text-muted" data-testid="no-providers">
          Chats talk to the offline model now, which is built in and only understands a few commands. Add a
          provider to give them a real one; its key is kept encrypted, and shown to nobody.
        </p>
      ) : (
        <ul className="flex flex-col gap-3">
          {providers.map((provider) => (
            <li key={`${provider.source} ${provider.id}`}>
              <ProviderCard
                provider={provider}
                tested={tests.get(provider.id)}
                onTest={() => void test(provider.id)}
                onChange={() => setAsking({ what: "change", provider })}
                onRemove={() => setAsking({ what: "remove", provider })}
              />
            </li>
          ))}
        </ul>
      )}
      <div className="flex flex-wrap gap-2">
        {free.map((kind) => (
          <Button
            key={kind}
            className="touch:h-11"
            onClick={() => setAsking({ what: "add", kind })}
            data-testid={`add-${kind}`}
          >
            <Plus size={14} /> {PROVIDER_WORDS[kind].name}
          </Button>
        ))}
      </div>
      <DefaultModel
        settings={settings.data}
        busy={busy}
        onChoose={(model) => void change(() => settingsApi.setDefault(model))}
      />
      {asking !== null && asking.what !== "remove" && (
        <ProviderDialog
          kind={asking.what === "add" ? asking.kind : asking.provider.kind}
          provider={asking.what === "add" ? null : asking.provider}
          taken={providers.map(({ id }) => id)}
          onClose={() => setAsking(null)}
          onSaved={(next, id) => {
            setAsking(null);
            took(next);
            void test(id);
          }}
        />
      )}
      {asking?.what === "remove" && (
        <ConfirmDialog
          open
          onClose={() => setAsking(null)}
          onConfirm={() =>
            void change(() => settingsApi.removeProvider(asking.provider.id)).then(() => setAsking(null))
          }
          title={`Remove ${asking.provider.id}?`}
          confirm="Remove"
          busy={busy}
        >
          <p>
            Its key is deleted. Chats that talk to its models stop with their next request, and go on when
            they are given another model; nothing of them is lost.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
