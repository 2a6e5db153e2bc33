/** The part of a WebSocket that is used here; tests bring their own. */
export type SocketLike = {
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
};

export type SocketListener = {
  opened(): void;
  said(data: unknown): void;
  /** Always comes in the end, also when it never opened. */
  closed(code: number, reason: string): void;
};

/** Everything of the outside that a live socket needs. */
export type SocketEnvironment = {
  now(): number;
  /** Runs `task` later; the returned function cancels it. */
  after(ms: number, task: () => void): () => void;
  /** From 0 to 1. */
  random(): number;
  open(url: string, listener: SocketListener): SocketLike;
  /** Calls `task` when the device came back: online again, or the page is visible again. */
  onWake(task: () => void): () => void;
  /** Says that the server answers; every socket of the page that waits for its next try hears it. */
  tellAnswered(): void;
  onAnswered(task: () => void): () => void;
};

const answered = new EventTarget();

/** The browser itself. */
export const browserEnvironment: SocketEnvironment = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  open(url, listener) {
    const absolute = new URL(url, location.href);
    absolute.protocol = absolute.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(absolute);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => listener.opened());
    socket.addEventListener("message", (event) => listener.said(event.data));
    socket.addEventListener("close", (event) => listener.closed(event.code, event.reason));
    return {
      // One that the other side has begun to close takes nothing more; `closed` follows.
      send: (data) => void (socket.readyState === WebSocket.OPEN && socket.send(data)),
      close: (code, reason) => socket.close(code, reason),
    };
  },
  tellAnswered: () => void answered.dispatchEvent(new Event("answered")),
  onAnswered(task) {
    answered.addEventListener("answered", task);
    return () => answered.removeEventListener("answered", task);
  },
  onWake(task) {
    const whenVisible = (): void => {
      if (document.visibilityState === "visible") task();
    };
    addEventListener("online", task);
    addEventListener("pageshow", task);
    document.addEventListener("visibilitychange", whenVisible);
    return () => {
      removeEventListener("online", task);
      removeEventListener("pageshow", task);
      document.removeEventListener("visibilitychange", whenVisible);
    };
  },
};
