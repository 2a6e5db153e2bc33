import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../parts.ts";
import { explainRun, run } from "../run.ts";
import { commandLine, type TmuxCommand } from "./command.ts";
import { startCommandProcess, type CommandProcess } from "./commandProcess.ts";
import { marker } from "./replyParser.ts";

/** The reply to a line of commands: what each of them printed, or why one of them failed (those after it did not run). */
export type Reply = { ok: true; outputs: Buffer[] } | { ok: false; error: string };

export type CommandChannel = {
  /** `pid start` of the server it speaks with; null until it is known. A channel never changes its server. */
  server(): string | null;
  /** Resolves when the server is known or the channel has ended. */
  ready: Promise<void>;
  /** Runs commands in one line. Callers keep their order. */
  send(commands: readonly TmuxCommand[]): Promise<Reply>;
  /** Ends the channel (never the server) and answers everything that still waits. */
  stop(): void;
};

export type CommandChannelDeps = {
  /** The tmux program and the arguments that choose its socket. */
  tmux: readonly [string, ...string[]];
  env: NodeJS.ProcessEnv;
  /** A directory for this channel alone; it is removed with it. */
  directory: string;
  log: Log;
  /** It has ended, by itself or by {@link CommandChannel.stop}. */
  onEnd: () => void;
};

type Request = {
  text: string;
  /** Whether each command is followed by a marker: those that print are, and the last. */
  marked: boolean[];
  /** What came before each marker. */
  outputs: Buffer[];
  since: number;
  resolve: (reply: Reply) => void;
};

/** Commands that print nothing; marking them too would only cost time. */
const SILENT = new Set([
  "copy-mode",
  "send-keys",
  "paste-buffer",
  "pipe-pane",
  "set-option",
  "kill-pane",
  "resize-pane",
  "resize-window",
]);
const NOTHING = Buffer.alloc(0);
/** What is handed over at once fits into a FIFO. */
const MAX_BATCH_BYTES = 32 * 1024;
/** tmux answers within milliseconds; after this the channel is given up. */
const REPLY_TIMEOUT_MS = 10_000;
/** What tmux says of a failure comes on another pipe than the end of the line. */
const ERROR_TEXT_MS = 20;
/** The next process is started when the one in use has so many stages left. */
const STAGES_FOR_CHANGE = 50;
const MAX_LOST = 50;

/**
 * A quick way to run commands on one tmux server: a process that waits for them, so that none has to be started.
 *
 * It is not a control-mode client on purpose. In tmux up to 3.6 these can crash the server and take every session with
 * it: one that is just starting when a session or pane changes, and any when all windows of a session end together
 * (docs/decisions/0006). To the server this one is nothing but a `tmux` command that takes its time.
 */
export function openCommandChannel(deps: CommandChannelDeps): CommandChannel {
  const nonce = `@${Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => (byte % 36).toString(36)).join("")}@`;
  const queue: Request[] = [];
  const known = Promise.withResolvers<void>();
  /** What is being carried out, in order. */
  let running: Request[] = [];
  let current: CommandProcess | null = null;
  let next: CommandProcess | null = null;
  let server: string | null = null;
  let errorText = "";
  let generation = 0;
  let lost = 0;
  /** Requests that are handed over one at a time. */
  let alone = 0;
  let starting = false;
  let over = false;

  const end = (why: string) => {
    if (over) return;
    over = true;
    clearInterval(watchdog);
    current?.stop();
    next?.stop();
    for (const request of [...running.splice(0), ...queue.splice(0)])
      request.resolve({ ok: false, error: why });
    rmSync(deps.directory, { recursive: true, force: true });
    known.resolve();
    deps.onEnd();
  };

  /** Starts a process with FIFOs of its own: one that is ending must not read what is meant for the next. */
  const start = async (): Promise<CommandProcess | null> => {
    const directory = join(deps.directory, String(++generation));
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const fifos = [join(directory, "0"), join(directory, "1")] as const;
    const made = await run({ argv: ["mkfifo", "-m", "600", ...fifos], timeoutMs: 5_000 });
    if (over) {
      rmSync(deps.directory, { recursive: true, force: true });
      return null;
    }
    if (made.status !== "exited" || made.code !== 0) {
      end(explainRun("mkfifo", made));
      return null;
    }
    const process: CommandProcess = startCommandProcess({
      tmux: deps.tmux,
      env: deps.env,
      directory,
      nonce,
      onReady() {
        const said = process.server();
        // The server was replaced between two processes: this is another server's channel now.
        if (server !== null && said !== server) {
          end("the tmux server ended");
          return;
        }
        server = said;
        known.resolve();
        flush();
      },
      onOutput: (output) => running[0]?.outputs.push(output),
      onLineEnd: settle,
      onStageEnd(said) {
        if (process !== current) return;
        recoverLost(said);
        flush();
      },
      onErrorText(text) {
        errorText = (errorText + text).slice(-4_000);
      },
      onExit(why) {
        rmSync(directory, { recursive: true, force: true });
        if (process === current || current === null) end(why);
        else if (process === next) next = null;
      },
    });
    return process;
  };

  const settle = () => {
    const request = running.shift();
    if (request === undefined) return;
    lost = 0;
    const { marked, outputs } = request;
    if (outputs.length === marked.filter(Boolean).length) {
      let taken = 0;
      request.resolve({
        ok: true,
        outputs: marked.map((isMarked) => (isMarked ? outputs[taken++] : null) ?? NOTHING),
      });
      return;
    }
    setTimeout(() => {
      const said = errorText.trim();
      errorText = "";
      request.resolve({ ok: false, error: said === "" ? "tmux refused the command" : said });
    }, ERROR_TEXT_MS);
  };

  /**
   * A stage that ends without the end of its lines: nothing of it was carried out. Either the process came to the FIFO too
   * late and read nothing, or tmux could not read one of the lines and then takes none of the file.
   */
  const recoverLost = (said: string) => {
    if (running.length === 0) return;
    if (said !== "" && running.length === 1) {
      running.shift()?.resolve({ ok: false, error: said });
      return;
    }
    lost += 1;
    // One at a time, so that the one which cannot be read is found.
    if (said !== "") alone = running.length;
    queue.unshift(...running.splice(0));
    if (lost > MAX_LOST) end("tmux does not take commands");
  };

  const flush = () => {
    if (over || running.length > 0) return;
    change();
    // The last stage is not used: after it the process would end, with or without another in its place.
    if (queue.length === 0 || current?.idle() !== true || current.left() <= 1) return;
    const most = alone > 0 ? 1 : Number.POSITIVE_INFINITY;
    alone = Math.max(0, alone - 1);
    let bytes = 0;
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      bytes += first.text.length;
      if (running.length > 0 && (bytes > MAX_BATCH_BYTES || running.length >= most)) break;
      running.push(first);
      queue.shift();
    }
    current.write(running.map((request) => request.text).join(""));
  };

  /** Takes the next process in time, so that nobody waits for one to start. */
  const change = () => {
    if (current === null || current.left() > STAGES_FOR_CHANGE) return;
    if (next === null) {
      if (!starting) void startNext();
      return;
    }
    if (!next.idle()) return;
    const old = current;
    current = next;
    next = null;
    old.stop();
  };

  const startNext = async () => {
    starting = true;
    try {
      next = await start();
    } catch (error) {
      end(String(error));
    }
    starting = false;
  };

  const startFirst = async () => {
    try {
      current = await start();
    } catch (error) {
      end(String(error));
    }
  };
  void startFirst();

  const watchdog = setInterval(() => {
    const oldest = running[0] ?? queue[0];
    if (oldest === undefined || performance.now() - oldest.since < REPLY_TIMEOUT_MS) return;
    deps.log("warn", "tmux does not answer; the channel to it is replaced");
    end("tmux does not answer");
  }, 1_000);
  watchdog.unref();

  return {
    server: () => server,
    ready: known.promise,
    send(commands) {
      if (over) return Promise.resolve({ ok: false, error: "the channel to tmux has ended" });
      const { promise, resolve } = Promise.withResolvers<Reply>();
      const output: TmuxCommand = ["display-message", "-p", marker.output(nonce)];
      const marked = commands.map(([name], i) => i === commands.length - 1 || !SILENT.has(name));
      const line = commandLine(
        commands.flatMap((command, i) => (marked[i] === true ? [command, output] : [command])),
      );
      // A line of its own: it is carried out whatever became of the one before.
      const lineEnd = commandLine([["display-message", "-p", marker.end(nonce)]]);
      queue.push({
        text: `${line}${lineEnd}`,
        marked,
        outputs: [],
        since: performance.now(),
        resolve,
      });
      flush();
      return promise;
    },
    stop: () => end("the daemon stops"),
  };
}
