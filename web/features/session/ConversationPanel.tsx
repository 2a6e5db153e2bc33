import { useMemo } from "react";
import { isEnded, type Session } from "../../../protocol/session.ts";
import type { SessionState } from "../../shared/live/sessionState.ts";
import { agentLabel } from "../../shared/ui/AgentName.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { Composer } from "./Composer.tsx";
import { conversation, type Entry } from "./conversation.ts";
import { EntryCard } from "./EntryCard.tsx";
import { LogList } from "../../shared/ui/LogList.tsx";
import { useGoToTurn } from "../../shared/ui/useGoToTurn.ts";
import type { SessionActions } from "./useSessionActions.ts";

type Props = {
  session: Session;
  state: SessionState;
  loadOlder(): Promise<unknown>;
  actions: SessionActions;
  away: boolean;
  /** The turn to show, if one is wanted. */
  turn: number | null;
};

/** What was said and done in a job, or by an agent, and a field to go on with. */
export function ConversationPanel({ session, state, loadOlder, actions, away, turn }: Props) {
  const entries = useMemo(() => conversation(state.events), [state.events]);
  const older = state.first > 1 ? loadOlder : undefined;
  const goTo = useGoToTurn({ turn, rows: entries, keyOf, turnOf, loadOlder: older });
  return (
    <>
      {entries.length === 0 ? (
        <div className="grow">
          {state.loaded && (
            <Empty
              title={
                isEnded(session)
                  ? "It ended before anything was said"
                  : away
                    ? "Waiting for the host"
                    : session.status === "idle"
                      ? `${agentLabel(session)} is ready`
                      : "Starting"
              }
            >
              <p>
                {session.status_reason ??
                  (away
                    ? "It starts when the host is back."
                    : session.status === "idle"
                      ? "Say below what is to be done."
                      : "The first words appear here.")}
              </p>
            </Empty>
          )}
        </div>
      ) : (
        <LogList
          items={entries}
          keyOf={keyOf}
          estimate={(entry) => (entry.kind === "item" ? 84 : 36)}
          render={(entry) => <EntryCard entry={entry} cwd={session.worktree?.path ?? session.cwd} />}
          loadOlder={older}
          goTo={goTo}
          label="Conversation"
          testId="conversation"
        />
      )}
      <Composer session={session} actions={actions} />
    </>
  );
}

const keyOf = (entry: Entry): string => entry.key;
const turnOf = (entry: Entry): number | null => (entry.kind === "notice" ? null : entry.turn);
