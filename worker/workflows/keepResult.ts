import type { Env } from "../../durable-objects/shared/env.ts";
import type { RunRow } from "./runStore.ts";

/** Longest result that stands in its row; a longer one is a blob. */
const ROW_CHARS = 64 * 1024;

/** Where a result is kept. */
export type Kept = { result: string | null; blob: string | null };

/** Keeps a result: in its row, or when it is long as a blob. The same again is the same blob. */
export async function keepResult(
  env: Env,
  { team, id }: Pick<RunRow, "team" | "id">,
  name: string,
  result: string,
): Promise<Kept> {
  if (result.length <= ROW_CHARS) return { result, blob: null };
  const blob = `${blobsOfRun({ team, id })}${name}`;
  await env.BLOBS.put(blob, result);
  return { result: null, blob };
}

/** The folder of a run's blobs. */
export function blobsOfRun({ team, id }: Pick<RunRow, "team" | "id">): string {
  return `runs/${team}/${id}/`;
}

/** A result that was kept, as JSON text; null when there is none. */
export async function readResult(env: Env, { result, blob }: Kept): Promise<string | null> {
  if (blob === null) return result;
  return (await (await env.BLOBS.get(blob))?.text()) ?? null;
}
