import { useState } from "react";
import type { Rule } from "../../../protocol/approvals.ts";
import { api } from "../../shared/api/endpoints.ts";
import { fullTime } from "../../shared/lib/time.ts";
import { useHosts } from "../../shared/live/useHub.ts";
import { CodeInput, Field, Input, Select } from "../../shared/ui/Field.tsx";
import { FormDialog } from "../../shared/ui/FormDialog.tsx";
import { SCOPE_WORDS } from "../approvals/approvalWords.ts";
import { endOf, RULE_EXPIRIES } from "../approvals/expiry.ts";
import { isToolName, TOOLS } from "../../../protocol/tools.ts";
import { patternProblem, RULE_TOOLS } from "./ruleWords.ts";

/** The end that a rule has already. */
const KEEP = "keep";

/** Makes a rule, or changes one. */
export function RuleDialog({
  rule,
  onClose,
  onDone,
}: {
  rule: Rule | null;
  onClose(): void;
  onDone(): void;
}) {
  const hosts = useHosts();
  const exact = rule !== null && rule.pattern === null;
  const [tool, setTool] = useState(rule?.tool ?? "run_command");
  const [pattern, setPattern] = useState(rule === null ? "run_command " : (rule.pattern ?? ""));
  const [host, setHost] = useState(rule?.host ?? "");
  const [workspace, setWorkspace] = useState(rule?.workspace ?? "");
  const [expiry, setExpiry] = useState(rule === null ? "30d" : KEEP);
  const [reason, setReason] = useState(rule?.reason ?? "");
  const wrong = exact ? null : patternProblem(tool, pattern);
  const all = !exact && wrong === null && pattern.trim() === tool;

  function chooseTool(next: string): void {
    if (pattern.trim() === tool || pattern.trim() === "") setPattern(`${next} `);
    setTool(next);
  }

  async function save(): Promise<void> {
    const where = { host: host === "" ? null : host, workspace: workspace.trim() || null };
    const expires_at =
      expiry === KEEP
        ? (rule?.expires_at ?? null)
        : (endOf(RULE_EXPIRIES, expiry, Date.now()).expires_at ?? null);
    const rest = { ...where, expires_at, reason: reason.trim() };
    if (rule === null) await api.makeRule({ ...rest, tool, pattern: pattern.trim() });
    else
      await api.changeRule(rule.id, {
        ...rest,
        ...(exact ? {} : { pattern: pattern.trim() }),
        version: rule.version ?? 1,
      });
    onDone();
  }

  return (
    <FormDialog
      onClose={onClose}
      title={rule === null ? "New rule" : "Edit the rule"}
      description="What it covers runs without asking, in every session; what waits for it now is released."
      testId="rule-dialog"
      submit={rule === null ? "Make the rule" : "Save"}
      submitTestId="save-rule"
      ready={wrong === null}
      onSubmit={save}
    >
      {rule === null && (
        <Field label="Tool" hint={isToolName(tool) ? SCOPE_WORDS[TOOLS[tool].scope].one : undefined}>
          {(ids) => (
            <Select
              {...ids}
              value={tool}
              onChange={(event) => chooseTool(event.target.value)}
              data-testid="rule-tool"
            >
              {RULE_TOOLS.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
        </Field>
      )}
      {exact ? (
        <p>
          <span className="text-muted">Exactly</span>{" "}
          <code className="font-mono text-[12px] break-all">{rule.summary ?? `${tool}, one input`}</code>
        </p>
      ) : (
        <Field
          label="Begins with"
          error={wrong}
          hint={
            all
              ? "This covers every call of the tool."
              : "As the line of an approval does, up to the end of a word."
          }
        >
          {(ids) => (
            <CodeInput
              {...ids}
              maxLength={500}
              value={pattern}
              onChange={(event) => setPattern(event.target.value)}
              data-testid="rule-pattern"
            />
          )}
        </Field>
      )}
      <div className="grid grid-cols-2 gap-3 phone:grid-cols-1">
        <Field label="Host">
          {(ids) => (
            <Select
              {...ids}
              value={host}
              onChange={(event) => setHost(event.target.value)}
              data-testid="rule-host"
            >
              <option value="">Any host</option>
              {host !== "" && !hosts.some(({ id }) => id === host) && (
                <option value={host}>A host that is gone</option>
              )}
              {hosts.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="For how long">
          {(ids) => (
            <Select
              {...ids}
              value={expiry}
              onChange={(event) => setExpiry(event.target.value)}
              data-testid="rule-expiry"
            >
              {rule !== null && (
                <option value={KEEP}>
                  {rule.expires_at === null
                    ? "As it is: until it is revoked"
                    : `As it is: until ${fullTime(rule.expires_at)}`}
                </option>
              )}
              {RULE_EXPIRIES.map(({ id, label }) => (
                <option key={id} value={id}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      <Field label="Directory (optional)" hint="The workspace of a session; any when it is empty.">
        {(ids) => (
          <CodeInput
            {...ids}
            maxLength={4096}
            value={workspace}
            onChange={(event) => setWorkspace(event.target.value)}
            data-testid="rule-workspace"
          />
        )}
      </Field>
      <Field label="Why (optional)">
        {(ids) => (
          <Input
            {...ids}
            maxLength={500}
            placeholder="For whoever reads the rules later"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
            data-testid="rule-reason"
          />
        )}
      </Field>
    </FormDialog>
  );
}
