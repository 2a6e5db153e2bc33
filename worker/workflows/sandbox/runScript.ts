import { RpcTarget } from "cloudflare:workers";
import { type Answers, Batch, SandboxEnd } from "./frames.ts";
import main from "./main.sandbox.js";
import meter from "./meter.sandbox.js";

/** Longest batch of words of a script. */
const MAX_BATCH_CHARS = 16 * 1024 * 1024;
/** A script that says nothing for so long, while nothing is asked of the run, is ended. */
const SILENCE_MS = 60_000;
const LOOK_MS = 5_000;
/** Processor time of one script from its beginning to its end, where the platform counts it. */
const CPU_MS = 30_000;

/** What a script in the sandbox can reach: one way to say what it wants. */
class Line extends RpcTarget {
  readonly #hear: (batch: Batch) => Promise<Answers>;
  #last: Promise<unknown> = Promise.resolve();
  #heardAt = Date.now();
  #hearing = 0;
  #closed = false;
  /** It was told to pause. */
  pauses = false;

  constructor(hear: (batch: Batch) => Promise<Answers>) {
    super();
    this.#hear = hear;
  }

  /** From the sandbox: new calls and notes. Resolves when something is settled. One at a time. */
  async exchange(batch: unknown): Promise<string> {
    if (this.#closed) throw new Error("The run does not listen any more.");
    if (typeof batch !== "string" || batch.length > MAX_BATCH_CHARS)
      throw new Error("The script says too much at once.");
    const read = Batch.safeParse(JSON.parse(batch));
    if (!read.success) throw new Error("The script has changed the way in which it speaks to its run.");
    const answer = this.#last.then(() => this.#hear(read.data));
    this.#last = answer.catch(() => {});
    this.#hearing += 1;
    try {
      const told = await answer;
      this.pauses = told.pause === true;
      return JSON.stringify(told);
    } finally {
      this.#hearing -= 1;
      this.#heardAt = Date.now();
    }
  }

  get silentMs(): number {
    return this.#hearing > 0 ? 0 : Date.now() - this.#heardAt;
  }

  close(): void {
    this.#closed = true;
  }
}

export type ScriptInput = {
  /** The body, as {@link parseScript} gives it. */
  module: string;
  /** JSON. */
  args: string;
  total: number | null;
  /** What an agent is that says nothing of it. */
  provider: string;
};

/**
 * Runs a script from its beginning in a sandbox of its own: no network, nothing bound, one line to its run. `hear` takes
 * what it says. What `hear` throws is thrown here, and is no fault of the script.
 */
export async function runScript(
  loader: WorkerLoader,
  { module, args, total, provider }: ScriptInput,
  hear: (batch: Batch) => Promise<Answers>,
): Promise<SandboxEnd> {
  const broken: unknown[] = [];
  const line = new Line(async (batch) => {
    try {
      return await hear(batch);
    } catch (error) {
      broken.push(error);
      throw error;
    }
  });
  const over = new AbortController();
  try {
    const worker = loader.load({
      compatibilityDate: "2026-09-15",
      // Only for main.js, to know what a call is a part of; it puts nothing into the script's reach.
      compatibilityFlags: ["nodejs_als"],
      mainModule: "main.js",
      modules: { "main.js": main, "meter.js": meter, "script.js": module },
      env: {},
      globalOutbound: null,
      limits: { cpuMs: CPU_MS, subRequests: 0 },
    });
    const input = `{"args":${args},"total":${total ?? "null"},"provider":${JSON.stringify(provider)}}`;
    const said = await Promise.race([
      // SAFETY: the entrypoint is main.js beside this file; what it gives is parsed below.
      (worker.getEntrypoint() as unknown as Sandbox).run(line, input),
      watch(line, over.signal),
    ]);
    const end = SandboxEnd.parse(JSON.parse(said));
    if (end.type === "paused" && !line.pauses) throw new Error("It left before its end.");
    return end;
  } catch (error) {
    if (broken.length > 0) throw broken[0];
    return { type: "failed", message: sentenceOf(error), line: null, notes: [] };
  } finally {
    line.close();
    over.abort();
  }
}

type Sandbox = { run(line: Line, input: string): Promise<string> };

async function watch(line: Line, over: AbortSignal): Promise<never> {
  while (!over.aborted) {
    await scheduler.wait(LOOK_MS, { signal: over });
    if (line.silentMs > SILENCE_MS) throw new Error("It said nothing for a minute: an endless loop?");
  }
  throw new Error("It is over.");
}

function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `The sandbox of the script was ended: ${message.slice(0, 1000)}`;
}
