import { Cpu, FolderOpen, Gauge, ShieldCheck } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import type { Grant } from "../../../protocol/approvals.ts";
import type { Session } from "../../../protocol/session.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { fullTime } from "../../shared/lib/time.ts";
import { useNow } from "../../shared/lib/useNow.ts";
import type { SessionState } from "../../shared/live/sessionState.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { showToast } from "../../shared/ui/toasts.ts";
import { SCOPE_WORDS } from "../approvals/approvalWords.ts";
import { BackgroundList } from "./BackgroundList.tsx";
import { chatActions } from "./chatActions.ts";
import { ModelDialog } from "./ModelDialog.tsx";
import { modelName, useModels } from "../../shared/api/models.ts";
import { PlaceDialog } from "./PlaceDialog.tsx";

/** What holds for a chat: its model, where its tools work, and what it may do without asking. */
export default function ChatSettings({ session, state }: { session: Session; state: SessionState }) {
  const models = useModels();
  const { hosts, loaded } = useHub();
  const [picking, setPicking] = useState<"model" | "place" | null>(null);
  const actions = chatActions(session.id);
  const host = session.host === null ? null : (hosts.get(session.host) ?? null);
  const close = (): void => setPicking(null);
  return (
    <section className="flex flex-col gap-4 border-b border-line p-4" data-testid="chat-settings">
      <div className="flex flex-col gap-1">
        <h3 className="text-small font-medium text-muted">Chat</h3>
        <Line icon={<Cpu size={14} />} name="Model" onChange={() => setPicking("model")}>
          {modelName(models, session.model ?? "offline/builtin")}
        </Line>
        {session.effort !== null && session.effort !== undefined && (
          <Line icon={<Gauge size={14} />} name="Effort" onChange={() => setPicking("model")}>
            {session.effort}
          </Line>
        )}
        <Line icon={<FolderOpen size={14} />} name="Works in" onChange={() => setPicking("place")}>
          {session.host === null || session.cwd === null || (loaded && host === null) ? (
            "no host yet"
          ) : (
            <>
              {host?.name}
              <code className="block font-mono text-[12px] break-all text-muted">{session.cwd}</code>
            </>
          )}
        </Line>
      </div>
      <BackgroundList session={session} onStop={actions.stopBackground} />
      <Grants session={session.id} state={state} />
      {picking === "model" && <ModelDialog session={session} actions={actions} onClose={close} />}
      {picking === "place" && <PlaceDialog session={session} actions={actions} onClose={close} />}
    </section>
  );
}

function Line({
  icon,
  name,
  children,
  onChange,
}: {
  icon: ReactNode;
  name: string;
  children: ReactNode;
  onChange(): void;
}) {
  return (
    <div className="flex min-h-7 items-center gap-2">
      <span className="shrink-0 text-muted" aria-hidden>
        {icon}
      </span>
      <span className="min-w-0 grow break-words">
        <span className="sr-only">{name}: </span>
        {children}
      </span>
      <Button look="quiet" className="h-7 px-2" onClick={onChange} aria-label={`Change: ${name}`}>
        Change
      </Button>
    </div>
  );
}

/** What the session may do without asking. The log says when that changes; the edge says what holds. */
function Grants({ session, state }: { session: string; state: SessionState }) {
  const [grants, setGrants] = useState<readonly Grant[] | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const now = useNow("slow");
  const changed = state.events.findLast((event) => event.type === "grant")?.seq ?? 0;

  useEffect(() => {
    let here = true;
    api.grants(session).then(
      (list) => here && setGrants(list),
      () => undefined, // asked again with the next change; until then nothing is claimed
    );
    return () => {
      here = false;
    };
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- asked again whenever the log tells of a grant
  }, [session, changed]);

  async function revoke(grant: Grant): Promise<void> {
    setBusy(grant.id);
    try {
      await api.revokeGrant(session, grant.id);
      setGrants((list) => list?.filter(({ id }) => id !== grant.id) ?? null);
    } catch (error) {
      showToast({ kind: "trouble", text: failureSentence(error) });
    }
    setBusy(null);
  }

  const open = grants?.filter(({ expires_at }) => expires_at === null || expires_at > now);
  return (
    <div className="flex flex-col gap-1">
      <h3 className="text-small font-medium text-muted">Allowed without asking</h3>
      {open === undefined ? null : open.length === 0 ? (
        <p className="text-muted">Nothing. What needs permission is asked for each time.</p>
      ) : (
        <ul className="flex flex-col" data-testid="grants">
          {open.map((grant) => (
            <li key={grant.id} className="flex min-h-8 items-center gap-2" data-testid="grant">
              <ShieldCheck size={14} aria-hidden className="shrink-0 text-done" />
              <span className="min-w-0 grow">
                {SCOPE_WORDS[grant.scope].all}
                <span className="block text-small text-muted">
                  {grant.expires_at === null
                    ? "as long as the session"
                    : `until ${fullTime(grant.expires_at)}`}
                  , by {grant.by}
                </span>
              </span>
              <Button
                look="danger"
                className="h-7 px-2"
                disabled={busy === grant.id}
                onClick={() => void revoke(grant)}
                data-testid="revoke-grant"
              >
                Revoke
              </Button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
