import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, test } from "vitest";
import * as z from "zod";
import { Run } from "../../protocol/run.ts";
import { RunDetail } from "../../protocol/runs.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { answerScripts } from "../support/answerScripts.ts";
import { askClaude, pieceOf } from "../support/claudeWorkflows.ts";
import { startFakeModel, type FakeModel } from "../support/fakeModel/startFakeModel.ts";
import { Signalbox, until } from "../support/signalbox.ts";

const claude = await findAgent("claude");
const qwen = await findAgent("qwen-workflows");
const missing = [claude, qwen].flatMap((agent) => ("missing" in agent ? [agent.missing] : []));
for (const why of missing) console.warn(`Skipped: ${why}`);

/** What excerpts of Claude Code's own reference take for given. */
const SCHEMAS = `
const FINDINGS_SCHEMA = { type: 'object', required: ['findings'], properties: { findings: { type: 'array', items: { type: 'object', required: ['title', 'file'], properties: { title: { type: 'string' }, file: { type: 'string' } } } } } }
const VERDICT_SCHEMA = { type: 'object', required: ['isReal'], properties: { isReal: { type: 'boolean' } } }`;
const FINDERS = `export const meta = { name: 'exhaustive', description: 'of the reference' }
const FINDERS = [{ prompt: 'Find one' }, { prompt: 'Find two' }]
const BUGS = { type: 'object', required: ['bugs'], properties: { bugs: { type: 'array', items: { type: 'object', required: ['desc'], properties: { desc: { type: 'string' } } } } } }
const VERDICT = { type: 'object', required: ['real'], properties: { real: { type: 'boolean' } } }
const key = b => b.desc
`;
/** The edges of the format: what two readers of it could well take differently. */
const EDGES = `export const meta = { name: 'Edges of it', description: 'x', title: 'y', phases: ['no phase', { title: 'A', detail: 3 }, { detail: 'none' }] }
const N = { type: 'object', required: ['n'], properties: { n: { type: 'number' } } }
const asked = []
const ask = (n, options) => { asked.push(n); return agent('give ' + n, { schema: N, ...options }) }
const lines = await pipeline(
  [1, Promise.resolve(2), null, 4, 5],
  (previous, item, index) => index === 3 ? null : index === 4 ? undefined : ask(previous, { label: index, phase: 'A' }),
  (previous, item, index) => [previous, index, typeof item, typeof previous],
)
const barrier = await parallel([() => ask(6), () => { throw new Error('not this one') }, async () => undefined, () => 7])
phase('B')
const kept = await agent({ toString: () => 'give 8' }.toString(), { schema: N, effort: 'low', model: undefined, label: null })
const thrown = []
for (const wrong of [() => parallel([1]), () => parallel('no'), () => pipeline([1], 2), () => workflow('nothing-like-it'), () => agent('x', { schema: { type: 'string' } }), async () => Math['random'](), async () => Date['now'](), async () => Date()])
  thrown.push(await wrong().then(() => 'none', e => typeof e.message))
log('a')
console.log('c', { d: 1 })
return { lines, barrier, kept, thrown, asked: asked.sort(), args: typeof args, total: budget.total, left: budget.remaining(), empty: [await parallel([]), await pipeline([])], date: new Date(0).toISOString() }`;

describe.skipIf(missing.length > 0)("workflow scripts that others have written for Claude Code", () => {
  const program = "path" in claude ? claude : { path: "", version: "" };
  const scripts = new Map<string, { script: string; args?: unknown }>();
  let model: FakeModel;
  let signalbox: Signalbox;

  beforeAll(async () => {
    model = await startFakeModel(0, answerScripts);
    const [reference, research] = await Promise.all([
      askClaude(program, model.url, 'CALL: Skill {"skill":"workflow-authoring"}'),
      askClaude(program, model.url, 'CALL: Workflow {"name":"deep-research"}'),
      startSignalbox(),
    ]);
    const told = z.looseObject({
      tools: z.array(z.looseObject({ name: z.string(), description: z.string().optional() })),
    });
    const tools = model.asked.flatMap(({ body }) => told.safeParse(body).data?.tools ?? []);
    const description = tools.find(({ name }) => name === "Workflow")?.description ?? "";
    // The canonical example leaves its two schemas to the reader: they come after its meta, the rest is untouched.
    const canonical = pieceOf(description, "  export const meta", "  return { confirmed }");
    scripts.set("review-changes", { script: canonical.replace(/^\}$/m, `}${SCHEMAS}`) });
    scripts.set("deep-research", { script: research.script ?? "", args: "Is it so?" });
    const text =
      reference.text.split("\n").find((line) => line.includes("Workflow authoring reference")) ?? "";
    const loop = pieceOf(said(text), "  const seen = new Set()", "  return confirmed");
    scripts.set("exhaustive", { script: `${FINDERS}${loop}` });
    const [, review = ""] =
      /```js\n(export const meta[^]*?)```/.exec(readFileSync("path" in qwen ? qwen.path : "", "utf8")) ?? [];
    scripts.set("Review changes", { script: review, args: { target: "HEAD~1..HEAD" } });
    scripts.set("Edges of it", { script: EDGES });
  });
  afterAll(async () => {
    await signalbox?.stop();
    await model?.stop();
  });

  async function startSignalbox(): Promise<void> {
    signalbox = await Signalbox.start();
    const put = (path: string, body: object) =>
      signalbox.api(z.unknown(), `/api/settings/models/${path}`, { method: "PUT", body });
    await put("providers/box", { kind: "compatible", base_url: `${model.url}/v1`, models: "small:200k" });
    await put("default", { model: "box/small" });
  }

  /** Runs a script to its end here. */
  async function runHere(name: string, script: string, args: unknown): Promise<RunDetail> {
    const address = `/api/workflows/${encodeURIComponent(name)}`;
    await signalbox.api(z.unknown(), address, { method: "PUT", body: { script } });
    const { id } = await signalbox.api(Run, `${address}/runs`, { body: { args, fresh: true } });
    let detail: RunDetail | null = null;
    await until(`the end of ${name}`, async () => {
      detail = await signalbox.api(RunDetail, `/api/runs/${id}`);
      return detail.run.ended_at !== null;
    });
    if (detail === null) throw new Error("it was not read");
    return detail;
  }

  test.for([
    ["review-changes", { confirmed: [{ title: "leak" }, { title: "leak" }] }, 6],
    ["Review changes", { confirmed: [{ file: "a.ts" }, { file: "c.ts" }], refuted: [{ file: "b.ts" }] }, 6],
    ["exhaustive", [{ desc: "x" }, { desc: "y" }], 15],
    ["deep-research", { stats: { claimsVerified: 3, confirmed: 2, killed: 1 } }, 18],
    ["Edges of it", { args: "undefined", lines: [[{ n: 1 }, 0, "number", "object"], {}, null, null, {}] }, 5],
  ] as const)("%s ends as in Claude Code itself", async ([name, expected, agents], { expect }) => {
    const { script, args } = scripts.get(name) ?? { script: "" };
    const call = `CALL: Workflow ${JSON.stringify({ script, args })}`;
    const [there, here] = await Promise.all([
      askClaude(program, model.url, call),
      runHere(name, script, args),
    ]);
    expect(here.run.error).toBe(null);
    expect(here.result).toMatchObject(expected);
    expect(here.result).toEqual(there.ended?.result);
    expect(here.items).toHaveLength(agents);
    const logs = here.notes.flatMap(({ kind, text }) => (kind === "log" ? [text] : []));
    for (const line of logs) expect(there.ended?.logs).toContain(line);
    expect(model.refused).toEqual([]);
  });
});

/** The words of a message that Claude Code has written as a line of JSON. */
function said(line: string): string {
  const Said = z.object({ message: z.object({ content: z.array(z.object({ text: z.string() })) }) });
  return Said.parse(JSON.parse(line))
    .message.content.map(({ text }) => text)
    .join("\n");
}
