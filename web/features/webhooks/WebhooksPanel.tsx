import { Plus, Webhook as Icon } from "lucide-react";
import { useState } from "react";
import type { Webhook, WebhookWithSecret } from "../../../protocol/webhooks.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { ConfirmDialog } from "../../shared/ui/ConfirmDialog.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { attempt } from "../work/attempt.ts";
import { ListFrame } from "../work/ListFrame.tsx";
import { useList } from "../work/useList.ts";
import { workApi } from "../work/workApi.ts";
import { SecretDialog } from "./SecretDialog.tsx";
import { WebhookCard } from "./WebhookCard.tsx";
import { WebhookDialog } from "./WebhookDialog.tsx";

type Asking =
  | { what: "new" }
  | { what: "edit" | "remove" | "rotate"; webhook: Webhook }
  | { what: "secret"; made: WebhookWithSecret };

/** The team's webhooks: where others call, what that starts, and what has come. */
export default function WebhooksPanel({ admin, operator }: { admin: boolean; operator: boolean }) {
  const list = useList("webhooks", workApi.webhooks);
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = (): void => setAsking(null);
  const finish = (): void => {
    close();
    list.changed();
  };
  const rotate = async (webhook: Webhook): Promise<void> => {
    close();
    await attempt(async () => setAsking({ what: "secret", made: await workApi.rotateSecret(webhook.id) }));
    list.changed();
  };
  return (
    <>
      <ListFrame
        list={list}
        label="Webhooks"
        action={
          admin && (
            <Button look="primary" onClick={() => setAsking({ what: "new" })} data-testid="new-webhook">
              <Plus size={16} /> New webhook
            </Button>
          )
        }
        empty={
          <Empty title="Nobody can call yet" icon={<Icon size={24} />}>
            <p>
              A webhook is an address that GitHub, or anything that signs what it sends, calls to start work
              here.
              {!admin && " An administrator makes them."}
            </p>
          </Empty>
        }
      >
        {list.items?.map((webhook) => (
          <li key={webhook.id}>
            <WebhookCard
              webhook={webhook}
              admin={admin}
              operator={operator}
              onChanged={list.changed}
              onEdit={() => setAsking({ what: "edit", webhook })}
              onRotate={() => setAsking({ what: "rotate", webhook })}
              onRemove={() => setAsking({ what: "remove", webhook })}
            />
          </li>
        ))}
      </ListFrame>
      {(asking?.what === "new" || asking?.what === "edit") && (
        <WebhookDialog
          webhook={asking.what === "edit" ? asking.webhook : null}
          onClose={close}
          onDone={finish}
          onMade={(made) => {
            list.changed();
            setAsking({ what: "secret", made });
          }}
        />
      )}
      {asking?.what === "secret" && <SecretDialog made={asking.made} onClose={close} />}
      {asking?.what === "rotate" && (
        <ConfirmDialog
          open
          onClose={close}
          onConfirm={() => void rotate(asking.webhook)}
          title={`A new secret for ${asking.webhook.name}?`}
          confirm="Make a new secret"
        >
          <p>
            The secret that is used now stays valid for a day, so that nothing is lost while you change it
            there.
          </p>
        </ConfirmDialog>
      )}
      {asking?.what === "remove" && (
        <ConfirmDialog
          open
          onClose={close}
          onConfirm={() => void attempt(() => workApi.removeWebhook(asking.webhook.id)).then(finish)}
          title={`Remove ${asking.webhook.name}?`}
          confirm="Remove"
        >
          <p>
            Its address answers nobody any more, and what has come there goes. What it has started goes on.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
