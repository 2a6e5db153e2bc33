import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { DEFAULT_TEAM, newId } from "../../protocol/ids.ts";
import type { RunStep, Workflow } from "../../protocol/runs.ts";
import { RunSpan } from "../../protocol/traces.ts";
import { RunWatch } from "../../durable-objects/clock/RunWatch.ts";
import type { Env } from "../../durable-objects/shared/env.ts";
import { startJob } from "../../worker/jobs/startJob.ts";
import { startStep } from "../../worker/workflows/agents/startStep.ts";
import { endStep } from "../../worker/workflows/endStep.ts";
import { readRun } from "../../worker/workflows/runStore.ts";
import { call } from "./support/edge.ts";
import { detail, ended, runToEnd, save, start } from "./support/runs.ts";

test("a workflow with one agent gives what the agent said", async () => {
  await save(
    "one",
    `
const said = await agent("say hello");
log("it said", said);
return { said, args };`,
  );
  const run = await runToEnd("one", { args: { a: 1 } });
  expect(run).toMatchObject({
    run: { status: "completed", steps: { completed: 1 }, error: null },
    result: { said: "hello", args: { a: 1 } },
    notes: [{ kind: "log", text: "it said hello" }],
  });
  expect((await call("/api/runs")).status).toBe(200);
});

test("arguments that do not fit what a workflow says it takes begin nothing, whoever asks", async () => {
  const meta =
    'export const meta = { name: "picky", description: "", args: { type: ["object", "string"], properties: { n: { type: "integer" } }, required: ["n"] } };';
  expect((await save("picky", `${meta}\nreturn args;`)).status).toBe(200);
  await save(
    "asks-picky",
    "return [await workflow('picky', { n: 1 }), await workflow('picky', { n: 'x' })];",
  );
  const refused = async (path: string, body: object) => {
    const response = await call(path, { body });
    const { error } = await response.json<{ error: { code: string; message: string } }>();
    expect(response.status).toBe(400);
    expect(error.code).toBe("invalid_args");
    return error.message;
  };
  expect(await refused("/api/workflows/picky/runs", {})).toBe(
    'The arguments do not fit what picky takes. "n" is missing.',
  );
  const work = { kind: "workflow", workflow: "picky", args: { n: 1.5 } };
  const when = { kind: "cron", cron: "0 9 * * *", time_zone: "UTC" };
  expect(await refused("/api/schedules", { name: "daily", when, work })).toMatch(/n: .*integer/);
  expect(await refused("/api/webhooks", { name: "called", work })).toMatch(/n: .*integer/);
  // What is filled in later is looked at then.
  const later = { ...work, args: { n: "{{payload.n}}" } };
  expect((await call("/api/webhooks", { body: { name: "called", work: later } })).status).toBe(201);
  expect((await runToEnd("picky", { args: "as text" })).result).toBe("as text");
  expect((await runToEnd("picky", { args: { n: 2 } })).result).toEqual({ n: 2 });
  expect((await runToEnd("asks-picky")).run.error).toMatch(/workflow\(\): .*picky takes/);
});

test("parallel is a barrier whose throws are null, pipeline has none", async () => {
  await save(
    "shapes",
    `
const both = await parallel([() => agent("say a"), () => { throw new Error("no"); }, async () => agent("fail 400 9"), () => 7]);
const lines = await pipeline(
  ["x", "y", "z"],
  (previous, item, index) => { if (item === "y") throw new Error("not y"); return agent("say " + previous + index); },
  (previous, item) => agent("say " + previous + "-" + item),
);
return { both, lines };`,
  );
  const { result, notes, items } = await runToEnd("shapes");
  expect(result).toEqual({ both: ["a", null, null, 7], lines: ["x0-x", null, "z2-z"] });
  expect(notes.map(({ kind, text }) => [kind, text])).toEqual([
    ["error", "parallel: 1: no"],
    ["error", "pipeline: 1: not y"],
  ]);
  expect(items.map(({ status, attempt }) => [status, attempt])).toContainEqual(["failed", 3]);
});

test("what comes to nothing goes no further; what is not known of an agent is passed over and told once", async () => {
  await save(
    "to-nothing",
    `
const seen = [];
const ask = (n) => agent("say " + n, { effort: "utmost", stallMs: 5, label: { n }, phase: 7 });
const lines = await pipeline(
  [1, null, Promise.resolve(3)],
  (previous) => (previous === 1 ? null : ask(previous)),
  (previous) => { seen.push(previous); return previous; },
);
return { lines, seen, args: typeof args, said: await agent(42, null).then((text) => typeof text) };`,
  );
  const { result, notes, items } = await runToEnd("to-nothing");
  expect(result).toEqual({ lines: [null, null, "3"], seen: ["3"], args: "undefined", said: "string" });
  expect(notes.map(({ text }) => text)).toEqual([
    "agent(): the effort utmost is not known here, and is passed over.",
    "agent(): the option stallMs is not known here, and is passed over.",
  ]);
  expect(items.map(({ label, phase }) => [label, phase])).toContainEqual(['{"n":3}', "7"]);
});

test("a workflow may have a name of several words", async () => {
  const script = `export const meta = { name: "Über all: of it", description: "of a test" };\nreturn args;`;
  const at = `/api/workflows/${encodeURIComponent("Über all: of it")}`;
  expect((await call(at, { method: "PUT", body: { script } })).status).toBe(200);
  const run = await call(`${at}/runs`, { body: { args: [1] } });
  expect((await ended((await run.json<{ id: string }>()).id)).result).toEqual([1]);
  expect((await call(at, { method: "DELETE" })).status).toBe(204);
});

test("each step says of what it is a part, and what had ended when it was asked for", async () => {
  await save(
    "parts",
    `
const first = await agent("say first");
await pipeline(["a", "b"], (item) => agent("say " + item), async (text) => {
  await parallel([1, 2].map((n) => async () => { await agent("say " + text + n); return agent("say " + text + n + "!"); }));
  return agent("say " + text + " end");
});
try { await agent("say never", { schema: "none" }); } catch {}
await agent("say last");`,
  );
  const { items } = await runToEnd("parts");
  const parts = (steps: RunStep[]) => new Map(steps.map(({ prompt, scope }) => [prompt.slice(4), scope]));
  expect(Object.fromEntries(parts(items))).toEqual({
    first: null,
    a: "1.0.0",
    b: "1.1.0",
    // Which of the two is first is not said: the groups are counted as they begin.
    ...Object.fromEntries([...parts(items)].filter(([name]) => /^[ab]\d!?$/.test(name))),
    "a end": "1.0.1",
    "b end": "1.1.1",
    last: null,
  });
  for (const name of ["a", "b"])
    for (const n of [1, 2])
      for (const mark of ["", "!"])
        expect(parts(items).get(name + n + mark)).toMatch(
          new RegExp(`^1\\.${name === "a" ? 0 : 1}\\.1/[23]\\.${n - 1}$`),
        );
  const placeOf = (words: string) => items.find(({ prompt }) => prompt === `say ${words}`)?.n ?? 0;
  const before = (words: string) =>
    items.filter(({ n }) => n <= placeOf(words)).flatMap(({ after = [] }) => after);
  expect(before("first")).toEqual([]);
  expect(before("a")).toEqual([placeOf("first")]);
  expect(before("a1!")).toContain(placeOf("a1"));
  expect(before("last").toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: items.length - 1 }, (_, index) => index + 1),
  );
  // Run again, all of it known, it is the same.
  const again = await runToEnd("parts");
  expect(again.items.every(({ cached }) => cached)).toBe(true);
  expect(again.items.find(({ prompt }) => prompt === "say last")?.scope).toBeNull();
});

test("an answer fits its schema, or the model is asked again", async () => {
  await save(
    "shaped",
    `
const schema = { type: "object", properties: { n: { type: "number", minimum: 3 } }, required: ["n"] };
const good = await agent('say {"n": 5}', { schema });
const mended = await agent('say {"n": 1}', { schema });
const z = { type: "object", properties: { n: { type: "string", pattern: "^z" } } };
const never = await agent('say {"n": "a"}', { schema: z, retries: 0 });
return { good, mended, never };`,
  );
  const { result, items } = await runToEnd("shaped");
  expect(result).toEqual({ good: { n: 5 }, mended: { n: 3 }, never: null });
  expect(items.map(({ status }) => status)).toEqual(["completed", "completed", "failed"]);
  expect(items[2]?.error).toMatch(/does not fit the schema/);
});

test("a second run takes what is known; a changed prompt is done again, alone", async () => {
  const body = (last: string) => `
const all = await parallel([1, 2, 3].map((i) => () => agent("say part " + i)));
return [...all, await agent("say ${last}")];`;
  await save("known", body("one end"));
  const first = await runToEnd("known");
  expect(first.items.map(({ cached }) => cached)).toEqual([false, false, false, false]);
  const second = await runToEnd("known");
  expect(second.items.map(({ cached }) => cached)).toEqual([true, true, true, true]);
  expect(second.result).toEqual(first.result);
  expect(second.run.spent).toBe(0);
  await save("known", body("another end"));
  const third = await runToEnd("known");
  expect(third.items.map(({ cached }) => cached)).toEqual([true, true, true, false]);
  expect(third.result).toEqual(["part 1", "part 2", "part 3", "another end"]);
  const fresh = await runToEnd("known", { fresh: true });
  expect(fresh.items.map(({ cached }) => cached)).toEqual([false, false, false, false]);
  const again = await call(`/api/runs/${fresh.run.id}/retry`, { body: { from: fresh.items[2]?.key } });
  const retried = await ended((await again.json<{ id: string }>()).id);
  expect(retried.items.map(({ cached }) => cached)).toEqual([true, true, false, false]);
});

test("the budget is a ceiling, for runs within as well", async () => {
  await save(
    "inner",
    "const said = []; for (let i = 0; i < 50; i++) said.push(await agent('say inner ' + i)); return said.length;",
  );
  await save(
    "outer",
    `
const first = await agent("say first");
const before = budget.spent();
try { await workflow("inner"); } catch (error) { log(error.message); }
try { await agent("say last"); } catch (error) { return { first, before, message: error.message, left: budget.remaining() }; }`,
  );
  const { run, result, notes } = await runToEnd("outer", { budget: 1200, fresh: true });
  expect(result).toMatchObject({ first: "first", message: "The budget of this run is spent." });
  expect(notes[0]?.text).toMatch(/inner: .*budget of this run is spent/);
  expect(run.spent).toBeGreaterThanOrEqual(1200);
  expect(run.spent).toBeLessThan(2400);
});

test("a workflow within a workflow gives its result, and starts no third", async () => {
  await save("leaf", "return { got: args, said: await agent('say leaf') };");
  await save("middle", "try { return await workflow('leaf', 1); } catch (error) { return error.message; }");
  await save("top", "return [await workflow('leaf', { a: 1 }), await workflow('middle')];");
  const { result, run } = await runToEnd("top");
  expect(result).toEqual([{ got: { a: 1 }, said: "leaf" }, expect.stringMatching(/starts no third/)]);
  const runs = await (
    await call("/api/runs?limit=10")
  ).json<{ items: { parent: { run: string } | null }[] }>();
  expect(runs.items.filter(({ parent }) => parent?.run === run.id)).toHaveLength(2);
});

test("a person answers, skips and cancels; each word counts once", async () => {
  await save(
    "asking",
    `
const [ok, slow] = await parallel([() => approve("May I?"), () => agent("slow 3000\\nsay never heard")]);
return { ok, slow };`,
  );
  const id = await start("asking");
  const asks = await vi.waitUntil(async () => {
    const { items } = await detail(id);
    return items.length === 2 && items.every(({ status }) => status === "running") && items;
  }, 20_000);
  const [question, agent] = asks as RunStep[];
  const decide = (step: RunStep | undefined, body: object) =>
    call(`/api/runs/${id}/steps/${step?.key ?? ""}`, { body });
  expect((await decide(agent, { type: "answer", approved: true })).status).toBe(409);
  expect((await decide(question, { type: "answer", approved: true })).status).toBe(204);
  expect((await decide(question, { type: "answer", approved: false })).status).toBe(409);
  expect((await decide(agent, { type: "skip" })).status).toBe(204);
  expect(await ended(id)).toMatchObject({
    result: { ok: true, slow: null },
    run: { steps: { completed: 1, skipped: 1 } },
  });

  const other = await start("asking", { fresh: true });
  const session = await vi.waitUntil(
    async () =>
      (await detail(other)).items.find(({ kind, status }) => kind === "agent" && status === "running")
        ?.session,
    20_000,
  );
  expect((await call(`/api/runs/${other}/cancel`, { method: "POST" })).status).toBe(204);
  expect((await call(`/api/runs/${other}/cancel`, { method: "POST" })).status).toBe(204);
  expect((await ended(other)).run).toMatchObject({
    status: "cancelled",
    steps: { cancelled: 2 },
    error: "Stopped by owner.",
  });
  await vi.waitUntil(async () => {
    const { status } = await (await call(`/api/sessions/${session ?? ""}`)).json<{ status: string }>();
    return status === "done";
  }, 20_000);
});

test("a step that takes too long is ended, and the run goes on", async () => {
  await save(
    "late",
    `return [await agent("slow 3000\\nsay late", { timeout: "1s" }), await agent("say on time", { timeout: 60_000 })];`,
  );
  const { result, items } = await runToEnd("late");
  expect(result).toEqual([null, "on time"]);
  expect(items.map(({ status }) => status)).toEqual(["timed_out", "completed"]);
});

test("what was to end is ended once more with its run, though the edge died before it was told; it counts, once", async () => {
  await save(
    "spending",
    `const slow = await agent("slow 4000\\nsay never heard", { timeout: "1s" }); await approve("On?"); return budget.spent();`,
  );
  const id = await start("spending", { budget: 100_000 });
  const [step] = (await vi.waitUntil(async () => {
    const { items } = await detail(id);
    return items.length === 2 && items;
  }, 20_000)) as RunStep[];
  if (step?.session == null) throw new Error("it has no session");
  // As if the edge had died between its row and its session.
  const orphan = newId("ses");
  await env.DB.prepare("UPDATE run_step SET session = ?, round = 1 WHERE run = ? AND key = ?")
    .bind(orphan, id, step.key)
    .run();
  const before = (await detail(id)).run.spent;
  const end = { outcome: "cancelled", text: "", blob: null, error: null } as const;
  const tokens = { input: 70, cached: 0, output: 7 };
  const owner = { kind: "run", id, step: step.key } as const;
  const notice = { team: DEFAULT_TEAM, session: orphan, owner, round: 1, end: { ...end, tokens } };
  await endStep(env, notice);
  await endStep(env, notice);
  expect((await detail(id)).run.spent).toBe(before + 77);
  const made = { team: DEFAULT_TEAM, session: orphan, owner, title: "late", by: "owner" };
  await startJob(env, { ...made, spec: { provider: "edge", prompt: "slow 60000\nsay never" } });
  expect((await call(`/api/runs/${id}/cancel`, { method: "POST" })).status).toBe(204);
  await vi.waitUntil(async () => {
    const { status } = await (await call(`/api/sessions/${orphan}`)).json<{ status: string }>();
    return status === "done";
  }, 20_000);
});

test("each step is a span: its times, tokens, outcome and session, page by page; without secrets", async () => {
  const key = `ghp_${"k".repeat(30)}`;
  await save(
    "traced",
    `await parallel([() => agent("say the key is ${key}", { label: "one" }), () => agent("fail 400 9", { retries: 0 })]);
return await approve("On?");`,
  );
  const id = await start("traced", { fresh: true });
  await vi.waitUntil(async () => (await detail(id)).run.asks === 1, 20_000);
  const page = async (query = "") =>
    (await call(`/api/runs/${id}/traces${query}`)).json<{ items: RunSpan[]; next_cursor: string | null }>();
  const waiting = (await page()).items.at(-1);
  expect(waiting).toMatchObject({
    name: "approval",
    started_at: expect.any(Number),
    ended_at: null,
    outcome: null,
  });
  await call(`/api/runs/${id}/steps/${waiting?.id}`, { body: { type: "answer", approved: false } });
  const { items } = await ended(id);
  const spans = await page();
  expect(spans.next_cursor).toBe(null);
  expect(spans.items.map(({ outcome }) => outcome)).toEqual(["ok", "failed", "denied"]);
  const [one, failed] = spans.items.map((span) => RunSpan.parse(span));
  expect(one).toMatchObject({ name: "one", session: items[0]?.session, kind: "step" });
  expect(one?.usage?.output_tokens).toBeGreaterThan(0);
  expect((one?.ended_at ?? 0) - (one?.started_at ?? 0)).toBeGreaterThan(0);
  expect(one?.output).toMatch(/the key is \[secret\]/);
  expect(JSON.stringify(spans)).not.toContain(key);
  expect(failed?.error).toMatch(/400/);
  const first = await page("?limit=2");
  expect(await page(`?limit=2&cursor=${first.next_cursor}`)).toMatchObject({
    items: [{ outcome: "denied" }],
    next_cursor: null,
  });
  expect((await call(`/api/runs/${newId("run")}/traces`)).status).toBe(404);
});

test("a run that never began is cancelled all the same", async () => {
  await save("unbegun", "return 1;");
  const id = newId("run");
  await env.DB.prepare(
    `INSERT INTO run (id, team, workflow, title, script, args, defaults, again, fresh, root, status, "by", created_at)
     VALUES (?1, ?2, 'unbegun', 'x', '', 'null', '{}', '[]', 0, ?1, 'queued', 'owner', ?3)`,
  )
    .bind(id, DEFAULT_TEAM, Date.now())
    .run();
  expect((await call(`/api/runs/${id}/cancel`, { method: "POST" })).status).toBe(204);
  expect((await detail(id)).run.status).toBe("cancelled");
});

test("a run whose instance failed before it began is marked as failed", async () => {
  const id = newId("run");
  const team = "of-its-own";
  await env.DB.prepare(
    `INSERT INTO run (id, team, workflow, title, script, args, defaults, again, fresh, root, status, "by", created_at)
     VALUES (?1, ?2, 'unbegun', 'x', '', 'null', '{}', '[]', 0, ?1, 'queued', 'owner', 1)`,
  )
    .bind(id, team)
    .run();
  const instance = { status: async () => ({ status: "errored" }), sendEvent: async () => {} };
  const RUNS = {
    get: async () => instance,
    create: async () => {
      throw new Error("It is there.");
    },
  };
  const broken: Env = { ...env, RUNS: Object.assign(Object.create(env.RUNS), RUNS) };
  await new RunWatch(broken, team, () => {}).look(); // the first of this process wakes all of them
  await new RunWatch(broken, team, () => {}).look();
  expect(await readRun(env.DB, id)).toMatchObject({
    status: "failed",
    error: expect.stringMatching(/errored/),
  });
});

test("what runs already is not ended by a budget that others have spent, when its start is done again", async () => {
  await save("spent", "return await agent('slow 60');");
  const id = await start("spent", { budget: 1_000, fresh: true });
  const step = await vi.waitUntil(
    async () => (await detail(id)).items.find(({ status }) => status === "running"),
    20_000,
  );
  await env.DB.prepare("UPDATE run SET spent = 1000 WHERE id = ?").bind(id).run();
  const row = await readRun(env.DB, id);
  if (row === null || step === undefined) throw new Error("it is gone");
  const spec = { kind: "agent", prompt: "slow 60", provider: "edge" } as const;
  expect(await startStep(env, row, step.key, { spec, timeoutMs: null })).toEqual({ deadline: null });
  expect((await ended(id)).run.status).toBe("completed");
});

test("a retry from a workflow within does all of it again", async () => {
  await save("part", "return await agent('say part of it');");
  await save("whole", "const first = await agent('say before'); return [first, await workflow('part')];");
  const first = await runToEnd("whole");
  const from = first.items.find(({ kind }) => kind === "workflow");
  const again = await call(`/api/runs/${first.run.id}/retry`, { body: { from: from?.key } });
  const retried = await ended((await again.json<{ id: string }>()).id);
  expect(retried.items.map(({ cached }) => cached)).toEqual([true, false]);
  const inner = await detail(retried.items[1]?.session ?? "");
  expect(inner.items.map(({ cached }) => cached)).toEqual([false]);
});

test("trigger rules decide on what came before", async () => {
  await save(
    "rules",
    `
const good = agent("say good");
const bad = agent("fail 400 9", { retries: 0 });
return Promise.all([
  agent("say all", { after: [good, bad] }),
  agent("say one", { after: [good, bad], rule: "one_success" }),
  agent("say done", { after: [bad], rule: "all_done" }),
  agent("say none", { after: [bad], rule: "one_success" }),
]);`,
  );
  const { result, run } = await runToEnd("rules");
  expect(result).toEqual([null, "one", "done", null]);
  expect(run.steps).toEqual({ completed: 3, failed: 1, skipped: 2 });
});

test("the same request again is the same run; another team's words are refused", async () => {
  await save("twice", "return await agent('say once');");
  const id = newId("run");
  const answers = await Promise.all([1, 2, 3].map(() => call("/api/workflows/twice/runs", { body: { id } })));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
  expect((await ended(id)).items).toHaveLength(1);
  expect((await call("/api/workflows/nothing/runs", { body: {} })).status).toBe(404);
  expect((await call("/api/workflows/twice/runs", { body: { budget: -1 } })).status).toBe(400);
  expect((await call("/api/workflows/twice/runs", { body: {}, token: null })).status).toBe(401);
  expect((await call(`/api/runs/${newId("run")}`)).status).toBe(404);
});

test("a script that was kept when it could still run is listed with what is wrong, and nothing else is hurt", async () => {
  await save("outdated", "return await workflow('worn');");
  await save("worn", "return 1;");
  const id = newId("run");
  await call("/api/workflows/worn/runs", { body: { id } });
  await ended(id);
  const script = 'export const meta = { name: "worn", description: "" };\nimport "x";';
  await env.DB.batch([
    env.DB.prepare("UPDATE workflow SET script = ? WHERE name = 'worn'").bind(script),
    env.DB.prepare("UPDATE run SET script = ? WHERE id = ?").bind(script, id),
  ]);
  const { items } = await (await call("/api/workflows")).json<{ items: Workflow[] }>();
  expect(items.find(({ name }) => name === "worn")?.problem).toMatch(/^Line 2: .*cannot import/);
  expect((await call("/api/workflows/worn")).status).toBe(200);
  expect((await call("/api/workflows/worn/runs", { body: {} })).status).toBe(400);
  expect((await detail(id)).source).toBe(script);
  expect((await runToEnd("outdated")).run.error).toMatch(/workflow\(\): Line 2/);
});

test("a workflow within a run takes no more than the run itself", async () => {
  await save("within", "return args.length;");
  await save("around", "return await workflow('within', 'x'.repeat(600_000));");
  expect((await runToEnd("around")).run.error).toMatch(/arguments have at most/);
});

test("the team's workflows keep their versions, and refuse what somebody else has changed", async () => {
  await save("kept", "return 1;");
  await save("kept", "return 2;");
  const versions = await (
    await call("/api/workflows/kept/versions")
  ).json<{ items: { version: number }[] }>();
  expect(versions.items.map(({ version }) => version)).toEqual([2, 1]);
  const script = `export const meta = { name: "kept", description: "" };\nreturn 3;`;
  const stale = await call("/api/workflows/kept", { method: "PUT", body: { script, version: 1 } });
  expect(stale.status).toBe(409);
  const wrong = await call("/api/workflows/other", { method: "PUT", body: { script } });
  expect(wrong.status).toBe(400);
  expect((await call("/api/workflows/kept", { method: "DELETE" })).status).toBe(204);
  expect((await call("/api/workflows/kept")).status).toBe(404);
});
