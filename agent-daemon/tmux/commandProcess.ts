import type { ChildProcess } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { launch } from "../run.ts";
import { execArguments, type TmuxCommand } from "./command.ts";
import { marker, ReplyParser } from "./replyParser.ts";

/**
 * A `tmux` process that waits for commands: it reads one FIFO as a file of commands, carries them out, then waits in the
 * other FIFO, and so on by turns until its stages are used up.
 */
export type CommandProcess = {
  /** `pid start` of the server it speaks with; null until it has said so. */
  server(): string | null;
  /** Whether it waits for commands. */
  idle(): boolean;
  /** Stages that are left. */
  left(): number;
  /** Hands over a file of commands; only while it is idle. */
  write(text: string): void;
  /** Ends it. */
  stop(): void;
};

export type CommandProcessDeps = {
  /** The tmux program and the arguments that choose its socket. */
  tmux: readonly [string, ...string[]];
  env: NodeJS.ProcessEnv;
  /** Holds the FIFOs `0` and `1`. */
  directory: string;
  nonce: string;
  onReady: () => void;
  onOutput: (output: Buffer) => void;
  onLineEnd: () => void;
  /** What was written is over, and it is idle again or has no stage left. `said`: why it could not be read, if so. */
  onStageEnd: (said: string) => void;
  onErrorText: (text: string) => void;
  onExit: (why: string) => void;
};

/** tmux takes 16 kB of arguments. */
export const STAGES = 200;
/**
 * A process that opens a FIFO after it was written and closed finds nothing in it and would wait for ever. Opening it once
 * more gives it the end that it waits for; it does no harm to one that is still reading.
 */
const NUDGE_MS = 5;
const RETRY_WRITE_MS = 1;

/** tmux beside a shell that ends it when the daemon closes its input, or dies: tmux itself would wait for ever. */
const GUARD = '"$@" </dev/null & exec >&- 2>&-; read -r _; kill "$!" 2>&-';

/** Starts a process that waits for commands. */
export function startCommandProcess(deps: CommandProcessDeps): CommandProcess {
  let stage = 0;
  let server: string | null = null;
  let busy = false;
  let over = false;
  let nudges: NodeJS.Timeout | undefined;
  // Held open, so that the process waits in them instead of finding nobody there.
  const held: (number | null)[] = [hold(deps.directory, 0), hold(deps.directory, 1)];

  const commands: TmuxCommand[] = [
    ["display-message", "-p", marker.hello(deps.nonce, "#{pid} #{start_time}")],
  ];
  for (let n = 0; n < STAGES; n++) {
    // Relative names keep the arguments short.
    commands.push(["source-file", String(n % 2)], ["display-message", "-p", marker.stage(deps.nonce, n)]);
  }
  const child: ChildProcess = launch({
    argv: ["sh", "-c", GUARD, "sh", ...deps.tmux, ...execArguments(commands)],
    cwd: deps.directory,
    env: deps.env,
    stdio: ["pipe", "pipe", "pipe"],
    // A group of its own: Ctrl-C in the daemon's terminal is not for it.
    detached: true,
  });
  const parser = new ReplyParser(deps.nonce);

  const release = (index: number) => {
    const fd = held[index] ?? null;
    held[index] = null;
    if (fd !== null) closeSync(fd);
  };

  const end = (why: string) => {
    if (over) return;
    over = true;
    clearInterval(nudges);
    child.stdin?.end();
    release(0);
    release(1);
    deps.onExit(why);
  };

  const stageEnded = (ended: number, said: string) => {
    if (ended !== stage) return;
    clearInterval(nudges);
    stage += 1;
    busy = false;
    // It waits in the other FIFO by now; this one is for the stage after.
    if (stage + 1 < STAGES) held[ended % 2] ??= hold(deps.directory, ended % 2);
    deps.onStageEnd(said);
  };

  child.on("error", (error) => end(error.message));
  child.stdin?.on("error", () => {}); // it has ended; its output says so too
  // Only tmux holds these, so their end is its end.
  child.stdout?.on("close", () => end("the tmux server ended"));
  child.stderr?.on("data", (chunk: Buffer) => deps.onErrorText(chunk.toString("utf8")));
  child.stdout?.on("data", (chunk: Buffer) => {
    if (over) return;
    try {
      for (const event of parser.push(chunk)) {
        if (event.type === "output") deps.onOutput(event.output);
        else if (event.type === "end") deps.onLineEnd();
        else if (event.type === "stage") stageEnded(event.stage, event.said);
        else {
          server = event.text;
          deps.onReady();
        }
      }
    } catch (error) {
      end(String(error));
    }
  });

  return {
    server: () => server,
    idle: () => server !== null && !busy && !over && stage < STAGES,
    left: () => STAGES - stage,
    write(text) {
      const index = stage % 2;
      const fd = held[index] ?? null;
      if (fd === null || busy) throw new Error("the command process is not idle");
      busy = true;
      held[index] = null;
      writeAll(fd, Buffer.from(text), () => over);
      nudges = setInterval(() => nudge(deps.directory, index), NUDGE_MS);
    },
    stop: () => end("the daemon stops"),
  };
}

function hold(directory: string, index: number): number {
  return openSync(join(directory, String(index)), constants.O_RDWR | constants.O_NONBLOCK);
}

function nudge(directory: string, index: number): void {
  try {
    closeSync(openSync(join(directory, String(index)), constants.O_WRONLY | constants.O_NONBLOCK));
  } catch {
    // nobody reads it: it has been read, or is not reached yet
  }
}

/** Writes everything and closes, which ends the file. A FIFO that is full is tried again when tmux has read some. */
function writeAll(fd: number, bytes: Buffer, isOver: () => boolean): void {
  let rest = bytes;
  while (rest.length > 0 && !isOver()) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) break;
      const later = rest;
      setTimeout(() => writeAll(fd, later, isOver), RETRY_WRITE_MS);
      return;
    }
  }
  closeSync(fd);
}
