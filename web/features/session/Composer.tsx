import { ArrowUp, ClipboardPaste, Clock, CornerDownRight, Hand, Square, type LucideIcon } from "lucide-react";
import { useRef, useState } from "react";
import { isEnded, isInteractive, type Session } from "../../../protocol/session.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { classes } from "../../shared/lib/classes.ts";
import { useMedia } from "../../shared/lib/useMedia.ts";
import { agentLabel } from "../../shared/ui/AgentName.tsx";
import { Button } from "../../shared/ui/Button.tsx";
import { showToast } from "../../shared/ui/toasts.ts";
import { describeAnswer } from "./describeAnswer.ts";
import { reachOf, type Reach } from "./reach.ts";
import type { SessionActions } from "./useSessionActions.ts";

const ICONS: Record<Reach["way"], LucideIcon> = {
  paste: ClipboardPaste,
  turn: CornerDownRight,
  steer: CornerDownRight,
  queue: Clock,
  answer_first: Hand,
  ended: Square,
};

/** Goes on with a job that is done, and stops one that runs; writes to an agent. Says how what is written gets there. */
export function Composer({ session, actions }: { session: Session; actions: SessionActions }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const touch = useMedia("(pointer: coarse)");
  const spoken = session.provider === "tmux" || isInteractive(session);
  const running =
    !spoken && !isEnded(session) && (session.status === "working" || session.status === "starting");
  const interrupts =
    isInteractive(session) && !actions.away && (session.status === "working" || session.status === "waiting");
  const empty = text.trim() === "";
  const reach = reachOf(session, { name: actions.hostName, away: actions.away });
  const closed = reach.way === "answer_first" || reach.way === "ended";
  const Icon = ICONS[reach.way];

  async function send(): Promise<void> {
    if (empty || busy || running || closed) return;
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
      className="shrink-0 border-t border-line bg-surface px-3 pt-3 pb-[calc(8px+env(safe-area-inset-bottom))] in-data-keyboard:pb-2"
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
          aria-describedby="reach"
          placeholder={
            running
              ? "The job runs. You can go on when it is done, or stop it."
              : spoken
                ? `Write to ${agentLabel(session)}`
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
        {interrupts && (
          <Button
            onClick={actions.interrupt}
            title="Interrupts what it does now"
            data-testid="interrupt-turn"
          >
            <Square size={12} fill="currentColor" /> Stop
          </Button>
        )}
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
            disabled={empty || busy || closed}
            data-testid="send"
          >
            <ArrowUp size={16} />
          </Button>
        )}
      </div>
      {!running && (
        <p
          id="reach"
          data-testid="reach"
          data-way={reach.way}
          className={classes(
            "mx-auto mt-1.5 flex max-w-3xl items-start gap-1.5 px-1 text-small",
            reach.way === "answer_first" || reach.way === "queue" ? "text-waiting-text" : "text-muted",
          )}
        >
          <Icon size={12} aria-hidden className="mt-[3px] shrink-0" />
          {reach.words}
        </p>
      )}
    </form>
  );
}
