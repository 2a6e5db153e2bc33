import { expect, test } from "vitest";
import { runToEnd, save } from "./support/runs.ts";

/** Runs a body to its end: its error, or what it returned. */
async function run(body: string): Promise<{ status: string; error: string | null; result: unknown }> {
  const saved = await save("hostile", body);
  if (!saved.ok) return { status: "refused", error: await saved.text(), result: null };
  const { run: ended, result } = await runToEnd("hostile", { fresh: true });
  return { status: ended.status, error: ended.error, result };
}

/** What a script gets for trying. */
async function caught(expression: string): Promise<unknown> {
  const { result, error } = await run(
    `try { const got = await (async () => ${expression})(); return { got: String(got) } } catch (error) { return error.message }`,
  );
  return error ?? result;
}

test.for([
  ["fetch('https://example.com')", /reaches nothing by itself/],
  ["new WebSocket('wss://example.com')", /reaches nothing by itself/],
  ["Date.now()", /Give the time in args/],
  ["new Date()", /Give the time in args/],
  ["new Date(0).constructor.now()", /Give the time in args/],
  ["new (new Date(0).constructor)()", /Give the time in args/],
  ["new Intl.DateTimeFormat('en').format()", /Give the time in args/],
  ["Math.random()", /Vary by index/],
  ["crypto.randomUUID()", /Vary by index/],
  ["performance.now()", /Give the time in args/],
  ["setTimeout(() => {}, 1)", /waits for agents alone/],
  ["scheduler.wait(1)", /waits for agents alone/],
  ["process.exit(1)", /does not exist in a workflow/],
  ["process.env.PATH", /does not exist in a workflow/],
  ["caches.default", /does not exist in a workflow/],
  ["new WeakRef({})", /does not exist in a workflow/],
  ["BigInt(2) ** BigInt(10_000_000)", /does not exist in a workflow/],
  ["new DataView(new ArrayBuffer(8)).getBigInt64(0)", /is not a function/],
  ["new WebAssembly.Module(new Uint8Array(8))", /does not exist in a workflow/],
  ["new SharedArrayBuffer(8)", /does not exist in a workflow/],
  ["eval('1')", /does not exist in a workflow/],
  ["new Function('return 1')()", /[Cc]ode generation/],
  ["(async () => {}).constructor('return 1')()", /[Cc]ode generation/],
  ["globalThis.constructor.constructor('return fetch')()", /[Cc]ode generation/],
  ["agent('')", /wants words/],
  ["agent('x', { provider: 'gopher' })", /an agent is edge, claude, codex/],
  ["agent('x', { provider: 'codex' })", /give host and cwd/],
  ["agent('x', { timeout: 'soon' })", /timeout is between/],
  ["agent('x', { schema: { type: 'string' } })", /it describes an object/],
  ["agent('x', { schema: 'object' })", /it is a JSON Schema/],
  ["agent('x'.repeat(200_000))", /the prompt has at most/],
  ["parallel([agent('say x')])", /parallel\(\) takes functions/],
  ["parallel(Array.from({ length: 5000 }, () => () => 1))", /at most 4096 items/],
  ["pipeline(Array.from({ length: 5000 }, (_, i) => i), (x) => x)", /at most 4096 items/],
  ["workflow('nothing-of-this-name')", /there is no workflow/],
] as const)("%s is refused with a sentence", async ([expression, sentence]) => {
  expect(await caught(expression)).toMatch(sentence);
});

test.for([
  ["import fs from 'node:fs';", /cannot import anything/],
  ["const fs = await import('node:fs');", /cannot import anything/],
  ["return import.meta.url;", /cannot import anything/],
  ["export const more = 1;", /exports meta alone/],
  ["const __signalbox_tick = () => {};", /is taken/],
  ["return __signalbox_joined;", /is taken/],
  ["return 2n ** 10_000_000n;", /whole numbers without end/],
  ["return (;", /Line 2/],
] as const)("%s is refused when it is saved", async ([body, sentence]) => {
  const { status, error } = await run(body);
  expect(status).toBe("refused");
  expect(error).toMatch(sentence);
});

const TOO_MUCH_WORK = /does too much by itself/;
const TOO_MUCH_MEMORY = /makes too much of what it holds/;

test.for([
  ["for (;;) {}", TOO_MUCH_WORK],
  ["while (true) { try { for (;;) {} } catch {} }", TOO_MUCH_WORK],
  ["do ; while (true)", TOO_MUCH_WORK],
  ["for (;;) await null;", TOO_MUCH_WORK],
  ["const f = () => Promise.resolve().then(f); await f();", TOO_MUCH_WORK],
  ["const a = [1]; for (const x of a) a[a.length] = x;", TOO_MUCH_WORK],
  ["function* g() { for (;;) yield 1; } for (const x of g());", TOO_MUCH_WORK],
  ["class A { get a() { return this.a; } } try { new A().a } finally { for (;;); }", TOO_MUCH_WORK],
  ["const held = []; for (;;) held.push('x'.repeat(1e6));", TOO_MUCH_MEMORY],
  ["return new Array(1e9).fill(0).length;", TOO_MUCH_MEMORY],
  ["const held = []; for (;;) held.push(new Uint8Array(1e7));", TOO_MUCH_MEMORY],
  ["let a = [1]; for (;;) a = [...a, ...a];", TOO_MUCH_MEMORY],
  ["let a = [1]; for (;;) a = a.concat(a);", TOO_MUCH_MEMORY],
  ["return Array.from({ length: 1e9 }, () => 1).length;", TOO_MUCH_MEMORY],
  ["let text = 'x'; for (;;) text += text;", TOO_MUCH_MEMORY],
  ["let text = 'x'; for (;;) text = `${text}${text}`;", TOO_MUCH_MEMORY],
  ["return 'x'.repeat(1e6).replace(/x/g, 'y'.repeat(200)).length;", TOO_MUCH_MEMORY],
  ["globalThis.Number = () => 0; return 'x'.repeat(2e8).length;", TOO_MUCH_MEMORY],
  [
    "const real = Reflect.apply; let raw; Reflect.apply = (f, on, given) => { raw = f; return real(f, on, given); }; 'x'.repeat(1); return (raw ?? 'x'.repeat).call('x', 2e8).length;",
    TOO_MUCH_MEMORY,
  ],
  ["try { 'x'.padEnd(5e8); } catch {} return 'as if nothing had been';", TOO_MUCH_MEMORY],
  [
    "Array.prototype.push = () => 0; Array.prototype.concat = () => []; await new Promise(() => {});",
    /waits for something/,
  ],
  ["await new Promise(() => {});", /waits for something that never comes/],
  ["const held = {}; held.held = held; return held;", /cannot be written as JSON/],
  ["throw new Error('as it wants');", /^Line 2: as it wants$/],
  ["const f = () => f(); f();", /Maximum call stack/],
  ["return 'x'.repeat(9e6);", /it may have/],
  [
    "Array.prototype.join = () => '{}'; return await agent('say x');",
    /has changed the way in which it speaks/,
  ],
  ["Object.prototype.toJSON = () => 'x'; return await agent('say x');", /not extensible/],
  [
    "Object.defineProperty(Object.prototype, 'pause', { value: true }); await agent('say x');",
    /not extensible/,
  ],
] as const)("%s ends its run alone", async ([body, sentence]) => {
  const { status, error } = await run(body);
  expect(error).toMatch(sentence);
  expect(status).toBe("failed");
});

test("ten thousand agents are too many, and none of them begins", async () => {
  await save("many", "await Promise.all(Array.from({ length: 10_000 }, (_, i) => agent('say ' + i)));");
  const { run, items } = await runToEnd("many");
  expect(run.error).toMatch(/at most 5000 agents/);
  expect(items).toEqual([]);
});

test("what it says is bounded", async () => {
  await save(
    "loud",
    "for (let i = 0; i < 5000; i++) log('x'.repeat(5000)); return await agent('say heard');",
  );
  const { run, notes, result } = await runToEnd("loud");
  expect(run.status).toBe("completed");
  expect(result).toBe("heard");
  expect(notes.length).toBeLessThan(300);
  expect(notes.at(-1)?.text).toMatch(/No more of its words are kept/);
});

test("a long text from short ones is no trick", async () => {
  const { result, error } = await run(`
    const report = "line of a report\\n".repeat(20_000);
    let all = "";
    for (let i = 0; i < 3_000; i++) all += "line " + i + "\\n";
    return ["# {{title}}\\n{{report}}".replaceAll("{{report}}", report).length, \`\${all}\${all}\`.length];`);
  expect(error).toBe(null);
  expect(result).toEqual([340_012, 57_780]);
});

test("tricks on prototypes reach nothing but the run itself", async () => {
  const { status, result } = await run(`
    const seen = [];
    const then = Promise.prototype.then;
    Promise.prototype.then = function (...given) { seen.push(typeof this); return then.apply(this, given); };
    Object.prototype.polluted = "yes";
    Array.prototype.push = function (...given) { seen.concat(given); return 0; };
    JSON.stringify = () => "{}";
    Object.defineProperty(Object.prototype, "spent", { set(value) {}, get() { return -1; }, configurable: true });
    const said = await agent("say still here");
    delete Object.prototype.spent;
    return said;`);
  expect(status === "completed" ? result : "ended").toBeOneOf(["still here", "ended"]);
  // Nothing of it is left for the next one, nor for the edge.
  expect(({} as Record<string, unknown>)["polluted"]).toBe(undefined);
  expect(await run("return [({}).polluted ?? null, await agent('say next')];")).toMatchObject({
    status: "completed",
    result: [null, "next"],
  });
});

test.for([
  ["{ type: 'object', properties: { a: false }, required: ['a'] }", /nothing could fit it/],
  ["{ type: 'object', properties: { a: { enum: [] } } }", /nothing could fit it/],
  ["{ type: 'object', properties: { a: { minimum: 2, maximum: 1 } } }", /nothing could fit it/],
  ["{ type: 'object', required: ['a'], additionalProperties: false }", /nothing could fit it/],
  ["{ type: 'object', allOf: [{ type: 'string' }] }", /nothing could fit it/],
  ["{ type: 'object', allOf: [{ $ref: '#' }] }", /refers to itself/],
  ["{ type: 'object', properties: { a: { $ref: 'https://example.com/' } } }", /begins with #/],
  ["{ type: 'object', properties: { a: { pattern: '(?=x)' } } }", /can be checked/],
  ["{ type: 'object', patternProperties: { '(a+)+$': {} } }", /not supported/],
  [
    "JSON.parse('{\"type\":\"object\",\"properties\":{\"a\":' + '{\"items\":'.repeat(100) + '{}' + '}'.repeat(100) + '}}')",
    /too deeply/,
  ],
  [
    "{ type: 'object', $defs: Object.fromEntries(Array.from({ length: 12 }, (_, i) => ['d' + i, { anyOf: [{ $ref: '#/$defs/d' + (i + 1) }, { $ref: '#/$defs/d' + (i + 1) }] }]).concat([['d12', {}]])), anyOf: [{ $ref: '#/$defs/d0' }] }",
    /too many alternatives/,
  ],
] as const)("the schema %s is refused at once", async ([schema, sentence]) => {
  expect(await caught(`agent('say {}', { schema: ${schema} })`)).toMatch(sentence);
});
