import { useMemo, useState } from "react";
import { newId } from "../../../protocol/ids.ts";
import { type JobAgent, JobSpec, readJobAgent } from "../../../protocol/jobs.ts";
import { useModels } from "../../shared/api/models.ts";
import { places } from "../../shared/lib/places.ts";
import { useHosts, useHub } from "../../shared/live/useHub.ts";
import { CodeInput, Field, Input, Select, Textarea } from "../../shared/ui/Field.tsx";
import { FormDialog } from "../../shared/ui/FormDialog.tsx";
import { AgentSelect } from "../work/AgentSelect.tsx";
import { workApi } from "../work/workApi.ts";

/** Adds a task. */
export function TaskDialog({ onClose, onDone }: { onClose(): void; onDone(): void }) {
  const hosts = useHosts();
  const { sessions } = useHub();
  const models = useModels();
  const [prompt, setPrompt] = useState("");
  const [title, setTitle] = useState("");
  const [agent, setAgent] = useState<JobAgent>("edge");
  const [host, setHost] = useState(() => hosts.find(({ presence }) => presence === "online")?.id ?? "");
  const known = useMemo(
    () => places(hosts.find(({ id }) => id === host) ?? null, sessions.values()),
    [hosts, host, sessions],
  );
  const [cwd, setCwd] = useState<string | null>(null);
  const [model, setModel] = useState("");
  // The same id when it is tried again: one task is added.
  const [id] = useState(() => newId("tsk"));

  const where = (cwd ?? known[0] ?? "").trim();
  const spec = readSpec();
  function readSpec(): JobSpec | null {
    if (prompt.trim() === "") return null;
    if (agent !== "edge") {
      const given = { ...readJobAgent(agent), prompt: prompt.trim(), host, cwd: where };
      return JobSpec.safeParse(given).data ?? null;
    }
    const place = host === "" ? {} : where.startsWith("/") ? { host, cwd: where } : { host };
    return { provider: "edge", prompt: prompt.trim(), ...place, ...(model === "" ? {} : { model }) };
  }

  async function add(): Promise<void> {
    if (spec === null) return;
    await workApi.addTask({ id, spec, ...(title.trim() === "" ? {} : { title: title.trim() }) });
    onDone();
  }

  return (
    <FormDialog
      onClose={onClose}
      title="New task"
      description="It waits its turn and runs without you; what it asks for leave comes to the inbox."
      testId="task-dialog"
      submit="Add the task"
      submitTestId="add-task"
      ready={spec !== null}
      onSubmit={add}
    >
      <Field label="What it is to do" hint="It sees nothing else: say everything that it must know.">
        {(ids) => (
          <Textarea
            {...ids}
            rows={5}
            value={prompt}
            onChange={(event) => setPrompt(event.target.value)}
            data-testid="task-prompt"
          />
        )}
      </Field>
      <Field label="Title (optional)">
        {(ids) => (
          <Input
            {...ids}
            maxLength={200}
            value={title}
            onChange={(event) => setTitle(event.target.value)}
            data-testid="task-title"
          />
        )}
      </Field>
      <div className="grid grid-cols-2 gap-3 phone:grid-cols-1">
        <AgentSelect host={host} value={agent} onChange={setAgent} />
        <Field label="Host">
          {(ids) => (
            <Select
              {...ids}
              value={host}
              onChange={(event) => {
                setHost(event.target.value);
                setCwd(null);
              }}
              data-testid="task-host"
            >
              {agent === "edge" && <option value="">None: it only thinks</option>}
              {agent !== "edge" && host === "" && <option value="">Choose a host</option>}
              {hosts.map(({ id: each, name }) => (
                <option key={each} value={each}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      {host !== "" && (
        <Field label="Directory">
          {(ids) => (
            <>
              <CodeInput
                {...ids}
                list="task-places"
                maxLength={4096}
                value={cwd ?? known[0] ?? ""}
                onChange={(event) => setCwd(event.target.value)}
                data-testid="task-cwd"
              />
              <datalist id="task-places">
                {known.map((place) => (
                  <option key={place} value={place} />
                ))}
              </datalist>
            </>
          )}
        </Field>
      )}
      {agent === "edge" && (
        <Field label="Model">
          {(ids) => (
            <Select {...ids} value={model} onChange={(event) => setModel(event.target.value)}>
              <option value="">The one that new chats begin with</option>
              {models?.map(({ id: each, name }) => (
                <option key={each} value={each}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
    </FormDialog>
  );
}
