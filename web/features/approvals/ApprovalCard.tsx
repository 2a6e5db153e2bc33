import { Ban, Check, CircleSlash, ShieldCheck, TriangleAlert } from "lucide-react";
import { useState, type ReactNode } from "react";
import type { Approval, Decision } from "../../../protocol/approvals.ts";
import { useRole } from "../../shared/api/role.ts";
import { DiffText } from "../../shared/code/DiffText.tsx";
import { classes } from "../../shared/lib/classes.ts";
import { showHidden } from "../../shared/lib/showHidden.ts";
import { fullTime } from "../../shared/lib/time.ts";
import { useCertain } from "../../shared/live/certain.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Signal } from "../../shared/ui/Signal.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { approvalWords, awaySentence, SCOPE_WORDS, type ApprovalTone } from "./approvalWords.ts";
import { AlwaysPanel, DenyPanel, SessionPanel } from "./DecisionPanels.tsx";
import type { Sending } from "./decisions.ts";
import { EditPanel } from "./EditPanel.tsx";
import { inputText, parseInput } from "./inputFields.ts";
import { QuestionsPanel } from "./QuestionsPanel.tsx";
import { ToolInput } from "./ToolInput.tsx";
import { decisions, useApproval } from "./useApproval.ts";

/** One privileged act and its decision: in the inbox with everything around it, in a call's card only what that does not say already. */
export function ApprovalCard({ approval: given, inCall = false }: { approval: Approval; inCall?: boolean }) {
  const { approval, sending } = useApproval(given);
  const { hosts } = useHub();
  const host = approval.host === null ? null : (hosts.get(approval.host) ?? null);
  const away = awaySentence(host);
  const pending = approval.status === "pending";
  const asks = approval.questions !== undefined;
  return (
    <div
      className="flex flex-col gap-2.5"
      data-testid="approval"
      data-approval={approval.id}
      data-status={approval.status}
    >
      {(!inCall || !pending) && <ApprovalHead approval={approval} />}
      {!inCall && !(asks && pending) && <ToolInput tool={approval.tool} json={approval.input} />}
      {approval.unverified === true && pending && (
        <p className="text-muted" data-testid="unverified">
          <b className="font-medium text-waiting-text">Unverified.</b> Read off the terminal&rsquo;s screen;
          the program itself says nothing. Keys are pressed once, and only while this very prompt is shown.
        </p>
      )}
      {pending && !asks && <Touches approval={approval} hostName={host?.name ?? null} whole={inCall} />}
      {approval.edited_input !== null && <Edited approval={approval} edited={approval.edited_input} />}
      {approval.message !== null && (
        <p className="border-l-2 border-line pl-3 break-words whitespace-pre-wrap">{approval.message}</p>
      )}
      {pending && away !== null && (
        <p className="rounded-base bg-waiting-ground px-3 py-2 text-waiting-text" data-testid="away">
          {away}
        </p>
      )}
      {sending !== null && sending.phase !== "sending" && (
        <p
          role="alert"
          data-testid="decision-problem"
          className={sending.phase === "late" ? "text-waiting-text" : "text-trouble-text"}
        >
          {sending.message}
        </p>
      )}
      {pending && sending?.phase !== "late" && (
        <Choices approval={approval} sending={sending} hostName={host?.name ?? null} />
      )}
      {pending && approval.expires_at !== null && (
        <p className="text-small text-muted" data-testid="expires">
          Expires{" "}
          <time title={fullTime(approval.expires_at)}>
            <Since at={approval.expires_at} clock />
          </time>
          {", when nobody has decided"}
        </p>
      )}
    </div>
  );
}

const TONES: Record<ApprovalTone, string> = {
  waiting: "text-waiting-text",
  good: "text-done-text",
  plain: "text-muted",
  bad: "text-trouble-text",
};

/** How it stands, in shape and word, and since when. */
function ApprovalHead({ approval }: { approval: Approval }) {
  const { word, tone } = approvalWords(approval);
  const sign: ReactNode =
    tone === "waiting" ? (
      <Signal status="waiting" silent />
    ) : tone === "good" ? (
      <ShieldCheck size={14} aria-hidden />
    ) : tone === "bad" ? (
      <TriangleAlert size={14} aria-hidden />
    ) : (
      <CircleSlash size={14} aria-hidden />
    );
  return (
    <div className="flex items-start gap-2">
      <span className={classes("flex h-5 shrink-0 items-center", TONES[tone])}>{sign}</span>
      <span className={classes("min-w-0 font-medium break-words", TONES[tone])}>{word}</span>
      {approval.status === "pending" && approval.questions === undefined ? (
        <span className="min-w-0 truncate text-muted">{SCOPE_WORDS[approval.scope].one}</span>
      ) : null}
      <span className="ml-auto shrink-0 text-muted">
        {approval.decided_at === null ? (
          <Since at={approval.created_at} />
        ) : (
          <time title={fullTime(approval.decided_at)}>
            <Since at={approval.decided_at} clock />
          </time>
        )}
      </span>
    </div>
  );
}

/** What it would touch; `whole`: with what it is, where nothing else says so. */
function Touches({
  approval,
  hostName,
  whole,
}: {
  approval: Approval;
  hostName: string | null;
  whole: boolean;
}) {
  const { touches, scope } = approval;
  if (touches.length === 0 && hostName === null && !whole) return null;
  return (
    <p className="text-muted" data-testid="touches">
      {whole && `${SCOPE_WORDS[scope].one}. `}
      {touches.length > 0 ? "Touches " : hostName === null ? "" : "Runs"}
      {touches.map((path, index) => (
        <span key={path}>
          {index > 0 && ", "}
          <code className="font-mono text-[12px] break-all text-text">{showHidden(path)}</code>
        </span>
      ))}
      {hostName !== null && ` on ${hostName}`}
    </p>
  );
}

function Edited({ approval, edited }: { approval: Approval; edited: string }) {
  const before = parseInput(approval.input);
  const after = parseInput(edited);
  return (
    <div data-testid="edited">
      <p className="mb-1 text-muted">The input was changed before it ran:</p>
      <div className="overflow-hidden rounded-base border border-line">
        <DiffText
          before={before === null ? approval.input : inputText(before)}
          after={after === null ? edited : inputText(after)}
          label="What was changed"
        />
      </div>
    </div>
  );
}

type PanelName = "session" | "always" | "edit" | "deny";

function Choices({
  approval,
  sending,
  hostName,
}: {
  approval: Approval;
  sending: Sending | null;
  hostName: string | null;
}) {
  const [panel, setPanel] = useState<PanelName | null>(null);
  const role = useRole();
  const busy = sending?.phase === "sending";
  const blocked = !useCertain() || busy;
  const decide = (decision: Decision): void => void decisions.decide(approval.id, decision);
  const { offers, questions } = approval;
  const props = { approval, busy, onDecide: decide, onBack: () => setPanel(null) };

  if (role === "viewer") return <p className="text-muted">Somebody who may decide is waited for.</p>;
  if (questions !== undefined)
    return (
      <QuestionsPanel
        questions={questions}
        disabled={blocked}
        onAnswer={(answers) => decide({ decision: "allow", input: { answers } })}
        onRefuse={() => decide({ decision: "deny" })}
      />
    );
  if (panel === "session") return <SessionPanel {...props} />;
  if (panel === "always") return <AlwaysPanel {...props} hostName={hostName} />;
  if (panel === "deny") return <DenyPanel {...props} />;
  if (panel === "edit")
    return (
      <EditPanel
        approval={approval}
        busy={busy}
        onAllow={(input) => decide({ decision: "allow", scope: "once", input })}
        onBack={() => setPanel(null)}
      />
    );
  return (
    <div className="flex flex-wrap items-center gap-x-1.5 gap-y-2" role="group" aria-label="Decide">
      <Button
        look="primary"
        disabled={blocked}
        onClick={() => decide({ decision: "allow", scope: "once" })}
        data-testid="allow-once"
        className="touch:h-11 phone:grow phone:basis-[40%]"
      >
        <Check size={14} /> {busy && sending.decision === "allow" ? "Allowing" : "Allow once"}
      </Button>
      <Button
        look="danger"
        disabled={blocked}
        onClick={() => decide({ decision: "deny" })}
        data-testid="deny"
        className="touch:h-11 phone:grow phone:basis-[40%]"
      >
        <Ban size={14} /> {busy && sending.decision === "deny" ? "Denying" : "Deny"}
      </Button>
      <span className="grow phone:hidden" />
      {approval.unverified !== true && (
        <>
          <More disabled={blocked} onClick={() => setPanel("session")} testId="more-session">
            This session
          </More>
          {/* A rule is for the whole team. */}
          {role !== "operator" && (
            <More disabled={blocked} onClick={() => setPanel("always")} testId="more-always">
              Always
            </More>
          )}
        </>
      )}
      {offers?.includes("edit") !== false && (
        <More disabled={blocked} onClick={() => setPanel("edit")} testId="more-edit">
          Edit
        </More>
      )}
      {offers?.includes("message") !== false && (
        <More disabled={blocked} onClick={() => setPanel("deny")} testId="more-deny">
          Deny, say why
        </More>
      )}
      {offers?.includes("interrupt") === true && (
        <More
          disabled={blocked}
          onClick={() => decide({ decision: "deny", interrupt: true })}
          testId="deny-stop"
        >
          Deny and stop it
        </More>
      )}
    </div>
  );
}

function More({
  children,
  disabled,
  onClick,
  testId,
}: {
  children: ReactNode;
  disabled: boolean;
  onClick(): void;
  testId: string;
}) {
  return (
    <Button
      look="quiet"
      disabled={disabled}
      onClick={onClick}
      data-testid={testId}
      className="px-2! touch:h-10"
    >
      {children}
    </Button>
  );
}
