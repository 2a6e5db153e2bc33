import { useState, type ReactNode } from "react";
import type { Approval, Decision } from "../../../protocol/approvals.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Field, Input, Select, Textarea } from "../../shared/ui/Field.tsx";
import { SCOPE_WORDS } from "./approvalWords.ts";
import { endOf, GRANT_EXPIRIES, RULE_EXPIRIES, type Expiry } from "./expiry.ts";

type PanelProps = {
  approval: Approval;
  busy: boolean;
  onDecide(decision: Decision): void;
  onBack(): void;
};

/** Allows everything of the same scope in this session for a while. */
export function SessionPanel({ approval, busy, onDecide, onBack }: PanelProps) {
  const [expiry, setExpiry] = useState("1h");
  return (
    <Panel
      testId="panel-session"
      onBack={onBack}
      onSubmit={() =>
        onDecide({ decision: "allow", scope: "session", ...endOf(GRANT_EXPIRIES, expiry, Date.now()) })
      }
      button={
        <Button type="submit" look="primary" disabled={busy} data-testid="confirm-session">
          Allow in this session
        </Button>
      }
    >
      <p className="text-muted">
        This call goes on, and this session may go on with{" "}
        <b className="font-medium text-text">{SCOPE_WORDS[approval.scope].all}</b> without asking. It can be
        revoked in the session&rsquo;s details.
      </p>
      <ExpiryField choices={GRANT_EXPIRIES} value={expiry} onChange={setExpiry} />
      {approval.offers?.includes("remember") === true && (
        <p className="text-muted">
          Or only this: the agent itself remembers it and does not ask for the same again until it ends. That
          cannot be taken back here.{" "}
          <Button
            disabled={busy}
            data-testid="confirm-remember"
            className="touch:h-11"
            onClick={() => onDecide({ decision: "allow", scope: "once", remember: true })}
          >
            Allow, and let it remember
          </Button>
        </p>
      )}
    </Panel>
  );
}

/** Makes a rule: from now on, what matches it is not asked for any more, in any session. */
export function AlwaysPanel({
  approval,
  hostName,
  busy,
  onDecide,
  onBack,
}: PanelProps & { hostName: string | null }) {
  const [match, setMatch] = useState<"exact" | "begins">("exact");
  const [pattern, setPattern] = useState(approval.summary);
  const [expiry, setExpiry] = useState("30d");
  const [reason, setReason] = useState("");
  const [remember, setRemember] = useState(false);
  const matches = pattern !== "" && approval.summary.startsWith(pattern);
  const wrong = match === "begins" && !matches;
  return (
    <Panel
      testId="panel-always"
      onBack={onBack}
      onSubmit={() => {
        if (wrong) return;
        onDecide({
          decision: "allow",
          scope: "always",
          ...endOf(RULE_EXPIRIES, expiry, Date.now()),
          ...(match === "begins" ? { pattern } : {}),
          ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
          ...(remember ? { remember } : {}),
        });
      }}
      button={
        <Button type="submit" look="primary" disabled={busy || wrong} data-testid="confirm-always">
          Allow from now on
        </Button>
      }
    >
      <p className="text-muted">
        A rule for every session{hostName === null ? "" : ` on ${hostName}`}: what it covers runs without
        asking.
      </p>
      <fieldset className="flex flex-col gap-1">
        <legend className="mb-1 font-medium">What it covers</legend>
        <Choice name={approval.id} checked={match === "exact"} onChoose={() => setMatch("exact")}>
          Exactly this call
        </Choice>
        <Choice name={approval.id} checked={match === "begins"} onChoose={() => setMatch("begins")}>
          Every call that begins like this
        </Choice>
      </fieldset>
      {match === "begins" && (
        <Field
          label="Begins with"
          error={wrong ? "This call does not begin so; the rule would not cover it." : null}
          hint="Shorten it to cover more. It is compared sign by sign."
        >
          {(ids) => (
            <Input
              {...ids}
              data-testid="rule-pattern"
              className="font-mono text-[12px]"
              autoCapitalize="off"
              spellCheck={false}
              maxLength={500}
              value={pattern}
              onChange={(event) => setPattern(event.target.value)}
            />
          )}
        </Field>
      )}
      <div className="grid grid-cols-2 gap-3 phone:grid-cols-1">
        <ExpiryField choices={RULE_EXPIRIES} value={expiry} onChange={setExpiry} />
        <Field label="Why (optional)">
          {(ids) => (
            <Input
              {...ids}
              maxLength={500}
              placeholder="For whoever reads the rules later"
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
      </div>
      {approval.offers?.includes("remember") === true && (
        <Tick testId="remember" checked={remember} onChange={setRemember}>
          The agent remembers it, too:{" "}
          <span className="break-words text-muted">{approval.remembers ?? "until it ends"}</span>
        </Tick>
      )}
    </Panel>
  );
}

/** Denies, and says something to whoever asked. */
export function DenyPanel({ approval, busy, onDecide, onBack }: PanelProps) {
  const [message, setMessage] = useState("");
  const [interrupt, setInterrupt] = useState(false);
  return (
    <Panel
      testId="panel-deny"
      onBack={onBack}
      onSubmit={() =>
        onDecide({
          decision: "deny",
          ...(message.trim() === "" ? {} : { message: message.trim() }),
          ...(interrupt ? { interrupt } : {}),
        })
      }
      button={
        <Button type="submit" look="danger" disabled={busy} data-testid="confirm-deny">
          Deny
        </Button>
      }
    >
      <Field label="Message" hint="Who asked reads it and can do something else.">
        {(ids) => (
          <Textarea
            {...ids}
            rows={2}
            autoFocus
            maxLength={4000}
            data-testid="deny-message"
            placeholder="Use the test database instead"
            value={message}
            onChange={(event) => setMessage(event.target.value)}
          />
        )}
      </Field>
      {approval.offers?.includes("interrupt") === true && (
        <Tick testId="interrupt" checked={interrupt} onChange={setInterrupt}>
          It stops what it does, and waits for you.
        </Tick>
      )}
    </Panel>
  );
}

function Tick({
  checked,
  onChange,
  testId,
  children,
}: {
  checked: boolean;
  onChange(checked: boolean): void;
  testId: string;
  children: ReactNode;
}) {
  return (
    <label className="flex min-h-6 items-start gap-2 touch:min-h-11">
      <input
        type="checkbox"
        data-testid={testId}
        className="mt-0.5 size-4 shrink-0 accent-[var(--working)]"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span className="min-w-0">{children}</span>
    </label>
  );
}

function Panel({
  children,
  button,
  onBack,
  onSubmit,
  testId,
}: {
  children: ReactNode;
  button: ReactNode;
  onBack(): void;
  onSubmit(): void;
  testId: string;
}) {
  return (
    <form
      data-testid={testId}
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
      <div className="flex items-center justify-end gap-2">
        <Button look="quiet" onClick={onBack}>
          Back
        </Button>
        {button}
      </div>
    </form>
  );
}

function ExpiryField({
  choices,
  value,
  onChange,
}: {
  choices: readonly Expiry[];
  value: string;
  onChange(id: string): void;
}) {
  return (
    <Field label="For how long">
      {(ids) => (
        <Select
          {...ids}
          data-testid="expiry"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        >
          {choices.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function Choice({
  name,
  checked,
  onChoose,
  children,
}: {
  name: string;
  checked: boolean;
  onChoose(): void;
  children: ReactNode;
}) {
  return (
    <label className="flex min-h-6 items-center gap-2 touch:min-h-9">
      <input
        type="radio"
        name={`match-${name}`}
        className="size-4 accent-[var(--working)]"
        checked={checked}
        onChange={onChoose}
      />
      {children}
    </label>
  );
}
