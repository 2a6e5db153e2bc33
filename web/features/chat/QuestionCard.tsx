import { MessageCircleQuestion } from "lucide-react";
import { useState } from "react";
import type { Item } from "../../../protocol/events.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { NOT_KNOWN_YET, useCertain } from "../../shared/live/certain.ts";
import { classes } from "../../shared/lib/classes.ts";
import { Markdown } from "../../shared/markdown/Markdown.tsx";
import { Button } from "../../shared/ui/Button.tsx";
import { Textarea } from "../../shared/ui/Field.tsx";
import { Signal } from "../../shared/ui/Signal.tsx";
import { showToast } from "../../shared/ui/toasts.ts";

type Question = Extract<Item, { kind: "question" }>;

/** A question of the model: one of its answers, or one's own words. */
export function QuestionCard({ session, id, item }: { session: string; id: string; item: Question }) {
  const [own, setOwn] = useState("");
  const [sending, setSending] = useState<string | null>(null);
  const certain = useCertain();

  async function answer(text: string): Promise<void> {
    if (sending !== null || !certain || text.trim() === "") return;
    setSending(text);
    try {
      const { result } = await api.sendCommand(session, { type: "answer", question: id, text });
      // A good answer is shown by the log.
      if (result?.status !== "failed") return;
      showToast({ kind: "trouble", text: result.message });
    } catch (error) {
      showToast({ kind: "trouble", text: failureSentence(error) });
    }
    setSending(null);
  }

  return (
    <div
      className="rounded-base border border-line bg-surface"
      data-testid="question"
      data-answered={item.answer !== null || undefined}
    >
      <div className="flex items-start gap-2 px-3 py-2.5">
        <span className="flex h-5 shrink-0 items-center">
          {item.answer === null ? (
            <Signal status="waiting" hollow={!certain} silent />
          ) : (
            <MessageCircleQuestion size={14} className="text-muted" aria-hidden />
          )}
        </span>
        <div className="min-w-0 grow">
          {item.answer === null && (
            <p className={classes("font-medium", certain ? "text-waiting-text" : "text-muted")}>
              {certain ? "Asks you" : NOT_KNOWN_YET}
            </p>
          )}
          <Markdown text={item.question} />
        </div>
      </div>
      {item.answer !== null ? (
        <p className="border-t border-line px-3 py-2 break-words whitespace-pre-wrap">
          <span className="text-muted">You answered: </span>
          {item.answer}
        </p>
      ) : (
        <form
          className="flex flex-col gap-2 border-t border-line p-3"
          onSubmit={(event) => {
            event.preventDefault();
            void answer(own);
          }}
        >
          {item.options.length > 0 && (
            <div className="flex flex-wrap gap-2">
              {item.options.map((option) => (
                <Button
                  key={option}
                  disabled={sending !== null || !certain}
                  aria-pressed={sending === option}
                  onClick={() => void answer(option)}
                  className="h-auto min-h-8 text-left break-words whitespace-normal touch:min-h-11"
                  data-testid="option"
                >
                  {option}
                </Button>
              ))}
            </div>
          )}
          <div className="flex items-end gap-2">
            <Textarea
              aria-label="Your answer"
              placeholder={item.options.length > 0 ? "Or in your own words" : "Your answer"}
              rows={1}
              data-testid="own-answer"
              className="field-sizing-content max-h-40 min-h-8"
              value={own}
              onChange={(event) => setOwn(event.target.value)}
              onKeyDown={(event) => {
                if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
                event.preventDefault();
                void answer(own);
              }}
            />
            <Button type="submit" disabled={sending !== null || !certain || own.trim() === ""}>
              Answer
            </Button>
          </div>
        </form>
      )}
    </div>
  );
}
