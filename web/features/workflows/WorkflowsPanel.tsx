import { Pencil, Play, Plus, Workflow as Icon } from "lucide-react";
import { useState } from "react";
import type { Workflow } from "../../../protocol/runs.ts";
import { useHosts } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { ListFrame } from "../work/ListFrame.tsx";
import { useList } from "../work/useList.ts";
import { RunDialog } from "./RunDialog.tsx";
import { RunList } from "./RunList.tsx";
import { runsApi } from "./runsApi.ts";
import { ScriptDialog } from "./ScriptDialog.tsx";

type Asking = { what: "run" | "script"; workflow: Workflow } | { what: "new" };

/** The workflows that there are, and what has run. */
export default function WorkflowsPanel({ operator }: { operator: boolean }) {
  const list = useList("workflows", runsApi.workflows);
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = (): void => setAsking(null);
  return (
    <>
      <RunList />
      <h2 className="mt-4 text-lead font-medium">Workflows</h2>
      <ListFrame
        list={list}
        label="Workflows"
        action={
          operator && (
            <Button onClick={() => setAsking({ what: "new" })} data-testid="new-workflow">
              <Plus size={16} /> New workflow
            </Button>
          )
        }
        empty={<Empty title="There is no workflow yet" icon={<Icon size={24} />} />}
      >
        {list.items?.map((workflow) => (
          <li key={`${workflow.host ?? ""} ${workflow.path ?? ""} ${workflow.name}`}>
            <WorkflowCard
              workflow={workflow}
              operator={operator}
              onRun={() => setAsking({ what: "run", workflow })}
              onScript={() => setAsking({ what: "script", workflow })}
            />
          </li>
        ))}
      </ListFrame>
      {asking?.what === "run" && <RunDialog workflow={asking.workflow} onClose={close} />}
      {(asking?.what === "script" || asking?.what === "new") && (
        <ScriptDialog
          workflow={asking.what === "script" ? asking.workflow : null}
          operator={operator}
          onClose={close}
          onSaved={() => {
            close();
            list.changed();
          }}
        />
      )}
    </>
  );
}

function WorkflowCard({
  workflow: { name, meta, source, version, host, path, problem },
  operator,
  onRun,
  onScript,
}: {
  workflow: Workflow;
  operator: boolean;
  onRun(): void;
  onScript(): void;
}) {
  const its = useHosts().find(({ id }) => id === host);
  const away = host !== undefined && its?.presence !== "online";
  return (
    <article
      className="flex flex-col gap-1.5 rounded-base border border-line bg-surface p-3"
      data-testid="workflow"
      data-workflow={name}
    >
      <div className="flex items-start gap-2">
        <div className="min-w-0 grow">
          <h3 className="font-medium break-words">{name}</h3>
          <p className="break-words">{meta.description}</p>
          {problem !== undefined && (
            <p className="break-words text-bad" data-testid="problem">
              {problem}
            </p>
          )}
        </div>
        {path === undefined && (
          <Button
            look="quiet"
            square
            onClick={onScript}
            aria-label={`The script of ${name}`}
            data-testid="script"
          >
            <Pencil size={14} />
          </Button>
        )}
        {operator && problem === undefined && !away && (
          <Button onClick={onRun} data-testid="run-workflow">
            <Play size={14} /> Run
          </Button>
        )}
      </div>
      {meta.phases !== undefined && meta.phases.length > 0 && (
        <p className="break-words text-muted">{meta.phases.map(({ title }) => title).join(" → ")}</p>
      )}
      <p className="text-small break-words text-muted">
        {path === undefined
          ? source === "catalogue"
            ? "Comes with Signalbox"
            : `Your team’s, version ${version}`
          : `${path} on ${its?.name ?? "a host"}${away ? ", which is away" : ""}`}
        {meta.whenToUse !== undefined && ` · ${meta.whenToUse}`}
      </p>
    </article>
  );
}
