import {
  Activity,
  AlertTriangle,
  CircleDot,
  CornerDownRight,
  Flag,
  HelpCircle,
  Info,
  PenLine,
  Play,
  Repeat,
  ShieldQuestion,
  SquareChevronRight,
  type LucideIcon,
} from "lucide-react";
import { memo, useState } from "react";
import { readEvent } from "../../../protocol/events.ts";
import type { Session } from "../../../protocol/session.ts";
import { useCertain } from "../../shared/live/certain.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { classes } from "../../shared/lib/classes.ts";
import { fullTime, timeOfDay } from "../../shared/lib/time.ts";
import type { LogEvent, SessionState } from "../../shared/live/sessionState.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { showToast } from "../../shared/ui/toasts.ts";
import { describeEvent, type EventTone, type EventWords } from "./describeEvent.ts";
import { LogList } from "../../shared/ui/LogList.tsx";

const ICONS: Record<EventWords["icon"], LucideIcon> = {
  start: Play,
  name: PenLine,
  signal: Activity,
  end: Flag,
  command: SquareChevronRight,
  result: CornerDownRight,
  turn: Repeat,
  item: CircleDot,
  notice: Info,
  approval: ShieldQuestion,
  gap: AlertTriangle,
  unknown: HelpCircle,
};

const TONES: Record<EventTone, string> = {
  plain: "text-muted",
  good: "text-done-text",
  warning: "text-waiting-text",
  bad: "text-trouble-text",
};

type EventsPanelProps = { session: Session; state: SessionState; loadOlder(): Promise<unknown> };

/** The session's log, as it is. */
export function EventsPanel({ session, state, loadOlder }: EventsPanelProps) {
  if (state.loaded && state.events.length === 0) return <Empty title="Nothing has happened yet" />;
  const answered = new Set(
    state.events.flatMap((event) => (event.type === "command_result" ? [event["id"]] : [])),
  );
  return (
    <LogList
      items={state.events}
      keyOf={(event) => event.seq}
      estimate={(event) => (event.type === "item" || event.type === "command" ? 56 : 32)}
      render={(event) => (
        <EventRow
          event={event}
          session={session.id}
          open={event.type === "command" && !answered.has(event["id"])}
        />
      )}
      loadOlder={state.first > 1 ? loadOlder : undefined}
      label="Events"
      testId="events"
    />
  );
}

const EventRow = memo(function EventRow({
  event,
  session,
  open,
}: {
  event: LogEvent;
  session: string;
  open: boolean;
}) {
  const { icon, text, detail, tone } = describeEvent(event);
  const Icon = ICONS[icon];
  return (
    <div
      data-testid="event"
      data-seq={event.seq}
      data-type={event.type}
      className="flex items-start gap-3 px-4 py-1.5 hover:bg-hover"
    >
      <time title={fullTime(event.at)} className="w-[58px] shrink-0 text-muted">
        {timeOfDay(event.at)}
      </time>
      <Icon size={14} aria-hidden className={classes("mt-[3px] shrink-0", TONES[tone])} />
      <div className="min-w-0 grow">
        <span className={classes("break-words", (tone === "warning" || tone === "bad") && TONES[tone])}>
          {text}
        </span>
        {detail !== null && (
          <pre className="mt-0.5 max-h-40 overflow-auto font-mono text-[12px] break-words whitespace-pre-wrap text-muted">
            {detail}
          </pre>
        )}
      </div>
      {open && <CancelButton event={event} session={session} />}
      <span className="shrink-0 text-small text-muted">{event.seq}</span>
    </div>
  );
});

/** A command that the host has not answered can be taken back as long as it waits. */
function CancelButton({ event, session }: { event: LogEvent; session: string }) {
  const [busy, setBusy] = useState(false);
  const certain = useCertain();
  const known = readEvent(event);
  if (known?.type !== "command" || !certain) return null;
  const { id } = known;
  async function cancel(): Promise<void> {
    setBusy(true);
    try {
      const answer = await api.cancelCommand(session, id);
      if (answer.status === "queued") showToast({ text: "The host has it already; its answer follows." });
    } catch (error) {
      showToast({ kind: "trouble", text: failureSentence(error) });
    }
    setBusy(false);
  }
  return (
    <Button className="h-6 px-2 text-small" disabled={busy} onClick={() => void cancel()}>
      Cancel
    </Button>
  );
}
