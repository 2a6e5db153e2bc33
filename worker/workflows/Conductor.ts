import type { WorkflowStep } from "cloudflare:workers";
import type { Env } from "../../durable-objects/shared/env.ts";
import { logError } from "../../durable-objects/shared/logError.ts";
import { RunDefaults, type RunNote } from "../../protocol/runs.ts";
import { startStep } from "./agents/startStep.ts";
import { missingPlace } from "./contract/missingPlace.ts";
import { parseScript, type ParsedScript } from "./contract/parseScript.ts";
import { look, type Seen } from "./look.ts";
import { publishRun } from "./publishRun.ts";
import { readResult } from "./keepResult.ts";
import {
  addNotes,
  readSteps,
  takeSteps,
  tokensOf,
  type NewStep,
  type RunRow,
  type StepRow,
} from "./runStore.ts";
import type { Answers, Batch, Call, Note, SandboxEnd } from "./sandbox/frames.ts";
import { runScript } from "./sandbox/runScript.ts";
import { isSettled } from "./stepMachine.ts";
import { keyOf, readCall, type StepCall } from "./StepSpec.ts";
import { CHANGE, type Change } from "./tellRun.ts";
import { noteBegun, noteProgress } from "./begun.ts";

/** Agents of one run that work at the same time. */
const MOST_AT_ONCE = 16;
/** A script that waits is let go after so long, and run again when something is settled. */
const PATIENCE_MS = 10_000;
/** The run looks around by itself when it has heard nothing for so long. */
const LOOK_AGAIN_MS = 60 * 60 * 1000;
const LEAST_WAIT_MS = 1_000;
/** A script that waits for so long has not ended the process that runs it. */
const CALM_MS = 1_000;
/** Groups of settled steps that are read at once. */
const READ_AHEAD = 50;
/** What a run shows of itself gathers so long, unless somebody waits for it. */
const GATHER_MS = 250;
const MOST_NOTES = 2_000;
const MOST_NOTE_CHARS = 1024 * 1024;

/** A step is tried until the platform's parts answer again; each try does only what is not done yet. */
export const PERSISTENT = {
  retries: { limit: 30, delay: "1 second", backoff: "constant" },
  timeout: "2 minutes",
} as const;

/**
 * Carries one run: runs the script, makes durable steps of its calls, and tells it what came of them in the order in
 * which it came. All that it must know again stands in D1 or in the instance's own steps; run anew, it goes through the
 * same steps in the same order and so arrives where it was.
 */
export class Conductor {
  readonly #env: Env;
  readonly #step: WorkflowStep;
  readonly #run: RunRow;
  /** Calls of the script that became steps, by their keys. */
  readonly #known = new Map<string, StepCall>();
  /** Keys that have been settled, in the order in which the script learns of them; those of a group at once. */
  readonly #history: string[][] = [];
  /** Keys that are to begin, in the order of the script's calls. */
  readonly #waiting: string[] = [];
  /** Steps that have begun, and until when each may take. */
  readonly #running = new Map<string, number | null>();
  readonly #beginning = new Set<Promise<void>>();
  /** Rejects when a step cannot be begun, however often that is tried. */
  readonly #broken = Promise.withResolvers<never>();
  #waits = 0;
  #arrival: Promise<void> | null = null;
  /** The step that was settled last, until the script is told. */
  #latest: StepRow | null = null;
  #gathering = false;
  #ended = false;
  #over: "cancelled" | null = null;
  /** The script has begun (anew), and not come further yet than before. */
  #begun = false;
  #notes = 0;
  #noteChars = 0;

  constructor(env: Env, step: WorkflowStep, run: RunRow) {
    this.#env = env;
    this.#step = step;
    this.#run = run;
    this.#broken.promise.catch(() => {}); // heard by whoever waits for a change
  }

  /** Runs the script to its end; null when the run was cancelled meanwhile. */
  async conduct(): Promise<Exclude<SandboxEnd, { type: "paused" }> | null> {
    try {
      return await this.#conduct();
    } finally {
      await Promise.all(this.#beginning);
      this.#ended = true;
    }
  }

  async #conduct(): Promise<Exclude<SandboxEnd, { type: "paused" }> | null> {
    const script = parseScript(this.#run.script);
    const missing = missingPlace(this.#run.script, JSON.parse(this.#run.defaults));
    if (missing !== null) return failedWith(missing);
    for (;;) {
      const begun = await noteBegun(this.#env.DB, this.#run.id);
      if (!begun) return failedWith(CRASHED);
      const end = await this.#evaluate(script).catch((error: unknown) => {
        if (error instanceof Stuck) return failedWith(STUCK);
        throw error;
      });
      if (this.#over !== null) return null;
      if (end.type !== "paused") return this.#finished(end);
      await this.#arrival;
      if (this.#over !== null) return null;
    }
  }

  async #finished<T extends Exclude<SandboxEnd, { type: "paused" }>>(end: T): Promise<T> {
    await this.#note(end.notes, this.#notes);
    return end;
  }

  async #evaluate(script: ParsedScript): Promise<SandboxEnd> {
    const told = new Telling();
    this.#begun = true;
    const { args, budget: total, defaults } = this.#run;
    const { provider = "edge" } = RunDefaults.parse(JSON.parse(defaults));
    return runScript(this.#env.LOADER, { module: script.module, args, total, provider }, (batch) =>
      this.#hear(script, told, batch),
    );
  }

  /** It has come further than before, or waits: it is none of those that end the process that runs them. */
  async #progress(): Promise<void> {
    if (this.#begun) await noteProgress(this.#env.DB, this.#run.id);
    this.#begun = false;
  }

  async #hear(script: ParsedScript, told: Telling, batch: Batch): Promise<Answers> {
    const notes = batch.items.filter((item) => item.type === "note");
    const calls = batch.items.filter((item) => item.type === "call");
    await this.#note(notes, told.notes);
    told.notes += notes.length;
    const answers = await this.#take(script, told, calls);
    if (batch.more || answers.length > 0) return { answers };
    for (;;) {
      const ready = await this.#tell(told);
      if (ready.length > 0) return { answers: ready };
      if (this.#over !== null) return { answers: [], pause: true };
      if (this.#arrival === null && this.#waiting.length === 0 && this.#running.size === 0) throw new Stuck();
      this.#arrival ??= this.#arrive().finally(() => (this.#arrival = null));
      if (await arrives(this.#arrival, CALM_MS)) continue;
      await this.#progress();
      if (!(await arrives(this.#arrival, PATIENCE_MS - CALM_MS))) return { answers: [], pause: true };
    }
  }

  /** Makes steps of calls. What is settled at once is answered at once, in the order of the calls. */
  async #take(script: ParsedScript, told: Telling, calls: Call[]): Promise<Answers["answers"]> {
    const context = { defaults: JSON.parse(this.#run.defaults), meta: script.meta };
    const answers: Answers["answers"] = [];
    const taken: Taken[] = [];
    for (const { id, kind, spec, scope = null, after = [] } of calls) {
      told.heard.push(...after.flatMap((heard) => told.places.get(heard) ?? []));
      if (this.#run.budget !== null && told.spent >= this.#run.budget) {
        answers.push({ id, error: "The budget of this run is spent.", spent: told.spent });
        continue;
      }
      try {
        const call = readCall(kind, spec, context);
        const key = told.occurrence(await keyOf(call.spec));
        const n = ++told.calls;
        told.places.set(id, n);
        taken.push({ key, id, call, n, scope, after: told.heard.splice(0) });
      } catch (error) {
        answers.push({
          id,
          error: error instanceof Error ? error.message : String(error),
          spent: told.spent,
        });
      }
    }
    const rows = await this.#write(taken);
    for (const { key, id, call } of taken) {
      const row = rows.get(key);
      if (row === undefined) throw new Error("a step that was written is not there");
      told.open.set(key, id);
      const isNew = !this.#known.has(key);
      this.#known.set(key, call);
      if (row.at_once === 1 || told.missed.has(key)) answers.push(await this.#answer(told, row, id));
      else if (isNew) this.#waiting.push(key);
    }
    return answers;
  }

  /** Writes the steps that are new, and reads all of them. */
  async #write(taken: Taken[]): Promise<Map<string, StepRow>> {
    if (taken.length === 0) return new Map();
    const again = new Set<string>(JSON.parse(this.#run.again));
    const { rows, added } = await takeSteps(
      this.#env.DB,
      this.#run,
      taken.map(({ key, call: { spec, label, phase, retries, unmet }, n, scope, after }): NewStep => {
        const where = { scope, after: after.length === 0 ? null : JSON.stringify(after) };
        const text = JSON.stringify(spec);
        const step = { key, n, kind: spec.kind, label, phase, ...where, retries, spec: text };
        if (unmet !== null)
          return {
            ...step,
            status: "skipped",
            at_once: 1,
            error: `The rule ${unmet} was not met.`,
            ended_at: Date.now(),
            known: false,
          };
        const known = spec.kind === "agent" && this.#run.fresh === 0 && !again.has(key);
        return { ...step, status: "pending", at_once: 0, error: null, ended_at: null, known };
      }),
    );
    if (added) {
      await this.#progress();
      this.#publish();
    }
    return rows;
  }

  /** The next that the script has not been told yet, of what it asks for. As it was told once, it is told again. */
  async #tell(told: Telling): Promise<Answers["answers"]> {
    for (;;) {
      const group = this.#history[told.groups];
      if (group === undefined) return [];
      told.groups += 1;
      const answers: Answers["answers"] = [];
      for (const key of group) {
        const id = told.open.get(key);
        if (id === undefined) told.missed.add(key);
        else answers.push(await this.#answer(told, await this.#row(told, key), id));
      }
      if (answers.length > 0) return answers;
    }
  }

  /** The row of a settled step; those that are asked for next are read with it. */
  async #row(told: Telling, key: string): Promise<StepRow> {
    if (this.#latest?.key === key) return this.#latest;
    if (!told.rows.has(key)) {
      const next = this.#history.slice(told.groups - 1, told.groups + READ_AHEAD).flat();
      told.rows = await readSteps(this.#env.DB, this.#run.id, [...new Set([key, ...next])]);
    }
    const row = told.rows.get(key);
    if (row === undefined) throw new Error("a step that was settled is not there");
    return row;
  }

  async #answer(told: Telling, row: StepRow, id: number): Promise<Answers["answers"][number]> {
    told.open.delete(row.key);
    if (row.cached === 0) told.spent += tokensOf({ input: row.input_tokens, output: row.output_tokens });
    const { spent } = told;
    if (row.status === "failed" && row.throws === 1) return { id, error: row.error ?? "It failed.", spent };
    if (row.status !== "completed") return { id, value: null, spent };
    const result = await readResult(this.#env, row);
    const value: unknown = result === null ? null : JSON.parse(result);
    return { id, value, spent };
  }

  /** Resolves when there is something new in the history, or the run is over. Holds nothing open meanwhile. */
  async #arrive(): Promise<void> {
    const before = this.#history.length;
    while (this.#history.length === before && this.#over === null) {
      this.#startReady();
      const { settled, cancelled } = await Promise.race([this.#wait(), this.#broken.promise]);
      if (cancelled) this.#over = "cancelled";
      this.#settle(settled);
      this.#publish();
    }
  }

  #settle(keys: string[]): void {
    const group = keys.filter((key) => this.#running.has(key));
    for (const key of group) this.#running.delete(key);
    if (group.length > 0) this.#history.push(group);
  }

  /** Begins what waits, as far as there is room. That one could not begin comes as a change, as every end does. */
  #startReady(): void {
    const ready = this.#waiting.splice(0, Math.max(0, MOST_AT_ONCE - this.#running.size));
    for (const key of ready) {
      const call = this.#known.get(key);
      if (call === undefined) throw new Error("a step that nobody asked for is to begin");
      // Until it has begun, and its time with it.
      this.#running.set(key, call.timeoutMs === null ? null : Date.now() + call.timeoutMs + LEAST_WAIT_MS);
      const begun = this.#begin(key, call)
        .catch((error: unknown) => this.#broken.reject(error))
        .finally(() => this.#beginning.delete(begun));
      this.#beginning.add(begun);
    }
  }

  async #begin(key: string, call: StepCall): Promise<void> {
    const { deadline } = await this.#step.do(`begin ${key}`, PERSISTENT, () =>
      startStep(this.#env, this.#run, key, call),
    );
    if (this.#running.has(key)) this.#running.set(key, deadline);
    this.#publish(call.spec.kind === "approval");
  }

  /** Waits for the next change. What it was is noted by the platform, so that it comes in the same order again. */
  async #wait(): Promise<Seen> {
    const name = `change ${++this.#waits}`;
    const running = [...this.#running.keys()];
    const deadlines = [...this.#running.values()].filter((deadline) => deadline !== null);
    const timeout = Math.max(
      LEAST_WAIT_MS,
      Math.min(LOOK_AGAIN_MS, ...deadlines.map((at) => at - Date.now())),
    );
    const change = await this.#step.waitForEvent<Change>(name, { type: CHANGE, timeout }).then(
      ({ payload }) => payload,
      () => null, // nothing came: it looks around
    );
    if (change?.key !== undefined) {
      if (!this.#running.has(change.key)) return NOTHING; // it came twice
      const row = (await readSteps(this.#env.DB, this.#run.id, [change.key])).get(change.key);
      if (row === undefined || !isSettled(row.status)) return NOTHING;
      this.#latest = row;
      return { settled: [change.key], cancelled: false };
    }
    return this.#step.do(`look ${this.#waits}`, PERSISTENT, () => look(this.#env, this.#run, running));
  }

  /** Keeps notes that are new; `before` is how many came before them. */
  async #note(notes: Note[], before: number): Promise<void> {
    const fresh: RunNote[] = [];
    for (const [index, { kind, text }] of notes.entries()) {
      const n = before + index + 1;
      if (n <= this.#notes) continue; // it was said before: the script has been run again
      this.#notes = n;
      this.#noteChars += text.length;
      if (n > MOST_NOTES || this.#noteChars > MOST_NOTE_CHARS) continue;
      const last = n === MOST_NOTES || this.#noteChars + 8192 > MOST_NOTE_CHARS;
      fresh.push({
        n,
        at: Date.now(),
        kind,
        text: last ? `${text}\n(No more of its words are kept.)` : text,
      });
    }
    await addNotes(this.#env.DB, this.#run.id, fresh);
  }

  /** Shows how the run stands; in a moment, unless somebody waits for it. Its end is shown by whoever ends it. */
  #publish(isAwaited = false): void {
    const show = async () => {
      if (!isAwaited) {
        if (this.#gathering) return;
        this.#gathering = true;
        await scheduler.wait(GATHER_MS);
        this.#gathering = false;
      }
      if (!this.#ended) await publishRun(this.#env, this.#run.id);
    };
    show().catch((error: unknown) => logError("a run was not shown", error));
  }
}

/** Whether something arrives in time. */
function arrives(arrival: Promise<void>, ms: number): Promise<boolean> {
  return Promise.race([arrival.then(() => true), scheduler.wait(ms).then(() => false)]);
}

const CRASHED =
  "The script has ended the process that it runs in, again and again: it takes too much memory, or never ends.";
const STUCK = "The script waits for something that never comes: nothing that it could wait for is under way.";

/** The script waits, and there is nothing that could come. */
class Stuck extends Error {}

function failedWith(message: string): Extract<SandboxEnd, { type: "failed" }> {
  return { type: "failed", message, line: null, notes: [] };
}

const NOTHING: Seen = { settled: [], cancelled: false };

/** A call that is or becomes a step; `after`: places of what the script has heard the end of since the one before. */
type Taken = {
  key: string;
  id: number;
  call: StepCall;
  n: number;
  scope: string | null;
  after: number[];
};

/** What one running of the script has asked and been told. */
class Telling {
  /** Calls that wait for their answer: key → the script's own number. */
  readonly open = new Map<string, number>();
  /** Places of its calls, by its own numbers. */
  readonly places = new Map<number, number>();
  /** Places of calls whose end it has heard since its last that became a step. */
  readonly heard: number[] = [];
  readonly #occurrences = new Map<string, number>();
  /** Settled steps that it has not asked for yet; it gets them when it does. */
  readonly missed = new Set<string>();
  /** Rows that were read ahead. */
  rows = new Map<string, StepRow>();
  /** Groups of the history that it was told. */
  groups = 0;
  calls = 0;
  notes = 0;
  spent = 0;

  /** The key of a specification and its place among those with the same one. */
  occurrence(hash: string): string {
    const n = (this.#occurrences.get(hash) ?? 0) + 1;
    this.#occurrences.set(hash, n);
    return `${hash}-${n}`;
  }
}
