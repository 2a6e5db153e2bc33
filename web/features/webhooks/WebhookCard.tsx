import { EllipsisVertical, KeyRound, Pause, Pencil, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import type { Webhook } from "../../../protocol/webhooks.ts";
import { fullTime } from "../../shared/lib/time.ts";
import { useNow } from "../../shared/lib/useNow.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { CopyButton } from "../../shared/ui/CopyButton.tsx";
import { Menu, MenuItem, MenuLine } from "../../shared/ui/Menu.tsx";
import { attempt } from "../work/attempt.ts";
import { workApi } from "../work/workApi.ts";
import { WorkLine } from "../work/WorkLine.tsx";
import { DeliveryList } from "./DeliveryList.tsx";
import { webhookAddress } from "./webhookAddress.ts";
import { Unfold } from "../../shared/ui/Unfold.tsx";

type Props = {
  webhook: Webhook;
  admin: boolean;
  operator: boolean;
  onChanged(): void;
  onEdit(): void;
  onRotate(): void;
  onRemove(): void;
};

/** One webhook: its address, what it starts and when, and what has come. */
export function WebhookCard({ webhook, admin, operator, onChanged, onEdit, onRotate, onRemove }: Props) {
  const [open, setOpen] = useState(false);
  const now = useNow("slow");
  const { id, name, work, events, condition, paused, previous_until } = webhook;
  const address = webhookAddress(id);
  return (
    <article
      className="flex flex-col gap-1.5 rounded-base border border-line bg-surface p-3"
      data-testid="webhook"
      data-webhook={id}
    >
      <div className="flex items-start gap-2">
        <h2 className="min-w-0 grow font-medium break-words">{name}</h2>
        {paused && <span className="text-waiting-text">paused</span>}
        {admin && (
          <Menu
            trigger={
              <Button
                look="quiet"
                square
                className="-mt-1 -mr-1"
                aria-label={`More of ${name}`}
                data-testid="more"
              >
                <EllipsisVertical size={16} />
              </Button>
            }
          >
            <MenuItem icon={<Pencil size={14} />} onSelect={onEdit}>
              Edit
            </MenuItem>
            <MenuItem
              icon={paused ? <Play size={14} /> : <Pause size={14} />}
              onSelect={() =>
                void attempt(
                  () => workApi.changeWebhook(id, { paused: !paused }),
                  paused ? `${name} takes deliveries again.` : `${name} is paused: what comes is noted only.`,
                ).then(onChanged)
              }
            >
              {paused ? "Go on" : "Pause"}
            </MenuItem>
            <MenuItem icon={<KeyRound size={14} />} onSelect={onRotate}>
              New secret
            </MenuItem>
            <MenuLine />
            <MenuItem icon={<Trash2 size={14} />} danger onSelect={onRemove}>
              Remove
            </MenuItem>
          </Menu>
        )}
      </div>
      <div className="flex items-center gap-1">
        <code className="min-w-0 truncate font-mono text-[12px] text-muted">{address}</code>
        <CopyButton text={address} what="the address" />
      </div>
      <WorkLine work={work} />
      {(events.length > 0 || condition !== null) && (
        <p className="text-small break-words text-muted">
          {events.length > 0 && <>Takes {events.join(", ")}. </>}
          {condition !== null && (
            <>
              Only when <code className="font-mono break-all">{condition}</code>
            </>
          )}
        </p>
      )}
      {previous_until !== null && previous_until > now && (
        <p className="text-small text-waiting-text">
          The secret before this one is valid until {fullTime(previous_until)}.
        </p>
      )}
      <Unfold open={open} onChange={setOpen} testId="deliveries">
        What has come
      </Unfold>
      {open && <DeliveryList webhook={webhook} operator={operator} />}
    </article>
  );
}
