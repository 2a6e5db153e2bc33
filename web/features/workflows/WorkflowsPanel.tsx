import { FileCode, Pencil, Play, Plus, Workflow as Icon } from "lucide-react";
import { useState } from "react";
import type { Workflow } from "../../../protocol/runs.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { ListFrame } from "../work/ListFrame.tsx";
import { useList } from "../work/useList.ts";
import { byPlace } from "./byPlace.ts";
import { RunDialog } from "./RunDialog.tsx";
import { RunList } from "./RunList.tsx";
import { runsApi } from "./runsApi.ts";
import { ScriptDialog } from "./ScriptDialog.tsx";

type Asking = { what: "run" | "script"; workflow: Workflow } | { what: "new" };

/** The workflows that there are, and what has run. */
export default function WorkflowsPanel({ operator }: { operator: boolean }) {
  const list = useList("workflows", runsApi.workflows);
  const { hosts } = useHub();
  const nameOf = (host: string): string => hosts.get(host)?.name ?? "a host that is gone";
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
        {byPlace(list.items ?? [], nameOf).map(({ key, title, note, workflows }) => (
          <li key={key} className="mt-2 flex flex-col gap-2" data-testid="workflow-place">
            <h3 className="flex min-w-0 items-baseline gap-2 text-muted">
              <span className="shrink-0">{title}</span>
              {note !== null && <span className="min-w-0 font-mono text-[12px] break-words">{note}</span>}
            </h3>
            <ul className="flex flex-col gap-2" aria-label={note === null ? title : `${title}, ${note}`}>
              {workflows.map((workflow) => (
                <li key={`${workflow.path ?? ""} ${workflow.name}`}>
                  <WorkflowCard
                    workflow={workflow}
                    operator={operator}
                    onRun={() => setAsking({ what: "run", workflow })}
                    onScript={() => setAsking({ what: "script", workflow })}
                  />
                </li>
              ))}
            </ul>
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
  const { hosts } = useHub();
  const away = host !== undefined && hosts.get(host)?.presence !== "online";
  return (
    <article
      className="flex flex-col gap-1.5 rounded-base border border-line bg-surface p-3"
      data-testid="workflow"
      data-workflow={name}
    >
      <div className="flex items-start gap-2">
        <div className="min-w-0 grow">
          <h4 className="font-medium break-words">{name}</h4>
          <p className="break-words">{meta.description}</p>
          {problem !== undefined && (
            <p className="break-words text-trouble-text" data-testid="problem">
              {problem}
            </p>
          )}
        </div>
        {/* What cannot be read on its host cannot be shown. */}
        {(path === undefined || (problem === undefined && !away)) && (
          <Button
            look="quiet"
            square
            onClick={onScript}
            aria-label={`The script of ${name}`}
            data-testid="script"
          >
            {path === undefined ? <Pencil size={14} /> : <FileCode size={14} />}
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
        {[
          path,
          away ? "its host is away" : undefined,
          source === "team" ? `version ${version}` : undefined,
          meta.whenToUse,
        ]
          .filter((words) => words !== undefined)
          .join(" · ")}
      </p>
    </article>
  );
}
