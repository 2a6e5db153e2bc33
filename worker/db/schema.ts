import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const teams = sqliteTable("team", {
  id: text().primaryKey(),
  name: text().notNull(),
  created_at: integer().notNull(),
});

/** Hosts, and the only place of their tokens' hashes. `json` is what the host object last said. */
export const hosts = sqliteTable(
  "host",
  {
    id: text().primaryKey(),
    team: text().notNull(),
    name: text().notNull(),
    /** SHA-256 (hex) of the host's token; null until it is enrolled and after it is rotated. */
    token_sha256: text(),
    created_at: integer().notNull(),
    removed_at: integer(),
    version: integer().notNull().default(0),
    json: text(),
  },
  (table) => [index("host_team").on(table.team, table.id)],
);

/** One-time codes: to enrol a host (`subject` a host) or to sign in (`subject` a user). */
export const codes = sqliteTable("code", {
  sha256: text().primaryKey(),
  purpose: text({ enum: ["enrol", "sign_in"] }).notNull(),
  subject: text().notNull(),
  expires_at: integer().notNull(),
  used_at: integer(),
});

/** Signed-in browsers; the cookie's value is kept only as a hash. */
export const logins = sqliteTable("login", {
  sha256: text().primaryKey(),
  user: text().notNull(),
  role: text({ enum: ["admin", "operator", "viewer"] }).notNull(),
  created_at: integer().notNull(),
  expires_at: integer().notNull(),
});

/** Which sessions a login has opened sockets of, so that signing out ends them. */
export const loginSessions = sqliteTable(
  "login_session",
  { login: text().notNull(), session: text().notNull() },
  (table) => [primaryKey({ columns: [table.login, table.session] })],
);

/** The index of sessions; `json` is the session as its object last said. */
export const sessions = sqliteTable(
  "session",
  {
    id: text().primaryKey(),
    team: text().notNull(),
    host: text(),
    provider: text().notNull(),
    status: text().notNull(),
    attention: integer().notNull(),
    ended: integer().notNull(),
    /** Title, directory, branch, command and last line in lower case, for search. */
    hay: text().notNull(),
    created_at: integer().notNull(),
    updated_at: integer().notNull(),
    version: integer().notNull(),
    json: text().notNull(),
  },
  (table) => [index("session_list").on(table.team, table.created_at)],
);

/** Who did what. Never changed, never deleted by the product. */
export const audit = sqliteTable(
  "audit",
  {
    id: text().primaryKey(),
    team: text().notNull(),
    at: integer().notNull(),
    actor: text().notNull(),
    action: text().notNull(),
    target: text().notNull(),
    detail: text().notNull(),
  },
  (table) => [index("audit_time").on(table.team, table.at)],
);

/** The index of approvals across sessions; `json` is the approval as its session last said. */
export const approvals = sqliteTable(
  "approval",
  {
    id: text().primaryKey(),
    team: text().notNull(),
    session: text().notNull(),
    host: text(),
    status: text().notNull(),
    created_at: integer().notNull(),
    version: integer().notNull(),
    json: text().notNull(),
  },
  (table) => [index("approval_list").on(table.team, table.status, table.created_at)],
);

/** Spans of traces that ended; `json` is the span. What still runs is known to its session's object alone. */
export const spans = sqliteTable(
  "span",
  {
    session: text().notNull(),
    id: text().notNull(),
    team: text().notNull(),
    turn: integer().notNull(),
    started_at: integer().notNull(),
    version: integer().notNull(),
    json: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.session, table.id] }),
    index("span_list").on(table.session, table.started_at, table.id),
  ],
);

/** Standing decisions of a team. */
export const rules = sqliteTable(
  "rule",
  {
    id: text().primaryKey(),
    team: text().notNull(),
    tool: text().notNull(),
    expires_at: integer(),
    version: integer().notNull().default(1),
    /** A removed one stays, so that nothing that is still on its way brings it back. */
    removed_at: integer(),
    json: text().notNull(),
  },
  (table) => [index("rule_tool").on(table.team, table.tool)],
);

/** Providers of models that administrators set. A key is kept encrypted, and opens only for its address. */
export const modelProviders = sqliteTable(
  "model_provider",
  {
    team: text().notNull(),
    id: text().notNull(),
    kind: text({ enum: ["anthropic", "openai", "deepseek", "compatible", "workers-ai"] }).notNull(),
    base_url: text(),
    models: text().notNull(),
    sealed_key: text(),
    /** The key's end, to tell keys apart; null when it is too short for that. */
    key_tail: text(),
    updated_at: integer().notNull(),
    updated_by: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.team, table.id] })],
);

/** The model that a team's new chats begin with. */
export const defaultModels = sqliteTable("default_model", {
  team: text().primaryKey(),
  model: text().notNull(),
});

/** Tasks for background subagents. What a task is for stands in `spec`; the queue carries only its id. */
export const tasks = sqliteTable(
  "task",
  {
    id: text().primaryKey(),
    team: text().notNull(),
    status: text({
      enum: ["queued", "claimed", "running", "completed", "failed", "cancelled", "dead"],
    }).notNull(),
    title: text().notNull(),
    /** {@link JobSpec} as JSON. */
    spec: text().notNull(),
    host: text(),
    by: text().notNull(),
    /** The chat that asked for it, how deep it is below one of a person's, and whether it waits to be told (1). */
    parent: text(),
    depth: integer().notNull().default(0),
    owed: integer().notNull().default(0),
    /** The session of the last try. */
    session: text(),
    tries: integer().notNull().default(0),
    most_tries: integer().notNull(),
    /** Counts how often a person has had it begun anew: a message of an earlier time says nothing about it. */
    round: integer().notNull().default(0),
    /** Until when whoever claimed it has time to start it. */
    lease_until: integer(),
    not_before: integer(),
    cancelled_by: text(),
    /** What its agent said last, as far as it is told; the whole is the blob. */
    result: text(),
    blob: text(),
    error: text(),
    input_tokens: integer().notNull().default(0),
    cached_tokens: integer().notNull().default(0),
    output_tokens: integer().notNull().default(0),
    created_at: integer().notNull(),
    started_at: integer(),
    ended_at: integer(),
    version: integer().notNull().default(1),
  },
  (table) => [
    // Only of those that are not over: what has ended is billed once less.
    index("task_queued")
      .on(table.team, table.created_at)
      .where(sql`status = 'queued'`),
    index("task_active")
      .on(table.team, table.host)
      .where(sql`status IN ('claimed', 'running')`),
    index("task_parent")
      .on(table.parent)
      .where(sql`parent IS NOT NULL`),
    index("task_owed")
      .on(table.team)
      .where(sql`owed = 1`),
  ],
);

/** Addresses that others call to start work; `json` is the webhook, without its secrets, which are kept encrypted. */
export const webhooks = sqliteTable(
  "webhook",
  {
    id: text().primaryKey(),
    team: text().notNull(),
    sealed_secret: text().notNull(),
    /** The secret before this one, and until when it is valid. */
    sealed_previous: text(),
    previous_until: integer(),
    version: integer().notNull(),
    json: text().notNull(),
  },
  (table) => [index("webhook_team").on(table.team, table.id)],
);

/** Calls of webhooks, one for each id of its sender; ids of ours sort by time. The body lies in R2. */
export const deliveries = sqliteTable(
  "delivery",
  {
    webhook: text().notNull(),
    /** The sender's own id of it. */
    delivery: text().notNull(),
    id: text().notNull(),
    json: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.webhook, table.delivery] }),
    index("delivery_list").on(table.webhook, table.id),
  ],
);

/** Runs of workflow scripts. The script and its arguments are those that it began with, whatever changed since. */
export const runs = sqliteTable(
  "run",
  {
    id: text().primaryKey(),
    team: text().notNull(),
    workflow: text().notNull(),
    title: text().notNull(),
    status: text({ enum: ["queued", "running", "completed", "failed", "cancelled"] }).notNull(),
    script: text().notNull(),
    /** JSON. */
    args: text().notNull(),
    /** {@link RunDefaults} as JSON. */
    defaults: text().notNull(),
    /** 1: no result that is known already counts. */
    fresh: integer().notNull().default(0),
    /** Keys of steps whose known results do not count, as JSON. */
    again: text().notNull().default("[]"),
    budget: integer(),
    /** Tokens of its agents and of those of runs within it. */
    spent: integer().notNull().default(0),
    /** JSON; a longer one is a blob. */
    result: text(),
    blob: text(),
    error: text(),
    /** The run and step that this one is a part of; `root` is the first of them all. */
    parent: text(),
    parent_step: text(),
    root: text().notNull(),
    by: text().notNull(),
    /** Times that its script was begun and has not been heard of since. */
    begun: integer().notNull().default(0),
    created_at: integer().notNull(),
    started_at: integer(),
    ended_at: integer(),
    version: integer().notNull().default(1),
  },
  (table) => [
    index("run_list").on(table.team, table.created_at),
    index("run_open")
      .on(table.team)
      .where(sql`status IN ('queued', 'running')`),
  ],
);

/** Steps of runs: what the script asked for, and what came of it. */
export const runSteps = sqliteTable(
  "run_step",
  {
    run: text().notNull(),
    key: text().notNull(),
    /** Its place among the calls of the script. */
    n: integer().notNull(),
    kind: text({ enum: ["agent", "workflow", "approval"] }).notNull(),
    label: text(),
    phase: text(),
    /** What it is a part of, and places of the steps that had ended before it and not before the step before it; see RunStep. */
    scope: text(),
    after: text(),
    /** {@link StepSpec} as JSON. */
    spec: text().notNull(),
    status: text({
      enum: ["pending", "running", "completed", "failed", "skipped", "cancelled", "timed_out"],
    }).notNull(),
    /** 1: it was settled when the script asked for it, and nothing was started. */
    at_once: integer().notNull().default(0),
    cached: integer().notNull().default(0),
    attempt: integer().notNull().default(1),
    retries: integer().notNull().default(0),
    /** Counts what the session of this attempt was asked. */
    round: integer().notNull().default(1),
    /** Its session, or of a workflow its run. */
    session: text(),
    /** JSON, for the script; a longer one is a blob. */
    result: text(),
    blob: text(),
    error: text(),
    /** 1: the script gets the error, not null. */
    throws: integer().notNull().default(0),
    input_tokens: integer().notNull().default(0),
    cached_tokens: integer().notNull().default(0),
    output_tokens: integer().notNull().default(0),
    started_at: integer(),
    deadline: integer(),
    ended_at: integer(),
  },
  (table) => [primaryKey({ columns: [table.run, table.key] })],
);

/** What scripts said; bounded for each run. */
export const runNotes = sqliteTable(
  "run_note",
  {
    run: text().notNull(),
    n: integer().notNull(),
    at: integer().notNull(),
    kind: text({ enum: ["log", "phase", "error"] }).notNull(),
    text: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.run, table.n] })],
);

/** Results of agents by their specification, for the next run of the same workflow. */
export const runCache = sqliteTable(
  "run_cache",
  {
    team: text().notNull(),
    workflow: text().notNull(),
    key: text().notNull(),
    result: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.team, table.workflow, table.key] })],
);

/** The team's own workflows, as they are now. */
export const workflows = sqliteTable(
  "workflow",
  {
    team: text().notNull(),
    name: text().notNull(),
    version: integer().notNull(),
    script: text().notNull(),
    updated_at: integer().notNull(),
    updated_by: text().notNull(),
    removed_at: integer(),
  },
  (table) => [primaryKey({ columns: [table.team, table.name] })],
);

/** What the team's workflows were before. */
export const workflowVersions = sqliteTable(
  "workflow_version",
  {
    team: text().notNull(),
    name: text().notNull(),
    version: integer().notNull(),
    script: text().notNull(),
    updated_at: integer().notNull(),
    updated_by: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.team, table.name, table.version] })],
);

/** How a team's sessions begin, by name. */
export const templates = sqliteTable(
  "template",
  {
    team: text().notNull(),
    name: text().notNull(),
    json: text().notNull(),
    updated_at: integer().notNull(),
    updated_by: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.team, table.name] })],
);
