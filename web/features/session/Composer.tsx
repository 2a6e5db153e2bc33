import { ArrowUp, Square } from "lucide-react";
import { useRef, useState } from "react";
import { isEnded, type Session } from "../../../protocol/session.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { useMedia } from "../../shared/lib/useMedia.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { showToast } from "../../shared/ui/toasts.ts";
import { describeAnswer } from "./describeAnswer.ts";
import type { SessionActions } from "./useSessionActions.ts";

/** Goes on with a job that is done, and stops one that runs; writes to the agent in a pane at any time. */
export function Composer({ session, actions }: { session: Session; actions: SessionActions }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const touch = useMedia("(pointer: coarse)");
  const pane = session.provider === "tmux";
  const running =
    !pane && !isEnded(session) && (session.status === "working" || session.status === "starting");
  const empty = text.trim() === "";

  async function send(): Promise<void> {
    if (empty || busy || running) return;
    setBusy(true);
    try {
      const answer = await api.sendMessage(session.id, text, actions.away ? 0 : undefined);
      const words = describeAnswer(answer, "", actions.hostName);
      if (words.ok) setText("");
      if (words.text !== "")
        showToast({ kind: words.ok ? "plain" : "trouble", text: words.text, details: words.details });
    } catch (error) {
      // What was written stays in the field.
      showToast({ kind: "trouble", text: failureSentence(error) });
    }
    setBusy(false);
    field.current?.focus();
  }

  return (
    <form
      className="shrink-0 border-t border-line bg-surface p-3 pb-[calc(12px+env(safe-area-inset-bottom))] in-data-keyboard:pb-3"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <div className="mx-auto flex max-w-3xl items-end gap-2 rounded-base border border-edge/60 bg-bg p-1.5 focus-within:border-focus">
        <textarea
          ref={field}
          data-testid="composer"
          aria-label={running ? "The next message; it can be sent when the job is done" : "Message"}
          placeholder={
            running
              ? "The job runs. You can go on when it is done, or stop it."
              : pane
                ? `Write to ${session.agent ?? "the agent"}; it is typed into its terminal`
                : "Go on with this job"
          }
          value={text}
          rows={1}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Escape") event.currentTarget.blur();
            if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || touch) return;
            event.preventDefault();
            void send();
          }}
          className="field-sizing-content max-h-48 min-h-8 min-w-0 grow resize-none bg-transparent px-2 py-1.5 outline-none"
        />
        {running ? (
          <Button look="danger" onClick={actions.stopJob} data-testid="stop">
            <Square size={12} fill="currentColor" /> Stop
          </Button>
        ) : (
          <Button
            type="submit"
            look="primary"
            square
            aria-label="Send"
            disabled={empty || busy}
            data-testid="send"
          >
            <ArrowUp size={16} />
          </Button>
        )}
      </div>
    </form>
  );
}
