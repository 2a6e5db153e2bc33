import type { WebhookWithSecret } from "../../../protocol/webhooks.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { CopyLine } from "../../shared/ui/CopyLine.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { webhookAddress } from "./webhookAddress.ts";

/** A webhook's address and secret, the only time that the secret is shown. */
export function SecretDialog({
  made: { webhook, secret },
  onClose,
}: {
  made: WebhookWithSecret;
  onClose(): void;
}) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={webhook.name}
      description="The secret is shown this once. Put both where the sender is set up."
      testId="secret-dialog"
    >
      <div className="flex flex-col gap-3 px-5 py-4">
        <h3 className="font-medium">Address</h3>
        <CopyLine line={webhookAddress(webhook.id)} what="the address" testId="webhook-address" />
        <h3 className="font-medium">Secret</h3>
        <CopyLine line={secret} what="the secret" testId="webhook-secret" />
        <p className="text-muted">
          At GitHub: Settings, Webhooks, Add webhook; content type{" "}
          <code className="font-mono">application/json</code>. Anything else signs as Standard Webhooks says.
        </p>
      </div>
      <DialogFoot>
        <Button look="primary" onClick={onClose}>
          Done
        </Button>
      </DialogFoot>
    </Dialog>
  );
}
