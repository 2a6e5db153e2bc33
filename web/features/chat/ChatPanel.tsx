import { useEffect, useMemo, useRef, useState } from "react";
import type { QueuedMessage } from "../../../protocol/api.ts";
import type { AttachmentRef } from "../../../protocol/events.ts";
import { newId } from "../../../protocol/ids.ts";
import { MAX_MESSAGE_ATTACHMENTS } from "../../../protocol/limits.ts";
import type { Session } from "../../../protocol/session.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import type { SessionState } from "../../shared/live/sessionState.ts";
import { OLDER_PAGE } from "../../shared/live/sessionStore.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { LogList } from "../../shared/ui/LogList.tsx";
import { showToast } from "../../shared/ui/toasts.ts";
import { draftFiles } from "./attachments/draftFiles.ts";
import { useFileIntake } from "./attachments/useFileIntake.ts";
import { useGoToTurn } from "../../shared/ui/useGoToTurn.ts";
import { chatActions } from "./chatActions.ts";
import { ChatComposer } from "./ChatComposer.tsx";
import { ChatEntryView, UserMessage } from "./ChatEntryView.tsx";
import { ChatHelp } from "./ChatHelp.tsx";
import { COLUMN } from "./column.ts";
import { keepDraft, keptDraft } from "./draft.ts";
import { EmptyChat } from "./EmptyChat.tsx";
import { ModelDialog } from "./ModelDialog.tsx";
import { isOffline } from "../../shared/api/models.ts";
import { PinList } from "./PinList.tsx";
import { PlaceDialog } from "./PlaceDialog.tsx";
import { readChat, withParts, type ChatEntry } from "./readChat.ts";
import { usePins } from "./usePins.ts";
import { stillUnsent, type Unsent } from "./unsent.ts";

type Row = ChatEntry | { kind: "unsent"; key: string; text: string; attachments: readonly AttachmentRef[] };
const NOBODY: readonly QueuedMessage[] = [];

/** What could not be sent: it may have arrived all the same, so sent again it has the same id. */
const failed = new Map<string, { id: string; words: string }>();

/** A chat: what was said and done, and a field to go on with. */
export default function ChatPanel({
  session,
  state,
  loadOlder,
  turn,
}: {
  session: Session;
  state: SessionState;
  loadOlder(): Promise<unknown>;
  /** The turn to show, if one is wanted. */
  turn: number | null;
}) {
  const actions = useMemo(() => chatActions(session.id), [session.id]);
  const early = useEarlyQueue(session.id, state);
  const chat = useMemo(() => readChat(state.events, early), [state.events, early]);
  const entries = useMemo(() => withParts(chat, state.parts), [chat, state.parts]);
  const { hosts } = useHub();
  const [text, setText] = useState(keptDraft(session.id).text);
  const files = draftFiles(session.id);
  const [sent, setSent] = useState<readonly Unsent[]>([]);
  const [picking, setPicking] = useState<"model" | "place" | "help" | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);

  // A message that the log shows is the log's.
  const unsent = useMemo(() => stillUnsent(sent, state.events), [sent, state.events]);
  if (unsent !== sent && unsent.length < sent.length) setSent(unsent);
  const rows = useMemo<Row[]>(
    () => [
      ...entries,
      ...unsent.map(({ id, text, attachments }) => ({ kind: "unsent" as const, key: id, text, attachments })),
    ],
    [entries, unsent],
  );
  const older = state.first > 1 ? loadOlder : undefined;
  const toTurn = useGoToTurn({ turn, rows, keyOf, turnOf, loadOlder: older });

  function write(next: string): void {
    setText(next);
    keepDraft(session.id, { text: next });
  }

  function attach(given: File[]): void {
    const left = files.add(given);
    if (left > 0)
      showToast({
        kind: "trouble",
        text: `A message takes ${MAX_MESSAGE_ATTACHMENTS} files; ${left} more were left out.`,
      });
    field.current?.focus();
  }
  const hovering = useFileIntake(attach);

  async function send(message: string, steer: boolean): Promise<void> {
    const before = failed.get(session.id);
    const attachments = files.take();
    const ids = attachments.map((each) => each.id);
    const words = JSON.stringify([message, ids]);
    const id = before?.words === words ? before.id : newId("msg");
    failed.delete(session.id);
    setSent((list) => [...list, { id, text: message, attachments, after: state.next - 1 }]);
    try {
      await api.say(session.id, { id, text: message, attachments: ids, ...(steer ? { steer } : {}) });
    } catch (error) {
      // What was written goes back to where it was written, unless something else stands there by now.
      setSent((list) => list.filter((each) => each.id !== id));
      failed.set(session.id, { id, words });
      files.putBack(attachments);
      if (keptDraft(session.id).text === "") write(message);
      showToast({ kind: "trouble", text: failureSentence(error) });
    }
  }

  const running = state.loaded && chat.running !== null;
  const waits = session.status === "waiting";
  const close = (): void => setPicking(null);
  const pins = usePins(session.id);
  const [toPin, setToPin] = useState<{ key: string } | null>(null);
  const [ledTo, setLedTo] = useState(toTurn);
  if (ledTo !== toTurn) {
    setLedTo(toTurn);
    setToPin(null);
  }
  async function jump(key: string, seq: number): Promise<void> {
    for (let { first } = state; first > seq; first -= OLDER_PAGE) {
      if ((await loadOlder()) !== true)
        return showToast({ kind: "trouble", text: "The older messages could not be fetched now." });
    }
    setToPin({ key });
  }

  return (
    <>
      <PinList session={session.id} state={state} pins={pins.seqs} onUnpin={pins.toggle} onJump={jump} />
      {rows.length === 0 ? (
        state.loaded ? (
          <EmptyChat
            session={session}
            hostName={session.host === null ? null : (hosts.get(session.host)?.name ?? null)}
            onPlace={() => setPicking("place")}
            onExample={(example) => {
              write(example);
              field.current?.focus();
            }}
          />
        ) : (
          <div className="grow" />
        )
      ) : (
        <LogList
          items={rows}
          keyOf={keyOf}
          estimate={(row) => (row.kind === "item" ? 84 : 36)}
          render={(row) =>
            row.kind === "unsent" ? (
              <div className={`${COLUMN} py-1.5`} data-testid="unsent">
                <UserMessage session={session.id} text={row.text} attachments={row.attachments} sending />
              </div>
            ) : (
              <ChatEntryView
                entry={row}
                session={session.id}
                host={session.host}
                waits={waits}
                pins={pins}
                approval={
                  row.kind === "item" && row.item.kind === "call" && row.item.approval !== null
                    ? (chat.approvals.get(row.item.approval) ?? null)
                    : null
                }
              />
            )
          }
          loadOlder={older}
          goTo={toPin ?? toTurn}
          label="Chat"
          testId="conversation"
        />
      )}
      <ChatComposer
        session={session}
        text={text}
        onText={write}
        running={running}
        queue={state.loaded ? chat.queue : NOBODY}
        actions={actions}
        onSend={(message, steer) => void send(message, steer)}
        onPick={setPicking}
        field={field}
        files={files}
        onFiles={attach}
      />
      {hovering && (
        <div
          data-testid="drop-here"
          className="pointer-events-none fixed inset-3 z-30 flex animate-appear items-center justify-center rounded-base border-2 border-dashed border-focus bg-bg/85 text-lead"
        >
          Drop to attach
        </div>
      )}
      {picking === "model" && <ModelDialog session={session} actions={actions} onClose={close} />}
      {picking === "place" && <PlaceDialog session={session} actions={actions} onClose={close} />}
      {picking === "help" && <ChatHelp offline={isOffline(session.model)} onClose={close} />}
    </>
  );
}

const keyOf = (row: Row): string => row.key;
const turnOf = (row: Row): number | null => ("turn" in row ? row.turn : null);

/** Messages that were queued before the first event that is here; asked for once, when there may be such. */
function useEarlyQueue(session: string, state: SessionState): readonly QueuedMessage[] {
  const [early, setEarly] = useState(NOBODY);
  const cut = state.loaded && state.first > 1;
  useEffect(() => {
    if (!cut) return;
    let here = true;
    api.queue(session).then(
      (queue) => here && setEarly(queue),
      () => undefined, // the log tells of every message that is queued from now on
    );
    return () => {
      here = false;
    };
  }, [session, cut]);
  return early;
}
