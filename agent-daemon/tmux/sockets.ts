import { lstatSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { basename, dirname, isAbsolute, join } from "node:path";
import { hasCode } from "../system/readFileIfThere.ts";

/** A tmux socket: its path, and the name by which people know it (`default`, that of `-L`, or the path). */
export type SocketName = { path: string; name: string };

/** The directory where tmux keeps its sockets. */
export function socketDirectory(env: NodeJS.ProcessEnv): string {
  const parent = env.TMUX_TMPDIR !== undefined && env.TMUX_TMPDIR !== "" ? env.TMUX_TMPDIR : "/tmp";
  return join(parent, `tmux-${process.getuid?.() ?? 0}`);
}

/** The socket that a name (as for `tmux -L`) or an absolute path means; null when it can be neither. */
export function namedSocket(name: string, env: NodeJS.ProcessEnv): SocketName | null {
  const directory = socketDirectory(env);
  if (isAbsolute(name)) return { path: name, name: dirname(name) === directory ? basename(name) : name };
  return /^[^/\0]+$/.test(name) && name !== "." && name !== ".."
    ? { path: join(directory, name), name }
    : null;
}

/** Every socket of ours in tmux's directory; whether a server answers there is another question. */
export function findSockets(env: NodeJS.ProcessEnv): SocketName[] {
  const directory = socketDirectory(env);
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return []; // no directory: no tmux has run yet
  }
  return names.sort().flatMap((name) => {
    const path = join(directory, name);
    return isOwnSocket(path) ? [{ path, name }] : [];
  });
}

function isOwnSocket(path: string): boolean {
  try {
    const stat = lstatSync(path);
    return stat.isSocket() && stat.uid === (process.getuid?.() ?? stat.uid);
  } catch {
    return false; // gone since it was listed
  }
}

/** Identifies the file behind a path, so that a dead socket is asked only once. */
export function socketFile(path: string): string | null {
  try {
    const stat = lstatSync(path);
    return stat.isSocket() ? `${stat.ino}.${stat.ctimeMs}` : null;
  } catch {
    return null; // no such file
  }
}

/** What a system says when nobody listens. */
const NOBODY = ["ECONNREFUSED", "ENOENT", "ENOTSOCK"];

/** Whether anybody listens on a socket, as far as can be told; a process to ask tmux would cost a hundred times as much. */
export function isListening(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  const finish = (answer: boolean) => {
    socket.destroy();
    resolve(answer);
  };
  socket.on("connect", () => finish(true));
  // Any other error (no descriptors left, a full queue) says nothing of the server.
  socket.on("error", (error) => finish(!NOBODY.some((code) => hasCode(error, code))));
  // A server too busy to accept is there all the same.
  socket.setTimeout(2000, () => finish(true));
  return promise;
}
