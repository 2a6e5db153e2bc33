import { useQuery } from "@tanstack/react-query";
import { isEnded } from "../../../protocol/session.ts";
import { useHosts, useHub } from "../../shared/live/useHub.ts";
import { CodeInput, CodeTextarea, Field, Select, Textarea } from "../../shared/ui/Field.tsx";
import { AgentSelect } from "./AgentSelect.tsx";
import { readArgs, type WorkDraft } from "./workDraft.ts";
import { workApi } from "./workApi.ts";

const KINDS = [
  { kind: "message", label: "A message to a session" },
  { kind: "task", label: "A task with an agent of its own" },
  { kind: "workflow", label: "A workflow" },
] as const;

type Props = { draft: WorkDraft; onChange(draft: WorkDraft): void };

/** The fields of what is started. `hint`: what may stand in its texts. */
export function WorkFields({ draft, hint, onChange }: Props & { hint?: string }) {
  return (
    <>
      <Field label="What begins">
        {(ids) => (
          <Select
            {...ids}
            value={draft.kind}
            onChange={(event) => {
              const chosen = KINDS.find(({ kind }) => kind === event.target.value);
              if (chosen !== undefined) onChange({ ...draft, kind: chosen.kind });
            }}
            data-testid="work-kind"
          >
            {KINDS.map(({ kind, label }) => (
              <option key={kind} value={kind}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {draft.kind === "message" && <SessionField draft={draft} onChange={onChange} />}
      {draft.kind === "workflow" ? (
        <WorkflowFields draft={draft} hint={hint} onChange={onChange} />
      ) : (
        <Field label={draft.kind === "message" ? "Message" : "What the agent is to do"} hint={hint}>
          {(ids) => (
            <Textarea
              {...ids}
              rows={4}
              value={draft.text}
              onChange={(event) => onChange({ ...draft, text: event.target.value })}
              data-testid="work-text"
            />
          )}
        </Field>
      )}
      {draft.kind === "task" && <AgentFields draft={draft} onChange={onChange} />}
      {draft.kind !== "message" && <PlaceFields draft={draft} onChange={onChange} />}
    </>
  );
}

function SessionField({ draft, onChange }: Props) {
  const { sessions } = useHub();
  const open = [...sessions.values()].filter((session) => !isEnded(session) || session.id === draft.session);
  return (
    <Field label="Session" hint="The message waits for a turn that runs, and for a host that sleeps.">
      {(ids) => (
        <Select
          {...ids}
          value={draft.session}
          onChange={(event) => onChange({ ...draft, session: event.target.value })}
          data-testid="work-session"
        >
          <option value="">Choose a session</option>
          {draft.session !== "" && !open.some(({ id }) => id === draft.session) && (
            <option value={draft.session}>A session that is gone</option>
          )}
          {open
            .toSorted((a, b) => a.title.localeCompare(b.title))
            .map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
        </Select>
      )}
    </Field>
  );
}

function AgentFields({ draft, onChange }: Props) {
  return (
    <div className="grid grid-cols-2 gap-3 phone:grid-cols-1">
      <AgentSelect
        host={draft.host}
        value={draft.agent}
        // What was said of another agent does not hold for this one.
        onChange={(agent) => onChange({ ...draft, agent, more: {} })}
      />
      <Field label="Model (optional)">
        {(ids) => (
          <CodeInput
            {...ids}
            maxLength={100}
            placeholder="The usual one"
            value={draft.model}
            onChange={(event) => onChange({ ...draft, model: event.target.value })}
          />
        )}
      </Field>
    </div>
  );
}

/** Where it works; a chat's model needs no place. */
function PlaceFields({ draft, onChange }: Props) {
  const hosts = useHosts();
  const needed = draft.kind === "task" && draft.agent !== "edge";
  return (
    <div className="grid grid-cols-2 gap-3 phone:grid-cols-1">
      <Field label={needed ? "Host" : "Host (optional)"}>
        {(ids) => (
          <Select
            {...ids}
            value={draft.host}
            onChange={(event) => onChange({ ...draft, host: event.target.value })}
            data-testid="work-host"
          >
            <option value="">{needed ? "Choose a host" : "None"}</option>
            {draft.host !== "" && !hosts.some(({ id }) => id === draft.host) && (
              <option value={draft.host}>A host that is gone</option>
            )}
            {hosts.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Directory" hint="One of the host’s workspaces, from the root on">
        {(ids) => (
          <CodeInput
            {...ids}
            maxLength={4096}
            disabled={draft.host === ""}
            value={draft.cwd}
            onChange={(event) => onChange({ ...draft, cwd: event.target.value })}
            data-testid="work-cwd"
          />
        )}
      </Field>
    </div>
  );
}

function WorkflowFields({ draft, hint, onChange }: Props & { hint: string | undefined }) {
  const { data = [] } = useQuery({ queryKey: ["workflow names"], queryFn: workApi.workflowNames });
  return (
    <>
      <Field label="Workflow">
        {(ids) => (
          <Select
            {...ids}
            value={draft.workflow}
            onChange={(event) => onChange({ ...draft, workflow: event.target.value })}
            data-testid="work-workflow"
          >
            <option value="">Choose a workflow</option>
            {draft.workflow !== "" && !data.includes(draft.workflow) && <option>{draft.workflow}</option>}
            {data.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        )}
      </Field>
      <Field
        label="Arguments"
        hint={hint ?? "JSON, as the workflow’s script reads them from args"}
        error={readArgs(draft.args) === undefined ? "This is not JSON." : null}
      >
        {(ids) => (
          <CodeTextarea
            {...ids}
            rows={4}
            value={draft.args}
            onChange={(event) => onChange({ ...draft, args: event.target.value })}
            data-testid="work-args"
          />
        )}
      </Field>
    </>
  );
}
