import { useState } from "react";
import type { Span, SpanSide } from "../../../protocol/traces.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { CopyButton } from "../../shared/ui/CopyButton.tsx";
import { readable } from "./spanWords.ts";

/** The input or output of a span; what it leaves out is fetched when it is asked for. */
export function SpanText({ session, span, side }: { session: string; span: Span; side: SpanSide }) {
  const [whole, setWhole] = useState<{ of: number; text: string } | null>(null);
  const [phase, setPhase] = useState<"cut" | "loading" | { problem: string }>("cut");
  const beginning = span[side];
  if (beginning === null || beginning === "") return null;
  const cut = span[`${side}_cut`] ?? 0;
  // A newer version of the span may say something else.
  const text = whole?.of === span.version ? whole.text : null;
  const shown = readable(text ?? beginning);

  async function showAll(): Promise<void> {
    setPhase("loading");
    try {
      setWhole({ of: span.version, text: await api.spanText(session, span.id, side) });
      setPhase("cut");
    } catch (error) {
      setPhase({ problem: failureSentence(error) });
    }
  }

  return (
    <section data-testid={`span-${side}`}>
      <header className="flex h-7 items-center justify-between">
        <h3 className="text-small font-medium text-muted">{side === "input" ? "Input" : "Output"}</h3>
        <CopyButton
          text={text ?? beginning}
          what={cut > 0 && text === null ? `the beginning of the ${side}` : `the ${side}`}
        />
      </header>
      <pre
        tabIndex={0}
        className="max-h-80 overflow-auto rounded-base border border-line bg-bg p-2 font-mono text-[12px] break-words whitespace-pre-wrap"
      >
        {shown}
      </pre>
      {cut > 0 && text === null && (
        <button
          type="button"
          data-testid="show-all"
          disabled={phase === "loading"}
          onClick={() => void showAll()}
          className="thumb mt-1 h-6 text-small text-working-text hover:underline disabled:opacity-60"
        >
          {phase === "loading" ? "Fetching" : `Show all (${cut.toLocaleString("en")} characters more)`}
        </button>
      )}
      {typeof phase === "object" && <p className="text-small text-trouble-text">{phase.problem}</p>}
    </section>
  );
}
