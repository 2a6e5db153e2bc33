import { useState } from "react";
import { useLocation } from "wouter";
import { newId } from "../../../protocol/ids.ts";
import type { JobAgent } from "../../../protocol/jobs.ts";
import type { Workflow } from "../../../protocol/runs.ts";
import { useHosts } from "../../shared/live/useHub.ts";
import { CodeInput, Field, Input, Select } from "../../shared/ui/Field.tsx";
import { FormDialog } from "../../shared/ui/FormDialog.tsx";
import { ArgsFields } from "./args/ArgsFields.tsx";
import { newArgs, readArgsDraft } from "./args/argsDraft.ts";
import { AgentSelect } from "../work/AgentSelect.tsx";
import { runsApi } from "./runsApi.ts";

/** Starts a run: its arguments, where its agents work, what it may spend. */
export function RunDialog({ workflow, onClose }: { workflow: Workflow; onClose(): void }) {
  const hosts = useHosts();
  const [, navigate] = useLocation();
  const [{ fields, draft: first }] = useState(() => newArgs(workflow.meta.args));
  const [args, setArgs] = useState(first);
  const isFile = workflow.path !== undefined;
  const [host, setHost] = useState(workflow.host ?? (hosts.length === 1 ? (hosts[0]?.id ?? "") : ""));
  const [cwd, setCwd] = useState(() => {
    const offered = hosts.find(({ id }) => id === host)?.info?.workspaces[0] ?? "";
    return workflow.source === "project" ? (workflow.root ?? offered) : offered;
  });
  const [agent, setAgent] = useState<JobAgent>("edge");
  const [budget, setBudget] = useState("");
  const [fresh, setFresh] = useState(false);
  // The same id when it is tried again: one run is started.
  const [id] = useState(() => newId("run"));
  const read = readArgsDraft(fields, args);
  const placed = host === "" ? agent === "edge" : cwd.trim().startsWith("/");
  const ready = read.ok && placed;

  async function start(): Promise<void> {
    if (!read.ok) return;
    await runsApi.start(workflow.name, {
      id,
      args: read.value,
      ...(host === "" ? {} : { host, cwd: cwd.trim() }),
      ...(agent === "edge" ? {} : { provider: agent }),
      ...(budget === "" ? {} : { budget: Number(budget) }),
      ...(fresh ? { fresh } : {}),
      ...(isFile ? { file: true } : {}),
    });
    navigate(`/work/runs/${id}`);
  }

  return (
    <FormDialog
      onClose={onClose}
      title={`Run ${workflow.name}`}
      description={workflow.meta.description}
      testId="run-dialog"
      submit="Run"
      submitTestId="start-run"
      ready={ready}
      onSubmit={start}
    >
      <ArgsFields fields={fields} draft={args} onChange={setArgs} />
      <div className="grid grid-cols-2 gap-3 phone:grid-cols-1">
        <Field label="Host (optional)">
          {(ids) => (
            <Select
              {...ids}
              value={host}
              disabled={isFile}
              onChange={(event) => setHost(event.target.value)}
              data-testid="run-host"
            >
              <option value="">None: agents without tools of a host</option>
              {hosts.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field
          label="Directory"
          error={placed ? null : host === "" ? "It works on a host" : "A path from the root on"}
        >
          {(ids) => (
            <CodeInput
              {...ids}
              disabled={host === ""}
              value={cwd}
              onChange={(event) => setCwd(event.target.value)}
              data-testid="run-cwd"
            />
          )}
        </Field>
        <AgentSelect
          label="Its agents, unless the script says it"
          host={host}
          value={agent}
          onChange={setAgent}
        />
        <Field label="Budget (optional)" hint="Tokens; no agent begins beyond it">
          {(ids) => (
            <Input
              {...ids}
              type="number"
              inputMode="numeric"
              min={1}
              value={budget}
              onChange={(event) => setBudget(event.target.value)}
            />
          )}
        </Field>
        <label className="flex items-center gap-2 self-center">
          <input type="checkbox" checked={fresh} onChange={(event) => setFresh(event.target.checked)} />
          Ask every agent anew
        </label>
      </div>
    </FormDialog>
  );
}
