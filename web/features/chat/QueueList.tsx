import { ChevronsUp, Clock, Paperclip, Pencil, X } from "lucide-react";
import { useState } from "react";
import type { QueuedMessage } from "../../../protocol/api.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Textarea } from "../../shared/ui/Field.tsx";
import type { ChatActions } from "./chatActions.ts";

/** Messages that wait for the running turn: for its end, in the order in which they are taken, or for its next step. */
export function QueueList({ queue, actions }: { queue: readonly QueuedMessage[]; actions: ChatActions }) {
  if (queue.length === 0) return null;
  return (
    <ul
      aria-label="Messages that wait"
      data-testid="queue"
      className="mx-auto mb-2 flex max-h-40 w-full max-w-3xl flex-col gap-1 overflow-y-auto"
    >
      {queue.map((message) => (
        <Queued key={message.id} message={message} actions={actions} />
      ))}
    </ul>
  );
}

function Queued({ message, actions }: { message: QueuedMessage; actions: ChatActions }) {
  const [draft, setDraft] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const now = message.steer === true;

  async function save(): Promise<void> {
    if (draft === null || draft.trim() === "" || busy) return;
    setBusy(true);
    if (draft === message.text || (await actions.editQueued(message.id, { text: draft }))) setDraft(null);
    setBusy(false);
  }
  async function steer(): Promise<void> {
    setBusy(true);
    await actions.editQueued(message.id, { steer: !now });
    setBusy(false);
  }
  async function remove(): Promise<void> {
    setBusy(true);
    if (!(await actions.removeQueued(message.id))) setBusy(false);
  }

  if (draft !== null) {
    return (
      <li className="flex items-end gap-2">
        <Textarea
          aria-label="The message that waits"
          autoFocus
          rows={1}
          className="field-sizing-content max-h-32 min-h-8"
          data-testid="queued-text"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Escape") setDraft(null);
            if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            void save();
          }}
        />
        <Button onClick={() => void save()} disabled={busy || draft.trim() === ""}>
          Save
        </Button>
      </li>
    );
  }
  return (
    <li
      className="flex min-h-8 items-center gap-2 rounded-base border border-dashed border-line px-2.5 text-muted"
      data-testid="queued"
      data-steer={now || undefined}
    >
      {now ? (
        <ChevronsUp size={14} aria-hidden className="shrink-0 text-working-text" />
      ) : (
        <Clock size={13} aria-hidden className="shrink-0" />
      )}
      <span className="sr-only">{now ? "Goes in with the next step: " : "Waits: "}</span>
      <span className="min-w-0 grow truncate" title={message.text}>
        {message.text}
      </span>
      {message.attachments !== undefined && (
        <span
          className="flex shrink-0 items-center gap-1 text-small"
          title={message.attachments.map(({ name }) => name).join(", ")}
        >
          <Paperclip size={11} aria-label="Files:" /> {message.attachments.length}
        </span>
      )}
      <Button
        look="quiet"
        className="h-7 shrink-0"
        title={
          now ? "Take it after the turn instead" : "Take it before the model's next step, not after the turn"
        }
        disabled={busy}
        data-testid="steer-queued"
        onClick={() => void steer()}
      >
        {now ? "Let it wait" : "Send now"}
      </Button>
      <Button
        look="quiet"
        square
        className="size-7"
        aria-label="Change the message"
        disabled={busy}
        onClick={() => setDraft(message.text)}
      >
        <Pencil size={13} />
      </Button>
      <Button
        look="quiet"
        square
        className="size-7"
        aria-label="Take the message back"
        disabled={busy}
        onClick={() => void remove()}
      >
        <X size={14} />
      </Button>
    </li>
  );
}
