import { Check, KeyRound, Pencil, Trash2, TriangleAlert } from "lucide-react";
import type { ModelProvider } from "../../../protocol/modelSettings.ts";
import { classes } from "../../shared/lib/classes.ts";
import { Button } from "../../shared/ui/Button.tsx";
import type { Tested } from "./Models.tsx";
import { keyWords, PROVIDER_WORDS } from "./providerWords.ts";

type Props = {
  provider: ModelProvider;
  /** Undefined: not tested since the page was opened. */
  tested: Tested | undefined;
  onTest(): void;
  onChange(): void;
  onRemove(): void;
};

/** One provider: where it is, how its key stands, and whether its model answers. */
export function ProviderCard({ provider, tested, onTest, onChange, onRemove }: Props) {
  const { id, kind, source, overridden, base_url, models, key } = provider;
  const words = PROVIDER_WORDS[kind];
  return (
    <article
      aria-label={`${words.name} ${id}`}
      data-testid="provider"
      data-provider={id}
      data-source={source}
      className="flex flex-col gap-2 rounded-base border border-line bg-surface p-4"
    >
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h3 className="font-medium">{words.name}</h3>
        {kind === "compatible" && <code className="font-mono text-[12px] text-muted">{id}</code>}
        {source === "environment" && (
          <span className="rounded-small border border-line px-1.5 text-small text-muted">
            set by the environment
          </span>
        )}
        <span className="ml-auto flex items-center gap-1">
          {!overridden && (
            <Button onClick={onTest} disabled={tested === null} data-testid="test-provider">
              {tested === null ? "Saying hello…" : "Test"}
            </Button>
          )}
          {source === "settings" && (
            <>
              {!overridden && (
                <Button
                  look="quiet"
                  square
                  aria-label={`Change ${id}`}
                  onClick={onChange}
                  data-testid="change"
                >
                  <Pencil size={14} />
                </Button>
              )}
              <Button look="quiet" square aria-label={`Remove ${id}`} onClick={onRemove} data-testid="remove">
                <Trash2 size={14} />
              </Button>
            </>
          )}
        </span>
      </header>
      {overridden && (
        <p className="text-waiting-text">
          Without effect: the environment configures the same provider, and wins.
        </p>
      )}
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        {kind !== "workers-ai" && (
          <>
            <dt className="text-muted">Address</dt>
            <dd className="font-mono text-[12px] break-all">{base_url ?? words.address}</dd>
          </>
        )}
        <dt className="text-muted">Models</dt>
        <dd className={classes(models !== "" && "font-mono text-[12px]", "break-words")}>
          {models === "" ? "the usual ones" : models.split(",").join(", ")}
        </dd>
        {kind !== "workers-ai" && (
          <>
            <dt className="text-muted">Key</dt>
            <dd
              className={classes(
                "flex items-center gap-1.5",
                key.state === "unreadable" && "text-trouble-text",
              )}
              data-testid="key-state"
            >
              {key.state === "set" && <KeyRound size={12} aria-hidden className="text-muted" />}
              {keyWords(provider)}
            </dd>
          </>
        )}
      </dl>
      <div aria-live="polite" data-testid="tested" data-ok={tested?.ok}>
        {tested?.ok === true && (
          <p className="flex items-start gap-2">
            <Check size={14} aria-hidden className="mt-0.5 shrink-0 text-done" />
            <span className="min-w-0 break-words">
              <code className="font-mono text-[12px]">{tested.model}</code> answers:{" "}
              {tested.text === "" ? "(nothing)" : `“${tested.text}”`}
            </span>
          </p>
        )}
        {tested?.ok === false && (
          <p className="flex items-start gap-2 text-trouble-text">
            <TriangleAlert size={14} aria-hidden className="mt-0.5 shrink-0" />
            <span className="min-w-0 break-words">{tested.message}</span>
          </p>
        )}
      </div>
    </article>
  );
}
