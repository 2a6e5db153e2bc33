// Runs in the sandbox: the words that a script may use, and the conversation with the run outside.
import { AsyncLocalStorage } from "node:async_hooks";
import { WorkerEntrypoint } from "cloudflare:workers";
import { stopped } from "./meter.js";
import script from "./script.js";

const MOST_ITEMS = 4096;
const MOST_CALLS = 5000;
const MOST_NOTES = 2000;
const MOST_RESULT = 8 * 1024 * 1024;
/** Characters of what is said to the run at once. */
const BATCH_CHARS = 4 * 1024 * 1024;

const { stringify, parse } = JSON;
const later = setTimeout;
const RealError = Error;
const { hasOwn } = Object;
/** Lets everything happen that the last answer has set going. */
const turn = () => new Promise((resolve) => later(resolve, 0));

let outbox = [];
const open = new Map();
let calls = 0;
let notes = 0;
let phaseNow = null;
let spentNow = 0;
let total = null;
/** What an agent is that says nothing of it. */
let usual = "edge";

function note(kind, text) {
  notes += 1;
  if (notes > MOST_NOTES) return;
  outbox[outbox.length] = { type: "note", kind, text: textOf(text).slice(0, 8192) };
}

function textOf(value) {
  if (typeof value === "string") return value;
  try {
    return stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/** Where in parallel() and pipeline() the script is: `group.index`, or `group.item.stage`, of each that it is within. */
const scope = new AsyncLocalStorage();
const MOST_SCOPE = 200;
let groups = 0;
/** Calls whose answers it has heard since its last call. */
let heard = [];

function within(place, work) {
  const outer = scope.getStore();
  return scope.run(outer === undefined ? place : `${outer}/${place}`, work);
}

/** For whoever looks at the run: what it knew when it asked, and as a part of what. */
function whereabouts() {
  const at = scope.getStore();
  const after = heard;
  heard = [];
  return { scope: at !== undefined && at.length <= MOST_SCOPE ? at : undefined, after };
}

function ask(kind, spec) {
  calls += 1;
  if (calls > MOST_CALLS) throw new RangeError(`A run has at most ${MOST_CALLS} agents.`);
  const id = calls;
  const call = stringify({ type: "call", id, kind, spec, ...whereabouts() });
  const { promise, resolve, reject } = Promise.withResolvers();
  open.set(id, { resolve, reject });
  outbox[outbox.length] = call;
  return promise;
}

const AGENT_OPTIONS = [
  "label",
  "phase",
  "schema",
  "model",
  "effort",
  "mode",
  "isolation",
  "agentType",
  "mode",
  "host",
  "cwd",
  "provider",
  "timeout",
  "retries",
];
const EFFORTS = ["minimal", "low", "medium", "high", "xhigh", "max"];

/** What was said of options, so that each is told once. */
const remarks = new Set();

function remark(what) {
  if (remarks.has(what)) return;
  remarks.add(what);
  note("log", `agent(): ${what}`);
}

/** The options of an agent as the run takes them: what is only shown is made short, what is not known is told. */
function readOptions(given) {
  const spec = {};
  for (const name of Object.keys(given)) {
    const value = given[name];
    if (value === undefined || value === null || name === "after" || name === "rule") continue;
    if (!AGENT_OPTIONS.includes(name))
      remark(`the option ${name.slice(0, 100)} is not known here, and is passed over.`);
    else if (name === "effort" && !EFFORTS.includes(value))
      remark(`the effort ${textOf(value).slice(0, 100)} is not known here, and is passed over.`);
    else if (name === "label") spec.label = textOf(value).replace(/\s+/g, " ").trim().slice(0, 500);
    else if (name === "phase" || name === "agentType") spec[name] = textOf(value).slice(0, 200);
    else spec[name] = value;
  }
  const who = spec.provider ?? usual;
  if (spec.agentType !== undefined && who !== "claude")
    remark(
      `agentType ${spec.agentType} is Claude's; ${textOf(who).slice(0, 100)} is only told in its prompt that it works as one.`,
    );
  return spec;
}

async function agent(prompt, options) {
  const words = prompt === undefined || prompt === null ? "" : textOf(prompt);
  if (words.trim() === "") throw new TypeError("agent(prompt, options) wants words for its prompt.");
  if (options !== undefined && options !== null && typeof options !== "object")
    throw new TypeError("The options of agent() are an object.");
  const given = options ?? {};
  const spec = { phase: phaseNow, ...readOptions(given), prompt: words };
  const { after = [], rule = "all_success" } = given;
  if (!["all_success", "one_success", "all_done"].includes(rule))
    throw new TypeError("rule is all_success, one_success or all_done.");
  if (!Array.isArray(after)) throw new TypeError("after is a list of what agents gave, or will give.");
  if (after.length > 0) {
    const ended = await Promise.allSettled(after);
    const good = ended.filter((each) => each.status === "fulfilled" && each.value !== null).length;
    const met = rule === "all_done" || (rule === "all_success" ? good === ended.length : good > 0);
    if (!met) spec.unmet = rule;
  }
  return ask("agent", spec);
}

async function parallel(thunks) {
  const list = many("parallel", thunks);
  if (list.some((thunk) => typeof thunk !== "function"))
    throw new TypeError("parallel() takes functions: parallel([() => agent(…), () => agent(…)]).");
  const group = ++groups;
  return Promise.all(
    list.map((thunk, index) =>
      orNull(`parallel: ${index}`, () => within(`${group}.${index}`, () => thunk())),
    ),
  );
}

async function pipeline(items, ...stages) {
  const list = many("pipeline", items);
  if (stages.some((stage) => typeof stage !== "function"))
    throw new TypeError("The stages of pipeline() are functions: (previous, item, index) => ….");
  const group = ++groups;
  return Promise.all(
    list.map((item, index) =>
      orNull(`pipeline: ${index}`, async () => {
        let value = await item;
        // What came to nothing goes no further, as Claude Code has it.
        for (const [at, stage] of stages.entries())
          if (value !== null)
            value = await within(`${group}.${index}.${at}`, () => stage(value, item, index));
        return value;
      }),
    ),
  );
}

function many(name, given) {
  if (!Array.isArray(given)) throw new TypeError(`${name}() takes a list.`);
  if (given.length > MOST_ITEMS)
    throw new RangeError(`${name}() takes at most ${MOST_ITEMS} items at once; these are ${given.length}.`);
  return given;
}

async function orNull(where, work) {
  try {
    return await work();
  } catch (error) {
    if (stopped() === null) note("error", `${where}: ${messageOf(error)}`);
    return null;
  }
}

function messageOf(error) {
  try {
    return error instanceof RealError ? `${error.message}` : textOf(error);
  } catch {
    return "an error that cannot be read";
  }
}

function phase(title) {
  phaseNow = textOf(title).slice(0, 200);
  note("phase", phaseNow);
}

function log(...words) {
  note("log", words.map(textOf).join(" "));
}

function workflow(name, input) {
  const path = name?.scriptPath;
  const file = typeof path === "string" ? { path, name: path.slice(-100) } : null;
  if (file === null && typeof name !== "string")
    throw new TypeError("workflow(name, args) wants the name of a workflow, or { scriptPath }.");
  return ask("workflow", { name, ...file, args: input ?? null, phase: phaseNow });
}

function approve(question, options) {
  if (typeof question !== "string" || question.trim() === "")
    throw new TypeError("approve(question) wants a question.");
  return ask("approval", { question, label: options?.label, phase: options?.phase ?? phaseNow });
}

const budget = Object.freeze({
  get total() {
    return total;
  },
  spent: () => spentNow,
  remaining: () => (total === null ? Infinity : Math.max(0, total - spentNow)),
});

/** Everything that a script finds beside the language itself. */
const WORDS = {
  agent,
  parallel,
  pipeline,
  phase,
  log,
  budget,
  workflow,
  approve,
  console: Object.freeze({ log, info: log, debug: log, warn: log, error: log }),
};
/** Other names of the global object itself, and what is put in its place. */
const KEPT = new Set(["constructor", "self", "global", "console"]);

const NO_TIME =
  "is different each time a workflow runs, so it could not go on after an interruption. Give the time in args, or ask an agent for it.";
const NO_CHANCE =
  "is different each time a workflow runs, so it could not go on after an interruption. Vary by index instead.";
const NO_TIMER =
  "does not exist in a workflow: it waits for agents alone. Use timeout in agent(…, { timeout }).";
const NO_NETWORK = "does not exist in a workflow: it reaches nothing by itself. Let an agent fetch it.";
const NOT_HERE =
  "does not exist in a workflow: it is made of agent(), parallel() and pipeline(). Let an agent do it.";

/** Of the language and harmless; all else that stands on the global object is taken away. */
const ALLOWED = new Set(
  `Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Promise RegExp Error
  AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError SuppressedError globalThis JSON Math
  Intl ArrayBuffer Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float16Array
  Float32Array Float64Array DataView Map Set Iterator WeakMap WeakSet Proxy Reflect
  decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape isFinite isNaN Date structuredClone
  DisposableStack AsyncDisposableStack URL URLSearchParams TextEncoder TextDecoder atob btoa queueMicrotask`.split(
    /\s+/,
  ),
);
const WHY = {
  fetch: NO_NETWORK,
  WebSocket: NO_NETWORK,
  EventSource: NO_NETWORK,
  setTimeout: NO_TIMER,
  setInterval: NO_TIMER,
  setImmediate: NO_TIMER,
  scheduler: NO_TIMER,
  clearTimeout: NO_TIMER,
  clearInterval: NO_TIMER,
  performance: NO_TIME,
  crypto: NO_CHANCE,
};

function refuse(name, why) {
  return function () {
    throw new RealError(`${name} ${why}`);
  };
}

function hide(name) {
  const refused = refuse(name, WHY[name] ?? NOT_HERE);
  const isFunction = typeof globalThis[name] === "function";
  Object.defineProperty(globalThis, name, {
    configurable: false,
    ...(isFunction ? { value: refused } : { get: refused }),
  });
}

function tame() {
  const RealDate = Date;
  const now = refuse("Date.now()", NO_TIME);
  const noDate = refuse("new Date()", NO_TIME);
  const TamedDate = function (...given) {
    if (new.target === undefined || given.length === 0) noDate();
    return Reflect.construct(RealDate, given, new.target === TamedDate ? RealDate : new.target);
  };
  TamedDate.prototype = RealDate.prototype;
  Object.defineProperty(TamedDate, "name", { value: "Date" });
  for (const name of ["UTC", "parse"]) Object.defineProperty(TamedDate, name, { value: RealDate[name] });
  Object.defineProperty(TamedDate, "now", { value: now });
  Object.defineProperty(RealDate, "now", { value: now });
  Object.defineProperty(RealDate.prototype, "constructor", { value: TamedDate });
  globalThis.Date = TamedDate;
  // One multiplication of two of them can take longer than anybody waits.
  for (const name of ["getBigInt64", "getBigUint64"]) delete DataView.prototype[name];
  // What every object would have is not the script's to say: it speaks to its run in objects.
  Object.preventExtensions(Object.prototype);
  Object.defineProperty(Math, "random", { value: refuse("Math.random()", NO_CHANCE) });
  for (const name of ["format", "formatToParts"]) {
    const real = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, name);
    const today = refuse(`Intl.DateTimeFormat.${name}() without a date`, NO_TIME);
    const get = function () {
      const method = real.get === undefined ? real.value : Reflect.apply(real.get, this, []);
      return (date) => (date === undefined ? today() : Reflect.apply(method, this, [date]));
    };
    Object.defineProperty(Intl.DateTimeFormat.prototype, name, { get });
  }
  for (
    let owner = globalThis;
    owner !== null && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner)
  )
    for (const name of Object.getOwnPropertyNames(owner))
      if (!KEPT.has(name) && !ALLOWED.has(name)) hide(name);
  for (const [name, value] of Object.entries(WORDS))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}

/** What is said to the run at once: as much as fits. */
function takeBatch() {
  const items = [];
  let size = 0;
  while (outbox.length > items.length && size < BATCH_CHARS) {
    const next = outbox[items.length];
    const text = typeof next === "string" ? next : stringify(next);
    items[items.length] = text;
    size += text.length;
  }
  outbox = outbox.slice(items.length);
  return `{"items":[${items.join(",")}],"more":${outbox.length > 0}}`;
}

/** Notes that nobody has heard yet; calls that nobody waits for are not made. */
function lastNotes() {
  return outbox.filter((each) => typeof each !== "string");
}

function lineOf(error) {
  try {
    const [, line] = /script\.js:(\d+)/.exec(error.stack) ?? [];
    return line === undefined ? null : Number(line);
  } catch {
    return null;
  }
}

function failed(message, line = null) {
  return stringify({ type: "failed", message: String(message).slice(0, 4000), line, notes: lastNotes() });
}

function done(result) {
  let text;
  try {
    text = stringify(result ?? null) ?? "null";
  } catch (error) {
    return failed(`What the script returns cannot be written as JSON: ${messageOf(error)}`);
  }
  if (text.length > MOST_RESULT)
    return failed(`What the script returns has ${text.length} characters; it may have ${MOST_RESULT}.`);
  return stringify({ type: "done", result: text, notes: lastNotes() });
}

export default class extends WorkerEntrypoint {
  /** Runs the script from its beginning. Resolves with its end, or when the run wants to go on later. */
  async run(run, input) {
    const { args, total: most, provider } = parse(input);
    total = most;
    usual = provider;
    WORDS.args = args ?? undefined; // scripts ask whether there are any by `typeof args`
    tame();
    let end = null;
    script().then(
      (result) => (end ??= () => done(result)),
      (error) => (end ??= () => failed(messageOf(error), lineOf(error))),
    );
    for (;;) {
      await turn();
      if (stopped() !== null) return failed(stopped());
      if (end !== null) {
        const said = end();
        return stopped() === null ? said : failed(stopped());
      }
      if (outbox.length === 0 && open.size === 0)
        return failed(
          "The script waits for something that never comes: nothing that it could wait for is under way.",
        );
      const answer = parse(await run.exchange(takeBatch()));
      if (hasOwn(answer, "pause")) return stringify({ type: "paused" });
      for (const { id, value, error, spent } of answer.answers) {
        spentNow = spent;
        const waiting = open.get(id);
        if (waiting === undefined) continue;
        open.delete(id);
        heard[heard.length] = id;
        if (error === undefined) waiting.resolve(value);
        else waiting.reject(new RealError(error));
        await turn();
      }
    }
  }
}
