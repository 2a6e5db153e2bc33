import type { SocketEnvironment, SocketLike, SocketListener } from "./socketEnvironment.ts";

/** A socket that a test plays the server of. */
export class FakeSocket implements SocketLike {
  readonly url: string;
  readonly sent: (string | Uint8Array)[] = [];
  closedWith: number | undefined;
  readonly #listener: SocketListener;

  constructor(url: string, listener: SocketListener) {
    this.url = url;
    this.#listener = listener;
  }
  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }
  close(code?: number): void {
    this.closedWith ??= code ?? 1000;
  }
  opens(): void {
    this.#listener.opened();
  }
  says(data: unknown): void {
    this.#listener.said(
      typeof data === "string" || data instanceof ArrayBuffer ? data : JSON.stringify(data),
    );
  }
  closes(code: number, reason = ""): void {
    this.#listener.closed(code, reason);
  }
  /** Frames sent as JSON, without pings. */
  get frames(): unknown[] {
    return this.sent
      .filter((data) => typeof data === "string" && data !== "ping")
      .map((data) => JSON.parse(String(data)));
  }
}

/** A clock, a network and a device in a test's hands. */
export type FakeEnvironment = SocketEnvironment & {
  sockets: FakeSocket[];
  /** The socket opened last. */
  socket(): FakeSocket;
  /** Lets time pass; tasks that come due run in order. */
  advance(ms: number): void;
  wake(): void;
  /** Another socket of the page became live. */
  answered(): void;
  toldAnswered: number;
  refuseToOpen: boolean;
};

export function fakeEnvironment(): FakeEnvironment {
  let now = 1_000_000;
  let tasks: { at: number; task: () => void }[] = [];
  const wakers = new Set<() => void>();
  const listeners = new Set<() => void>();
  const sockets: FakeSocket[] = [];
  return {
    toldAnswered: 0,
    tellAnswered() {
      this.toldAnswered++;
    },
    onAnswered(task) {
      listeners.add(task);
      return () => listeners.delete(task);
    },
    answered: () => listeners.forEach((task) => task()),
    sockets,
    refuseToOpen: false,
    socket() {
      const last = sockets.at(-1);
      if (last === undefined) throw new Error("no socket was opened");
      return last;
    },
    now: () => now,
    random: () => 1,
    after(ms, task) {
      const entry = { at: now + ms, task };
      tasks.push(entry);
      return () => {
        tasks = tasks.filter((other) => other !== entry);
      };
    },
    open(url, listener) {
      if (this.refuseToOpen) throw new Error("The address is not allowed.");
      const socket = new FakeSocket(url, listener);
      sockets.push(socket);
      return socket;
    },
    onWake(task) {
      wakers.add(task);
      return () => wakers.delete(task);
    },
    wake: () => wakers.forEach((task) => task()),
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = tasks.filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        tasks = tasks.filter((entry) => entry !== due);
        now = due.at;
        due.task();
      }
      now = end;
    },
  };
}
