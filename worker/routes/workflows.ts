import { and, desc, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { Hono, type Context } from "hono";
import * as z from "zod";
import { tellNews } from "../../durable-objects/shared/tellNews.ts";
import { newId } from "../../protocol/ids.ts";
import { CreateRun, RunDefaults, SaveWorkflow, type Workflow, WorkflowName } from "../../protocol/runs.ts";
import type { WorkflowListing } from "../../protocol/workflowFiles.ts";
import { hostName } from "../../durable-objects/shared/names.ts";
import { expectAnswer } from "../askHost.ts";
import { requireRole } from "../auth/requireRole.ts";
import { note } from "../db/audit.ts";
import { hosts, workflows, workflowVersions } from "../db/schema.ts";
import type { App } from "../env.ts";
import { Problem } from "../problem.ts";
import { validate } from "../validate.ts";
import { catalogue } from "../workflows/catalogue.ts";
import { missingPlace } from "../workflows/contract/missingPlace.ts";
import { ARGS_TOO_LONG, isTooLong, problemOfInput } from "../workflows/contract/problemOfInput.ts";
import { metaOf } from "../workflows/contract/metaOf.ts";
import { listingOf } from "../workflows/contract/listingOf.ts";
import { parseScript } from "../workflows/contract/parseScript.ts";
import { ScriptProblem } from "../workflows/contract/ScriptProblem.ts";
import { findHostWorkflow, readTold, workflowsQuestion } from "../workflows/findHostWorkflow.ts";
import { findWorkflow } from "../workflows/findWorkflow.ts";
import { startRun } from "../workflows/startRun.ts";
import { shown } from "./runs.ts";

const ByName = validate("param", z.object({ name: WorkflowName }));
const ListQuery = RunDefaults.pick({ host: true, cwd: true });

/** `/api/workflows`. */
export const workflowRoutes = new Hono<App>()
  .get("/", requireRole("viewer"), validate("query", ListQuery), async (c) => {
    const rows = await drizzle(c.env.DB)
      .select()
      .from(workflows)
      .where(and(eq(workflows.team, c.get("actor").team), isNull(workflows.removed_at)))
      .orderBy(workflows.name);
    const own = rows.map((row): Workflow => ({
      name: row.name,
      source: "team",
      ...metaOf(row.script, row.name),
      version: row.version,
      updated_at: row.updated_at,
      by: row.updated_by,
    }));
    const built = [...catalogue]
      .filter(([name]) => !own.some((workflow) => workflow.name === name))
      .map(([name, script]): Workflow => ({
        name,
        source: "catalogue",
        ...metaOf(script, name),
        version: 1,
        updated_at: null,
        by: null,
      }));
    const { host, cwd } = c.req.valid("query");
    const files = host === undefined ? await toldFiles(c) : await filesOf(c, host, cwd);
    return c.json({ items: [...files, ...own, ...built], next_cursor: null });
  })
  .get("/:name", requireRole("viewer"), ByName, validate("query", ListQuery), async (c) => {
    const { name } = c.req.valid("param");
    const place = c.req.valid("query");
    const found =
      place.host === undefined
        ? await findWorkflow(c.env, c.get("actor").team, name)
        : await findFile(c, name, place);
    if (found === null) throw new Problem(404, "not_found", `There is no workflow ${name}.`);
    return c.json({ name, ...found, ...metaOf(found.script, name) });
  })
  .get("/:name/versions", requireRole("viewer"), ByName, async (c) => {
    const items = await drizzle(c.env.DB)
      .select()
      .from(workflowVersions)
      .where(
        and(
          eq(workflowVersions.team, c.get("actor").team),
          eq(workflowVersions.name, c.req.valid("param").name),
        ),
      )
      .orderBy(desc(workflowVersions.version))
      .limit(100);
    return c.json({ items: items.map(({ team: _team, ...rest }) => rest), next_cursor: null });
  })
  .put("/:name", requireRole("operator"), ByName, validate("json", SaveWorkflow), async (c) => {
    const actor = c.get("actor");
    const { name } = c.req.valid("param");
    const { script, version } = c.req.valid("json");
    const { meta } = readScript(script);
    if (meta.name !== name)
      throw new Problem(400, "invalid_script", `meta.name is ${meta.name}; it is saved as ${name}.`);
    const db = drizzle(c.env.DB);
    const of = and(eq(workflows.team, actor.team), eq(workflows.name, name));
    const row = await db.select().from(workflows).where(of).get();
    if (version !== undefined && version !== (row?.version ?? 0))
      throw new Problem(409, "changed", "Somebody has changed this workflow meanwhile. Load it again.");
    if (row?.script === script && row.removed_at === null)
      return c.json({ name, version: row.version, meta });
    const next = (row?.version ?? 0) + 1;
    const now = Date.now();
    const set = { version: next, script, updated_at: now, updated_by: actor.id, removed_at: null };
    const saved = db
      .insert(workflows)
      .values({ team: actor.team, name, ...set })
      .onConflictDoUpdate({
        target: [workflows.team, workflows.name],
        set,
        setWhere: eq(workflows.version, next - 1),
      })
      .returning({ version: workflows.version });
    // The primary key refuses a second one of the same number: then the whole of it is not done.
    const [, kept] = await db.batch([
      db
        .insert(workflowVersions)
        .values({ team: actor.team, name, version: next, script, updated_at: now, updated_by: actor.id })
        .onConflictDoNothing(),
      saved,
    ]);
    if (kept.length === 0)
      throw new Problem(409, "changed", "Somebody has changed this workflow meanwhile. Load it again.");
    await tellNews(c.env, actor.team, "workflows");
    await note(c.env.DB, actor, "workflow.save", name, `version ${next}`);
    return c.json({ name, version: next, meta });
  })
  .delete("/:name", requireRole("operator"), ByName, async (c) => {
    const actor = c.get("actor");
    const { name } = c.req.valid("param");
    await drizzle(c.env.DB)
      .update(workflows)
      .set({ removed_at: Date.now() })
      .where(and(eq(workflows.team, actor.team), eq(workflows.name, name), isNull(workflows.removed_at)));
    await tellNews(c.env, actor.team, "workflows");
    await note(c.env.DB, actor, "workflow.delete", name);
    return c.body(null, 204);
  })
  .post("/:name/runs", requireRole("operator"), ByName, validate("json", CreateRun), async (c) => {
    const actor = c.get("actor");
    const { name } = c.req.valid("param");
    const { id = newId("run"), args, title, budget, fresh, file, ...defaults } = c.req.valid("json");
    const found =
      file === true ? await findFile(c, name, defaults) : await findWorkflow(c.env, actor.team, name);
    if (found === null) throw new Problem(404, "not_found", `There is no workflow ${name}.`);
    if (isTooLong(args)) throw new Problem(413, "too_large", ARGS_TOO_LONG);
    const misfit = problemOfInput(found.script, args);
    if (misfit !== null) throw new Problem(400, "invalid_args", misfit);
    const missing = missingPlace(found.script, defaults);
    if (missing !== null) throw new Problem(400, "invalid", missing);
    await startRun(c.env, {
      id,
      team: actor.team,
      workflow: name,
      title: title ?? name,
      script: found.script,
      args: args ?? null,
      defaults,
      fresh: fresh ?? false,
      again: [],
      budget: budget ?? null,
      parent: null,
      by: actor.id,
    });
    await note(c.env.DB, actor, "run.start", id, name);
    return c.json(await shown(c.env.DB, actor.team, id), 201);
  });

/** The workflow files of every host, as they were told last. */
async function toldFiles(c: Context<App>): Promise<Workflow[]> {
  const { team } = c.get("actor");
  const rows = await drizzle(c.env.DB)
    .select({ id: hosts.id })
    .from(hosts)
    .where(and(eq(hosts.team, team), isNull(hosts.removed_at)))
    .orderBy(hosts.name);
  const told = await Promise.all(rows.map(({ id }) => toldBy(c, id)));
  return told.flat();
}

async function toldBy(c: Context<App>, host: string): Promise<Workflow[]> {
  const { items, away } = await readTold(c.env, c.get("actor").team, host);
  return items.map((listing) => toWorkflow(host, listing, away));
}

/** Those of one directory of a host and of its home directory, as they are now; of a host that is away, as they were. */
async function filesOf(c: Context<App>, host: string, cwd: string | undefined): Promise<Workflow[]> {
  const hostObject = c.env.HOST.getByName(hostName(c.get("actor").team, host));
  const asked = await hostObject.ask(workflowsQuestion(cwd));
  if (asked.status === "failed" && asked.code === "host_away")
    return (await toldBy(c, host)).filter(({ source, root }) => source === "home" || root === cwd);
  const { items } = expectAnswer(asked, "workflows");
  return items.map((file) => toWorkflow(host, listingOf({ ...file, root: cwd ?? "", hash: null }), false));
}

/** The script of a name on a host; null when there is none. */
async function findFile(
  c: Context<App>,
  name: string,
  { host, cwd }: RunDefaults,
): Promise<{ script: string; source: "project" | "home"; version: number } | null> {
  if (host === undefined) throw new Problem(400, "invalid", "A file lies on a host: give host, and cwd.");
  const found = await findHostWorkflow(c.env, c.get("actor").team, { host, cwd }, name);
  if (found.kind === "none") return null;
  if (found.kind === "failed") throw new Problem(409, found.code, found.message);
  return { script: found.script, source: found.source, version: 1 };
}

function toWorkflow(
  host: string,
  { path, root, place, meta, problem }: WorkflowListing,
  away: boolean,
): Workflow {
  return {
    name: meta.name,
    source: place,
    meta,
    host,
    path,
    root,
    ...(away ? { away } : {}),
    ...(problem === null ? {} : { problem }),
    version: 1,
    updated_at: null,
    by: null,
  };
}

/** Reads a script; what is wrong with it is answered with its line. */
function readScript(script: string) {
  try {
    return parseScript(script);
  } catch (error) {
    if (error instanceof ScriptProblem)
      throw new Problem(400, "invalid_script", `Line ${error.line}: ${error.message}`);
    throw error;
  }
}
