import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { Socket } from "node:net";
import { dirname, join } from "node:path";
import { explainRun, run } from "../run.ts";
import { hasCode } from "../system/readFileIfThere.ts";
import { literalInFormat, shellQuote, type TmuxCommand } from "./command.ts";

/** The pane option that says whose pipe is on the pane: the path of its FIFO. */
export const PIPE_MARK = "@signalbox_pipe";

/** A FIFO that tmux writes a pane's output into. */
export type PanePipe = {
  /** Puts the pipe on the pane; replaces one of ours. To be run in the same line as the capture that belongs to it. */
  commands(pane: string): TmuxCommand[];
  /** Begins to hand over bytes. Until then they wait in the FIFO, and in tmux. */
  start(onData: (bytes: Buffer) => void, onError: (error: Error) => void): void;
  pause(): void;
  resume(): void;
  /** Whether the process between tmux and the FIFO still runs; null while it is not known. */
  alive(): boolean | null;
  close(): void;
};

export type PipeDirectory = {
  open(): Promise<{ ok: true; pipe: PanePipe } | { ok: false; reason: string }>;
  /** Whether the pipe that a pane carries is one of ours, left by a daemon that died or still in use. */
  isOurs(mark: string): boolean;
};

/**
 * Keeps FIFOs, each in a directory of its own: once that is removed, a shell that comes late finds no place where it
 * could make a file instead.
 */
export function pipeDirectory(path: string): PipeDirectory {
  let count = 0;
  const life = Date.now().toString(36);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  sweep(path);
  return {
    isOurs: (mark) => mark.startsWith(`${path}/`) && isAlive(mark) !== false,
    async open() {
      const fifo = join(path, `${life}-${++count}`, "out");
      const placed = makePlace(fifo);
      if (placed !== null) return { ok: false, reason: placed };
      const made = await run({ argv: ["mkfifo", "-m", "600", fifo], timeoutMs: 5_000 });
      if (made.status !== "exited" || made.code !== 0) {
        removePlace(fifo);
        return { ok: false, reason: explainRun("mkfifo", made) };
      }
      try {
        // Read and write, so that opening does not wait for the other side and no end of file comes between two writers.
        return { ok: true, pipe: panePipe(fifo, openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)) };
      } catch (error) {
        removePlace(fifo);
        return { ok: false, reason: String(error) };
      }
    },
  };
}

/** Why there can be no place for a FIFO; null when it is made. */
function makePlace(fifo: string): string | null {
  try {
    mkdirSync(dirname(fifo), { mode: 0o700 });
    return null;
  } catch (error) {
    return String(error);
  }
}

/** Renamed first: from then on a shell that comes late finds nothing at its path, also while the rest is removed. */
function removePlace(fifo: string): void {
  const place = dirname(fifo);
  const gone = `${place}.gone`;
  try {
    renameSync(place, gone);
    rmSync(gone, { recursive: true, force: true });
  } catch (error) {
    if (!hasCode(error, "ENOENT")) rmSync(place, { recursive: true, force: true });
  }
}

/** Where the process that writes into a FIFO says its number. */
function pidFile(fifo: string): string {
  return join(dirname(fifo), "pid");
}

/** Removes what a daemon that died has left, but not what says that a pipe on a pane is still ours. */
function sweep(path: string): void {
  for (const name of readdirSync(path)) {
    const fifo = join(path, name, "out");
    if (isAlive(fifo) !== true) removePlace(fifo);
  }
}

/** The shell line that carries a pane's bytes into a FIFO. */
function carry(pid: string, fifo: string): string {
  return `echo $$ > ${pid} && exec 3<> ${fifo} && exec > ${fifo} 3>&- && exec cat`;
}

function panePipe(fifo: string, fd: number): PanePipe {
  let socket: Socket | null = null;
  let closed = false;
  return {
    commands: (pane) => [
      // The shell replaces itself by cat, so the number it notes is that of the process that carries the bytes. It opens
      // the FIFO for both directions first: to write alone it would wait for ever if the reader has gone by then.
      ["pipe-pane", "-O", "-t", pane, literalInFormat(carry(shellQuote(pidFile(fifo)), shellQuote(fifo)))],
      ["set-option", "-p", "-t", pane, PIPE_MARK, fifo],
    ],
    start(onData, onError) {
      if (closed || socket !== null) return;
      socket = new Socket({ fd, readable: true, writable: false });
      socket.on("data", onData);
      socket.on("error", onError);
    },
    pause: () => void socket?.pause(),
    resume: () => void socket?.resume(),
    alive: () => isAlive(fifo),
    close() {
      if (closed) return;
      closed = true;
      if (socket === null) closeSync(fd);
      else socket.destroy();
      removePlace(fifo);
    },
  };
}

/** Whether the process that writes into a FIFO runs; null when it has not said its number (yet). */
function isAlive(fifo: string): boolean | null {
  if (!existsSync(fifo)) return false;
  try {
    const pid = Number(readFileSync(pidFile(fifo), "utf8"));
    if (!Number.isInteger(pid) || pid <= 0) return null;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    return code === "ENOENT" ? null : code === "EPERM";
  }
}
