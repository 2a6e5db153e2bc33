import { Pin, X } from "lucide-react";
import { useEffect, useState } from "react";
import { readEvent, type Item } from "../../../protocol/events.ts";
import { api } from "../../shared/api/endpoints.ts";
import type { LogEvent, SessionState } from "../../shared/live/sessionState.ts";
import { classes } from "../../shared/lib/classes.ts";
import { callTitle } from "./callWords.ts";
import { COLUMN } from "./column.ts";
import { itemKey } from "./readChat.ts";
import { parseInput } from "../approvals/inputFields.ts";
import { firstLine } from "./firstLine.ts";

type PinListProps = {
  session: string;
  state: SessionState;
  pins: readonly number[];
  onUnpin(seq: number): void;
  /** Brings a message into view; resolves once it is there, or cannot be. */
  onJump(key: string, seq: number): Promise<void>;
};

/** The pinned messages, above the chat. */
export function PinList({ session, state, pins, onUnpin, onJump }: PinListProps) {
  if (pins.length === 0) return null;
  return (
    <ul
      aria-label="Pinned messages"
      data-testid="pins"
      className="max-h-24 shrink-0 overflow-y-auto border-b border-line bg-surface py-1"
    >
      {pins.map((seq) => (
        <PinRow key={seq} {...{ session, state, seq, onUnpin, onJump }} />
      ))}
    </ul>
  );
}

function PinRow({ session, state, seq, onUnpin, onJump }: Omit<PinListProps, "pins"> & { seq: number }) {
  const event = useEvent(session, state, seq);
  const [going, setGoing] = useState(false);
  const known = event === null || event === "none" ? null : readEvent(event);
  const item = known?.type === "item" ? known : null;
  const words =
    item !== null ? itemWords(item.item) : event === null ? "…" : "A message that this log does not have";
  return (
    <li className={classes(COLUMN, "flex items-center")}>
      <button
        type="button"
        disabled={item === null || going}
        data-testid="pin"
        onClick={() => {
          if (item === null) return;
          setGoing(true);
          void onJump(itemKey(item.turn, item.id), seq).finally(() => setGoing(false));
        }}
        className="flex min-h-7 min-w-0 grow items-center gap-2 rounded-small px-1 text-left hover:bg-hover disabled:hover:bg-transparent touch:min-h-11"
      >
        <Pin size={12} aria-hidden className="shrink-0 text-muted" />
        <span className={classes("min-w-0 truncate", (item === null || going) && "text-muted")}>
          {item?.item.kind === "user_message" && <span className="text-muted">You: </span>}
          {words}
        </span>
      </button>
      <button
        type="button"
        aria-label="Unpin"
        title="Unpin"
        onClick={() => onUnpin(seq)}
        className="thumb flex size-7 shrink-0 items-center justify-center rounded-small text-muted hover:bg-hover hover:text-text"
      >
        <X size={12} />
      </button>
    </li>
  );
}

/** An event of the log by its seq, from what is here or from the edge; null while it is asked for. */
function useEvent(session: string, state: SessionState, seq: number): LogEvent | "none" | null {
  const [fetched, setFetched] = useState<LogEvent | "none" | null>(null);
  const here = seq >= state.first ? state.events[seq - state.first] : undefined;
  const ask = here === undefined && state.loaded && fetched === null;
  useEffect(() => {
    if (!ask) return;
    let wanted = true;
    api.olderEvents(session, seq + 1, 1).then(
      ([event]) => wanted && setFetched(event?.seq === seq ? event : "none"),
      () => wanted && setFetched("none"),
    );
    return () => {
      wanted = false;
    };
  }, [session, seq, ask]);
  return here ?? fetched;
}

function itemWords(item: Item): string {
  if (item.kind === "call") {
    const { verb, what } = callTitle(item.tool, parseInput(item.input));
    return `${verb} ${what}`.trim();
  }
  if (item.kind === "question") return firstLine(item.question);
  return "text" in item ? firstLine(item.text) : item.kind;
}
