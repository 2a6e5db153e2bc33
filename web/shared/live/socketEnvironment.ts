/** The part of a WebSocket that is used here; tests bring their own. */
export type SocketLike = {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
};

/** Everything of the outside that a live socket needs. */
export type SocketEnvironment = {
  now(): number;
  /** Runs `task` later; the returned function cancels it. */
  after(ms: number, task: () => void): () => void;
  /** From 0 to 1. */
  random(): number;
  open(url: string): SocketLike;
  /** Calls `task` when the device came back: online again, or the page is visible again. */
  onWake(task: () => void): () => void;
};

/** The browser itself. */
export const browserEnvironment: SocketEnvironment = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  open(url) {
    const absolute = new URL(url, location.href);
    absolute.protocol = absolute.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(absolute);
    const like: SocketLike = {
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
      send: (data) => socket.send(data),
      close: (code, reason) => socket.close(code, reason),
    };
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => like.onopen?.());
    socket.addEventListener("message", (event) => like.onmessage?.({ data: event.data }));
    socket.addEventListener("close", (event) => like.onclose?.({ code: event.code, reason: event.reason }));
    socket.addEventListener("error", () => like.onerror?.());
    return like;
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
