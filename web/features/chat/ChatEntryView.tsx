import { AlertTriangle, Brain, FoldVertical, Info } from "lucide-react";
import { memo } from "react";
import type { Approval } from "../../../protocol/approvals.ts";
import type { AttachmentRef } from "../../../protocol/events.ts";
import { classes } from "../../shared/lib/classes.ts";
import { Markdown } from "../../shared/markdown/Markdown.tsx";
import { Signal } from "../../shared/ui/Signal.tsx";
import { AttachmentList } from "./attachments/AttachmentList.tsx";
import { CallCard } from "./CallCard.tsx";
import { COLUMN } from "./column.ts";
import { firstLine, lastLine } from "./firstLine.ts";
import { FoldCard } from "./FoldCard.tsx";
import { MessageBoundary } from "./MessageBoundary.tsx";
import { MessageMenu } from "./MessageMenu.tsx";
import { QuestionCard } from "./QuestionCard.tsx";
import { sameEntry, type ChatEntry } from "./readChat.ts";
import type { Pins } from "./usePins.ts";
import { TurnLine } from "./TurnLine.tsx";

type EntryProps = {
  entry: ChatEntry;
  session: string;
  /** The approval of a call. */
  approval: Approval | null;
  /** The host that the chat works on. */
  host: string | null;
  /** The running turn waits for the person. */
  waits: boolean;
  /** Another object when other messages are pinned. */
  pins: Pins;
};

/** One card or line of a chat. */
export const ChatEntryView = memo(
  function ChatEntryView({ entry, ...rest }: EntryProps) {
    return (
      <div
        className={classes(COLUMN, "py-1.5")}
        data-testid="entry"
        data-kind={entry.kind === "item" ? entry.item.kind : entry.kind}
        data-key={entry.key}
        data-growing={(entry.kind === "item" && entry.growing) || undefined}
      >
        <MessageBoundary raw={() => JSON.stringify(entry, null, 2)}>
          {entry.kind === "item" ? (
            <ItemView entry={entry} {...rest} />
          ) : entry.kind === "turn" ? (
            <TurnLine turn={entry} waits={rest.waits} />
          ) : (
            <Notice level={entry.level} text={entry.text} />
          )}
        </MessageBoundary>
      </div>
    );
  },
  (a, b) =>
    sameEntry(a.entry, b.entry) &&
    a.approval === b.approval &&
    a.host === b.host &&
    a.pins === b.pins &&
    (a.waits === b.waits || a.entry.kind !== "turn"),
);

/** Out of the way until it is wanted; a finger has no other way to want it. */
const MENU =
  "not-touch:opacity-0 group-hover/message:opacity-100 focus-visible:opacity-100 data-[state=open]:opacity-100";

function ItemView({
  entry,
  session,
  approval,
  host,
  pins,
}: Omit<EntryProps, "entry"> & { entry: Extract<ChatEntry, { kind: "item" }> }) {
  const { item, growing } = entry;
  const id = `${session} ${entry.key}`;
  const menu = (text: string, className: string) =>
    !growing &&
    entry.seq > 0 && (
      <MessageMenu
        text={text}
        pinned={pins.has(entry.seq)}
        onPin={() => pins.toggle(entry.seq)}
        link={pins.link}
        className={classes(MENU, className)}
      />
    );
  switch (item.kind) {
    case "user_message":
      return (
        <div className="group/message relative">
          {menu(item.text, "absolute top-1.5 left-full ml-1.5 touch:top-0 phone:left-0 phone:-ml-3")}
          <UserMessage
            session={session}
            text={item.text}
            attachments={item.attachments ?? []}
            steered={item.steered === true}
          />
        </div>
      );
    case "message":
      return (
        <div className="group/message relative">
          {menu(
            item.text,
            "desk:absolute desk:-top-0.5 desk:left-full desk:ml-1.5 phone:float-right phone:-mt-3 phone:-mr-3",
          )}
          <Markdown text={item.text} />
        </div>
      );
    case "reasoning":
      return (
        <FoldCard
          id={id}
          plain
          head={
            <>
              {growing ? (
                <Signal status="working" silent />
              ) : (
                <Brain size={14} aria-hidden className="shrink-0" />
              )}
              <span className="shrink-0">{growing ? "Thinking" : "Thought"}</span>
              <span className="min-w-0 truncate">{growing ? lastLine(item.text) : firstLine(item.text)}</span>
            </>
          }
        >
          <Markdown text={item.text} />
        </FoldCard>
      );
    case "call":
      return <CallCard id={id} item={item} approval={approval} sessionHost={host} />;
    case "question":
      return <QuestionCard session={session} id={entry.id} item={item} />;
    case "summary":
      return (
        <div data-testid="summary">
          <FoldCard
            id={id}
            head={
              <>
                <FoldVertical size={14} aria-hidden className="shrink-0 text-muted" />
                <span className="min-w-0 grow truncate">
                  {item.turns} earlier turn{item.turns === 1 ? "" : "s"} in short
                </span>
                {item.from !== undefined && item.to !== undefined && (
                  <span className="shrink-0 text-muted" data-testid="replaced">
                    events {item.from}–{item.to}
                  </span>
                )}
              </>
            }
          >
            <div className="p-3">
              <p className="mb-2 text-small text-muted">
                The model has this in place of what is above. Here everything stays as it was.
              </p>
              <Markdown text={item.text} />
            </div>
          </FoldCard>
        </div>
      );
    case "warning":
      return <Notice level="warning" text={item.text} />;
    default:
      // Items of other agents do not come up in a chat; what does is shown as it came.
      return (
        <FoldCard id={id} head={<span className="grow">{item.kind}</span>}>
          <pre className="overflow-auto p-3 font-mono text-[12px] break-words whitespace-pre-wrap">
            {JSON.stringify(item, null, 2)}
          </pre>
        </FoldCard>
      );
  }
}

/** What the person said. */
export function UserMessage({
  session,
  text,
  attachments,
  steered = false,
  sending = false,
}: {
  session: string;
  text: string;
  attachments: readonly AttachmentRef[];
  /** It was said while the turn ran. */
  steered?: boolean;
  sending?: boolean;
}) {
  return (
    <div className="flex flex-col items-end gap-1.5">
      {attachments.length > 0 && <AttachmentList session={session} attachments={attachments} />}
      {text !== "" && (
        <div
          className={classes(
            "w-fit max-w-[85%] rounded-base border border-line bg-raised px-3 py-2 break-words whitespace-pre-wrap",
            sending && "text-muted",
          )}
        >
          <span className="sr-only">You: </span>
          {text}
        </div>
      )}
      {steered && <span className="text-small text-muted">said while it worked</span>}
      {sending && <span className="text-small text-muted">Sending</span>}
    </div>
  );
}

function Notice({ level, text }: { level: "info" | "warning" | "error"; text: string }) {
  const Icon = level === "info" ? Info : AlertTriangle;
  return (
    <div
      className={classes(
        "flex items-start gap-2",
        level === "error"
          ? "text-trouble-text"
          : level === "warning"
            ? "text-waiting-text"
            : "text-small text-muted",
      )}
    >
      <Icon size={level === "info" ? 12 : 14} aria-hidden className="mt-[3px] shrink-0" />
      <span className="min-w-0 break-words whitespace-pre-wrap">{text}</span>
    </div>
  );
}
