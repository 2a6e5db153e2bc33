import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { RotateCw } from "lucide-react";
import { useState } from "react";
import type { Delivery, Webhook } from "../../../protocol/webhooks.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { classes } from "../../shared/lib/classes.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { attempt } from "../work/attempt.ts";
import { useTold } from "../work/useTold.ts";
import { StartedLink } from "../work/StartedLink.tsx";
import { workApi } from "../work/workApi.ts";

/** Of a payload, so much is shown. */
const PAYLOAD_CHARS = 20_000;

/** What has come to a webhook, newest first; each can be looked into and started once more. */
export function DeliveryList({ webhook, operator }: { webhook: Webhook; operator: boolean }) {
  const queries = useQueryClient();
  const key = ["deliveries", webhook.id];
  const refetchInterval = useTold("webhooks", key);
  const { data, error, isPending, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => workApi.deliveries(webhook.id, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
    refetchInterval,
    staleTime: 0,
  });
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const again = (delivery: Delivery): void =>
    void attempt(() => workApi.redeliver(webhook.id, delivery.id), "Started once more.").then(
      () => void queries.invalidateQueries({ queryKey: key }),
    );
  return (
    <div className="flex flex-col gap-1 border-t border-line pt-2">
      {error !== null && <p className="text-trouble-text">{failureSentence(error)}</p>}
      {!isPending && items.length === 0 && <p className="text-muted">Nothing yet.</p>}
      <ol className="flex flex-col" aria-label="Deliveries">
        {items.map((delivery) => (
          <li key={delivery.id} data-testid="delivery">
            <Row delivery={delivery} onAgain={operator ? () => again(delivery) : null} />
          </li>
        ))}
      </ol>
      {hasNextPage && (
        <Button look="quiet" className="self-start" onClick={() => void fetchNextPage()}>
          Earlier ones
        </Button>
      )}
    </div>
  );
}

const TONES: Record<Delivery["status"], string> = {
  received: "text-muted",
  started: "text-done-text",
  ignored: "text-muted",
  failed: "text-trouble-text",
};

function Row({ delivery, onAgain }: { delivery: Delivery; onAgain: (() => void) | null }) {
  const [open, setOpen] = useState(false);
  const { status, event, reason, received_at, again_of, work } = delivery;
  return (
    <div className="flex flex-col gap-1 py-1">
      <div className="flex flex-wrap items-center gap-x-3">
        <button
          type="button"
          onClick={() => setOpen(!open)}
          aria-expanded={open}
          className="flex min-h-8 min-w-0 grow basis-60 items-center gap-2 text-left hover:underline touch:min-h-11"
        >
          <span className={classes("shrink-0", TONES[status])}>{status}</span>
          <span className="min-w-0 truncate">{event ?? delivery.delivery}</span>
          {again_of !== null && <span className="shrink-0 text-small text-muted">again</span>}
          <Since at={received_at} long className="shrink-0 text-small text-muted" />
        </button>
        <StartedLink work={work} />
        {onAgain !== null && (
          <Button
            look="quiet"
            square
            aria-label="Start it once more"
            title="Start it once more"
            onClick={onAgain}
          >
            <RotateCw size={14} />
          </Button>
        )}
      </div>
      {reason !== null && <p className="text-small break-words text-muted">{reason}</p>}
      {open && <Payload delivery={delivery} />}
    </div>
  );
}

function Payload({ delivery }: { delivery: Delivery }) {
  const { data, error } = useQuery({
    queryKey: ["payload", delivery.id],
    queryFn: () => workApi.payload(delivery.webhook, delivery.id),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (error !== null) return <p className="text-trouble-text">{failureSentence(error)}</p>;
  if (data === undefined) return null;
  const text = JSON.stringify(data, null, 2);
  return (
    <pre className="max-h-80 overflow-auto rounded-base border border-line bg-term p-2 font-mono text-[12px] text-term-text">
      {text.slice(0, PAYLOAD_CHARS)}
      {text.length > PAYLOAD_CHARS && "\n…"}
    </pre>
  );
}
