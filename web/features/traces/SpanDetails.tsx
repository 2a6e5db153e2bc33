import type { Usage } from "../../../protocol/events.ts";
import type { Span } from "../../../protocol/traces.ts";
import { duration } from "../../shared/lib/duration.ts";
import { fullTime } from "../../shared/lib/time.ts";
import { CopyButton } from "../../shared/ui/CopyButton.tsx";
import { CallSign } from "../chat/CallSign.tsx";
import { SpanText } from "./SpanText.tsx";
import { cacheRate, KIND_WORDS, STATE_WORDS, toolWords } from "./spanWords.ts";
import type { SpanState } from "./traceTree.ts";

/** Everything that is known of one span. */
export function SpanDetails({ session, span, state }: { session: string; span: Span; state: SpanState }) {
  const { word, sign } = STATE_WORDS[state];
  const tools = toolWords(span.tools ?? {});
  const facts: [string, string][] = [
    ["Began", fullTime(span.started_at)],
    [
      "Took",
      span.ended_at !== null
        ? duration(span.ended_at - span.started_at)
        : state === "unknown"
          ? "not known"
          : "still runs",
    ],
    ...(span.usage === null ? [] : usageFacts(span.usage)),
    ...(tools === "" ? [] : [["Tools", tools] satisfies [string, string]]),
  ];
  return (
    <div className="flex flex-col gap-3 p-4" data-testid="span-details" data-span={span.id}>
      <header>
        <h2 className="text-small text-muted">
          {span.kind === "turn" ? `Turn ${span.turn}` : KIND_WORDS[span.kind]}
        </h2>
        <p className="font-mono break-words">{span.name}</p>
        <p className="mt-1 flex items-center gap-1.5">
          <CallSign sign={sign} /> {word}
        </p>
      </header>
      <dl className="grid grid-cols-[112px_minmax(0,1fr)] gap-y-0.5">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="break-words">{value}</dd>
          </div>
        ))}
      </dl>
      {state === "unknown" && span.outcome === null && (
        <p className="text-muted">It never said how it ended, and the turn went on without it.</p>
      )}
      {span.error !== null && (
        <section>
          <header className="flex h-7 items-center justify-between">
            <h3 className="text-small font-medium text-muted">Error</h3>
            <CopyButton text={span.error} what="the error" />
          </header>
          <pre className="rounded-base border border-line bg-trouble-ground p-2 font-mono text-[12px] break-words whitespace-pre-wrap text-trouble-text">
            {span.error}
          </pre>
        </section>
      )}
      <SpanText key={`${span.id} input`} session={session} span={span} side="input" />
      <SpanText key={`${span.id} output`} session={session} span={span} side="output" />
    </div>
  );
}

function usageFacts(usage: Usage): [string, string][] {
  const said = (count: number): string => count.toLocaleString("en");
  const rate = cacheRate(usage);
  return [
    ["Tokens in", said(usage.input_tokens)],
    ["from the cache", `${said(usage.cached_input_tokens)}${rate === null ? "" : ` (${rate} %)`}`],
    ["to the cache", said(usage.cache_write_input_tokens)],
    ["Tokens out", said(usage.output_tokens)],
    ["of them reasoning", said(usage.reasoning_output_tokens)],
  ];
}
