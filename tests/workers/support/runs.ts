import { vi } from "vitest";
import type { RunDetail } from "../../../protocol/runs.ts";
import { call } from "./edge.ts";

/** Saves a workflow: its body alone, or all of it. */
export async function save(name: string, body: string): Promise<Response> {
  const script = body.includes("export const meta")
    ? body
    : `export const meta = { name: "${name}", description: "of a test" };\n${body}`;
  return call(`/api/workflows/${name}`, { method: "PUT", body: { script } });
}

/** Starts a run; its id. */
export async function start(name: string, body: object = {}): Promise<string> {
  const response = await call(`/api/workflows/${name}/runs`, { body });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json<{ id: string }>()).id;
}

export async function detail(id: string): Promise<RunDetail> {
  return (await call(`/api/runs/${id}`)).json<RunDetail>();
}

/** A run once it has ended. */
export function ended(id: string): Promise<RunDetail> {
  return vi.waitUntil(
    async () => {
      const found = await detail(id);
      return ["completed", "failed", "cancelled"].includes(found.run.status) ? found : null;
    },
    { timeout: 60_000, interval: 50 },
  ) as Promise<RunDetail>;
}

export async function runToEnd(name: string, body: object = {}): Promise<RunDetail> {
  return ended(await start(name, body));
}
