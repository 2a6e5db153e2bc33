import type { Usage } from "../../../protocol/events.ts";
import { classes } from "../../shared/lib/classes.ts";
import { NOT_KNOWN_YET, useCertain } from "../../shared/live/certain.ts";
import { countdown, fullTime, timeOfDay } from "../../shared/lib/time.ts";
import { useNow } from "../../shared/lib/useNow.ts";
import { Signal } from "../../shared/ui/Signal.tsx";
import { CallSign } from "./CallSign.tsx";
import type { ChatEntry } from "./readChat.ts";

type Turn = Extract<ChatEntry, { kind: "turn" }>;

const WORDS = { done: "Done", error: "Failed", stopped: "Stopped" } as const;
const TONES = { done: "text-done-text", error: "text-trouble-text", stopped: "text-muted" } as const;

/** The end of a turn: how it went, with which model, for how many tokens, in what time. While it runs: that it does. */
export function TurnLine({ turn, waits }: { turn: Turn; waits: boolean }) {
  const certain = useCertain();
  if (turn.state === "running" && !certain) {
    return (
      <div data-testid="turn" data-state="unknown" className="flex items-center gap-2 py-1 text-muted">
        <Signal status="working" hollow silent /> {NOT_KNOWN_YET}
      </div>
    );
  }
  if (turn.state === "running") {
    return (
      <div
        role="status"
        data-testid="turn"
        data-state="running"
        className={classes("flex items-center gap-2 py-1", waits ? "text-waiting-text" : "text-working-text")}
      >
        <Signal status={waits ? "waiting" : "working"} silent />
        {waits ? "Waits for you" : "Working"} {turn.startedAt !== null && <Elapsed since={turn.startedAt} />}
      </div>
    );
  }
  return (
    <div className="py-1" data-testid="turn" data-state={turn.state}>
      <div className="flex flex-wrap items-center gap-x-2.5 text-small text-muted">
        {turn.state === "stopped" ? (
          <CallSign sign="stopped" size={10} />
        ) : (
          <Signal status={turn.state === "error" ? "trouble" : "done"} size={10} silent />
        )}
        <span className={TONES[turn.state]}>
          {WORDS[turn.state]}
          {turn.by !== null && ` by ${turn.by}`}
        </span>
        {turn.startedAt !== null && (
          <span title="How long it took">{countdown(turn.at, turn.startedAt)}</span>
        )}
        {turn.model !== null && <span className="max-w-60 truncate">{turn.model}</span>}
        {turn.calls > 0 && (
          <span>
            {turn.calls} call{turn.calls === 1 ? "" : "s"}
          </span>
        )}
        {turn.usage !== null && <UsageWords usage={turn.usage} />}
        <span aria-hidden className="h-px min-w-4 grow bg-line" />
        <time title={fullTime(turn.at)}>{timeOfDay(turn.at)}</time>
      </div>
      {turn.message !== null && (
        <p className="mt-1.5 rounded-base border border-line bg-trouble-ground px-3 py-2 break-words whitespace-pre-wrap text-trouble-text">
          {turn.message}
        </p>
      )}
    </div>
  );
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

function UsageWords({ usage }: { usage: Usage }) {
  const { input_tokens, cached_input_tokens, output_tokens, reasoning_output_tokens } = usage;
  const title = [
    `${input_tokens.toLocaleString("en")} tokens in`,
    `${cached_input_tokens.toLocaleString("en")} of them from the cache`,
    `${output_tokens.toLocaleString("en")} out`,
    `${reasoning_output_tokens.toLocaleString("en")} of them reasoning`,
  ].join(", ");
  return (
    <span title={title}>
      {compact.format(input_tokens)} in
      {cached_input_tokens > 0 && ` (${compact.format(cached_input_tokens)} cached)`} ·{" "}
      {compact.format(output_tokens)} out
      {reasoning_output_tokens > 0 && ` (${compact.format(reasoning_output_tokens)} reasoning)`}
    </span>
  );
}

function Elapsed({ since }: { since: number }) {
  const now = useNow("second");
  return <span>{countdown(Math.max(now, since), since)}</span>;
}
