import { useState } from "react";
import type { Rule } from "../../../protocol/approvals.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { fullTime } from "../../shared/lib/time.ts";
import { useHosts } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Dialog, DialogFoot } from "../../shared/ui/Dialog.tsx";
import { Field, Input, Select } from "../../shared/ui/Field.tsx";
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
  const [sending, setSending] = useState<{ busy: boolean; error: string | null }>({
    busy: false,
    error: null,
  });
  const wrong = exact ? null : patternProblem(tool, pattern);
  const all = !exact && wrong === null && pattern.trim() === tool;

  function chooseTool(next: string): void {
    if (pattern.trim() === tool || pattern.trim() === "") setPattern(`${next} `);
    setTool(next);
  }

  async function save(): Promise<void> {
    setSending({ busy: true, error: null });
    const where = { host: host === "" ? null : host, workspace: workspace.trim() || null };
    const expires_at =
      expiry === KEEP
        ? (rule?.expires_at ?? null)
        : (endOf(RULE_EXPIRIES, expiry, Date.now()).expires_at ?? null);
    const rest = { ...where, expires_at, reason: reason.trim() };
    try {
      if (rule === null) await api.makeRule({ ...rest, tool, pattern: pattern.trim() });
      else
        await api.changeRule(rule.id, {
          ...rest,
          ...(exact ? {} : { pattern: pattern.trim() }),
          version: rule.version ?? 1,
        });
      onDone();
    } catch (error) {
      setSending({ busy: false, error: failureSentence(error) });
    }
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={rule === null ? "New rule" : "Edit the rule"}
      description="What it covers runs without asking, in every session; what waits for it now is released."
      testId="rule-dialog"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (wrong === null && !sending.busy) void save();
        }}
      >
        <div className="flex flex-col gap-3 px-5 py-4">
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
                <Input
                  {...ids}
                  className="font-mono text-[12px]"
                  autoCapitalize="off"
                  spellCheck={false}
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
              <Input
                {...ids}
                className="font-mono text-[12px]"
                autoCapitalize="off"
                spellCheck={false}
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
          {sending.error !== null && (
            <p role="alert" className="text-trouble-text" data-testid="rule-problem">
              {sending.error}
            </p>
          )}
        </div>
        <DialogFoot>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            disabled={sending.busy || wrong !== null}
            data-testid="save-rule"
          >
            {rule === null ? "Make the rule" : "Save"}
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}
