import { and, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../../durable-objects/shared/env.ts";
import { workflows } from "../db/schema.ts";
import { catalogue } from "./catalogue.ts";

/** A workflow's script by its name: the team's own first, then the catalogue. */
export async function findWorkflow(
  env: Env,
  team: string,
  name: string,
): Promise<{ script: string; source: "team" | "catalogue"; version: number } | null> {
  const row = await drizzle(env.DB)
    .select()
    .from(workflows)
    .where(and(eq(workflows.team, team), eq(workflows.name, name), isNull(workflows.removed_at)))
    .get();
  if (row !== undefined) return { script: row.script, source: "team", version: row.version };
  const built = catalogue.get(name);
  return built === undefined ? null : { script: built, source: "catalogue", version: 1 };
}
