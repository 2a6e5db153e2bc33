import * as z from "zod";
import { page } from "../../../protocol/api.ts";
import { Run } from "../../../protocol/run.ts";
import {
  RunDetail,
  Workflow,
  WorkflowMeta,
  type CreateRun,
  type RetryRun,
  type SaveWorkflow,
  type StepDecision,
} from "../../../protocol/runs.ts";
import { request, requestNothing } from "../../shared/api/request.ts";

const workflow = (name: string): string => `/workflows/${encodeURIComponent(name)}`;
const run = (id: string): string => `/runs/${encodeURIComponent(id)}`;
const Script = z.object({ script: z.string(), version: z.number(), source: z.string(), meta: WorkflowMeta });
const Saved = z.object({ name: z.string(), version: z.number() });

/** Workflows and their runs, one function per use. */
export const runsApi = {
  workflows: async () => (await request("/workflows", page(Workflow))).items,
  /** Of a file, the script as it lies on its host. */
  script: ({ name, host, root }: Pick<Workflow, "name" | "host" | "root">) => {
    const place = host === undefined ? "" : `?${new URLSearchParams({ host, ...(root && { cwd: root }) })}`;
    return request(`${workflow(name)}${place}`, Script);
  },
  save: (name: string, body: SaveWorkflow) => request(workflow(name), Saved, { method: "PUT", body }),
  remove: (name: string) => requestNothing(workflow(name), { method: "DELETE" }),
  start: (name: string, body: z.input<typeof CreateRun>) =>
    request(`${workflow(name)}/runs`, Run, { method: "POST", body }),

  runs: (cursor: string | null) =>
    request(`/runs?limit=20${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`, page(Run)),
  run: (id: string) => request(run(id), RunDetail),
  result: (id: string) => request(`${run(id)}/result`, z.unknown()),
  cancel: (id: string) => requestNothing(`${run(id)}/cancel`, { method: "POST" }),
  retry: (id: string, body: RetryRun) => request(`${run(id)}/retry`, Run, { method: "POST", body }),
  decide: (id: string, step: string, body: StepDecision) =>
    requestNothing(`${run(id)}/steps/${encodeURIComponent(step)}`, { method: "POST", body }),
};
