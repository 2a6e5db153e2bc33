import { CLOSE, isFinalClose } from "../../../protocol/closeCodes.ts";
import { PING_INTERVAL_MS, SILENCE_LIMIT_MS } from "../../../protocol/limits.ts";
import { closeSentence } from "./closeSentence.ts";
import { browserEnvironment, type SocketEnvironment, type SocketLike } from "./socketEnvironment.ts";

/** First delay before another try; each further one is longer by {@link RETRY_GROWTH}, up to {@link RETRY_MAX_MS}. */
export const RETRY_FIRST_MS = 400;
export const RETRY_GROWTH = 1.7;
export const RETRY_MAX_MS = 15_000;
/** A socket that is not ready and says nothing for so long is given up. */
export const READY_LIMIT_MS = 10_000;
/** A socket that was live for so long counts as a success: the next failure starts with the shortest delay again. */
export const STEADY_MS = 5_000;
/** A live socket that leaves a ping unanswered for so long is said to be stalled. */
export const STALL_MS = 5_000;
/** After the device woke, a socket that does not answer a ping within this is given up. */
export const WAKE_PROBE_MS = 4_000;
/**
 * Unanswered pings after which the next one is not sent any more: that moment is {@link SILENCE_LIMIT_MS} after the last
 * answer. Counted and not timed, because the timers of a hidden page are late.
 */
const SILENT_PINGS = SILENCE_LIMIT_MS / PING_INTERVAL_MS - 1;

/**
 * `connecting`: opening, or open and not caught up yet.
 * `live`: what is shown is true now.
 * `stalled`: open, but silent: what is shown may be old. It is live again with the next word.
 * `waiting`: it failed and will be tried again at `retryAt`.
 * `refused`: the server said no, and trying again cannot help.
 */
export type SocketState =
  | { phase: "connecting"; attempt: number }
  | { phase: "live"; since: number }
  | { phase: "stalled"; since: number }
  | { phase: "waiting"; retryAt: number; reason: string; attempt: number }
  | { phase: "refused"; code: number; reason: string };

export type LiveSocketOptions = {
  url: string;
  /** The socket is open: say hello. */
  onOpen(socket: LiveSocket): void;
  /** A frame came (never a `pong`). Call {@link LiveSocket.ready} once what is shown is true. */
  onFrame(data: string | ArrayBuffer, socket: LiveSocket): void;
  onState(state: SocketState): void;
  environment?: SocketEnvironment;
};

export type LiveSocket = {
  state(): SocketState;
  /** False when there is no open socket: nothing was sent. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean;
  /** What is shown is true now. */
  ready(): void;
  /** Drops the socket and connects anew: what came over it cannot be used. */
  reconnect(reason: string): void;
  /** Tries at once instead of at `retryAt`. */
  retryNow(): void;
  stop(): void;
};

/** Milliseconds until the next try: grows, bounded, and scattered so that many pages do not come back together. */
export function retryDelay(attempt: number, random: number): number {
  const full = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * RETRY_GROWTH ** Math.min(attempt, 20));
  return Math.round(full * (0.5 + random / 2));
}

/** Keeps one socket open for as long as it can, and says truly how it is. Frames of an older socket are never heard. */
export function startLiveSocket(options: LiveSocketOptions): LiveSocket {
  const environment = options.environment ?? browserEnvironment;
  let state: SocketState = { phase: "connecting", attempt: 0 };
  let current: SocketLike | null = null;
  let open = false;
  let stopped = false;
  /** Failures since it was last steady. */
  let failures = 0;
  let unanswered = 0;
  let cancelTimer: () => void = () => undefined;
  let cancelPing: () => void = () => undefined;
  let cancelProbe: () => void = () => undefined;
  let cancelStall: () => void = () => undefined;

  function become(next: SocketState): void {
    state = next;
    options.onState(next);
  }

  function forget(): SocketLike | null {
    const old = current;
    current = null;
    open = false;
    cancelTimer();
    cancelPing();
    cancelProbe();
    cancelStall();
    return old;
  }

  function connect(): void {
    const orphan = forget();
    orphan?.close(1000);
    become({ phase: "connecting", attempt: failures });
    let socket: SocketLike;
    try {
      socket = environment.open(options.url, {
        opened() {
          if (current !== socket) return;
          open = true;
          unanswered = 0;
          schedulePing();
          options.onOpen(handle);
        },
        said(data) {
          if (current !== socket) return;
          unanswered = 0;
          cancelProbe();
          cancelStall();
          if (state.phase === "stalled") become({ phase: "live", since: state.since });
          if (data === "pong") return;
          if (state.phase === "connecting") awaitReady();
          if (typeof data === "string" || data instanceof ArrayBuffer) options.onFrame(data, handle);
        },
        closed(code, reason) {
          if (current !== socket) return;
          forget();
          const sentence = closeSentence(code, reason);
          if (isFinalClose(code)) become({ phase: "refused", code, reason: sentence });
          else fail(sentence);
        },
      });
    } catch (error) {
      fail(error instanceof Error ? error.message : "The connection could not be opened."); // a blocked or malformed address
      return;
    }
    current = socket;
    awaitReady();
  }

  function awaitReady(): void {
    cancelTimer();
    cancelTimer = environment.after(READY_LIMIT_MS, () => drop("Signalbox does not answer."));
  }

  function fail(reason: string): void {
    if ("since" in state && environment.now() - state.since >= STEADY_MS) failures = 0;
    const delay = retryDelay(failures, environment.random());
    failures++;
    cancelTimer = environment.after(delay, connect);
    become({ phase: "waiting", retryAt: environment.now() + delay, reason, attempt: failures });
  }

  function drop(reason: string, code: number = CLOSE.silent): void {
    forget()?.close(code, "");
    fail(reason);
  }

  function schedulePing(): void {
    cancelPing = environment.after(PING_INTERVAL_MS, () => {
      if (unanswered >= SILENT_PINGS) {
        drop("The connection went silent.");
        return;
      }
      ping();
      schedulePing();
    });
  }

  function ping(): void {
    unanswered++;
    current?.send("ping");
    cancelStall();
    cancelStall = environment.after(STALL_MS, () => {
      if (state.phase === "live") become({ phase: "stalled", since: state.since });
    });
  }

  const stopWake = environment.onWake(() => {
    if (stopped) return;
    if (state.phase === "waiting") {
      connect();
    } else if (open && (state.phase === "live" || state.phase === "stalled")) {
      // A socket that slept through a network change looks open for minutes; ask it.
      cancelProbe();
      ping();
      cancelProbe = environment.after(WAKE_PROBE_MS, () => drop("The connection went silent."));
    }
  });

  const stopAnswered = environment.onAnswered(() => {
    if (state.phase === "waiting") connect();
  });

  const handle: LiveSocket = {
    state: () => state,
    send(data) {
      if (current === null || !open) return false;
      current.send(data);
      return true;
    },
    ready() {
      if (current === null || state.phase !== "connecting") return;
      cancelTimer();
      become({ phase: "live", since: environment.now() });
      environment.tellAnswered();
    },
    reconnect(reason) {
      if (!stopped && current !== null) drop(reason, 1000);
    },
    retryNow() {
      if (stopped || state.phase === "connecting" || state.phase === "live") return;
      failures = 0;
      connect();
    },
    stop() {
      if (stopped) return;
      stopped = true;
      stopWake();
      stopAnswered();
      forget()?.close(1000, "");
    },
  };

  connect();
  return handle;
}
