import { LIVE_ACK_BYTES, PROTOCOL_VERSION } from "../../../protocol/limits.ts";
import { SessionServerFrame } from "../../../protocol/sessionFrames.ts";
import type { Span } from "../../../protocol/traces.ts";
import { createStore, type Store } from "../lib/createStore.ts";
import type { KeptCopy } from "./keepCopy.ts";
import { startLiveSocket, type LiveSocket, type SocketState } from "./liveSocket.ts";
import { readFrame } from "./readFrame.ts";
import {
  applySessionFrame,
  EMPTY_SESSION,
  prependEvents,
  sessionCursor,
  type LogEvent,
  type SessionState,
} from "./sessionState.ts";
import type { SocketEnvironment } from "./socketEnvironment.ts";

/** Events of one older page. */
export const OLDER_PAGE = 200;
/** Events that a local copy may lag behind; from further away a fresh tail is less. */
export const COPY_LAG = 1_000;

export type SessionStore = {
  state: Pick<Store<SessionState>, "get" | "subscribe">;
  connection: Pick<Store<SocketState>, "get" | "subscribe">;
  /** Fetches the page before the oldest event that is here; false when there is none, or it could not be fetched now. */
  loadOlder(): Promise<boolean>;
  /** Tells of each span as it begins, changes and ends, and `null` when some may have been missed. */
  followSpans(listener: (span: Span | null) => void): () => void;
  retryNow(): void;
  stop(): void;
};

export type SessionStoreOptions = {
  id: string;
  fetchOlder(id: string, before: number, limit: number): Promise<LogEvent[]>;
  environment?: SocketEnvironment;
  /** What this browser has kept of it. */
  copy?: KeptCopy;
  show?: (store: Store<SessionState>) => { set(value: SessionState): void; flush(): void };
};

/** Spans stand outside the log: who comes (again), or was behind, may lack some. */
const MAY_MISS_SPANS = new Set<SessionServerFrame["type"]>(["ok", "gap", "spans_missed"]);

/**
 * Follows one session's log by its cursor. The local copy is shown until the edge has spoken; after that, what is shown is always
 * whole up to where the edge said that the log is.
 */
export function startSessionStore(options: SessionStoreOptions): SessionStore {
  const shown = createStore<SessionState>(EMPTY_SESSION);
  const connection = createStore<SocketState>({ phase: "connecting", attempt: 0 });
  const screen = options.show?.(shown) ?? { set: shown.set, flush: () => undefined };
  let state = EMPTY_SESSION;
  /** Characters received since the last ack. */
  let unacked = 0;
  let loading: Promise<boolean> | null = null;
  const spanListeners = new Set<(span: Span | null) => void>();
  /** Null once the local copy was read. */
  let reading: Promise<void> | null = options.copy === undefined ? null : options.copy.read().then(begin);
  let opened = 0;

  function begin(copied: SessionState | null): void {
    reading = null;
    if (copied === null) return;
    state = copied;
    screen.set(state);
    screen.flush();
  }

  function onOpen(socket: LiveSocket): void {
    const mine = ++opened;
    if (reading === null) hello(socket);
    else void reading.then(() => mine === opened && hello(socket));
  }

  function hello(socket: LiveSocket): void {
    unacked = 0;
    const lag = state.epoch !== null && !state.loaded ? { at_most: COPY_LAG } : {};
    socket.send(
      JSON.stringify({ type: "hello", version: PROTOCOL_VERSION, ...sessionCursor(state), ...lag }),
    );
  }

  function onFrame(data: string | ArrayBuffer, socket: LiveSocket): void {
    const frame = readFrame(SessionServerFrame, data);
    if (frame === "unknown") return;
    if (frame === "malformed") {
      socket.reconnect("The server sent something this page cannot read.");
      return;
    }
    const step = applySessionFrame(state, frame);
    const changed = step.state !== state;
    state = step.state;
    if (state.loaded && changed) {
      screen.set(state);
      options.copy?.changed(state);
    }
    if (step.broken !== null) {
      socket.reconnect(
        step.broken === "hole" ? "An event was missing; fetching it." : "The log was replaced; fetching it.",
      );
      return;
    }
    if (frame.type === "span") spanListeners.forEach((tell) => tell(frame.span));
    if (MAY_MISS_SPANS.has(frame.type)) spanListeners.forEach((tell) => tell(null));
    unacked += typeof data === "string" ? data.length : data.byteLength;
    if (unacked >= LIVE_ACK_BYTES) {
      unacked = 0;
      socket.send(JSON.stringify({ type: "ack", seq: state.next - 1 }));
    }
    if (!state.loaded || socket.state().phase !== "connecting") return;
    screen.flush();
    socket.ready();
  }

  function onState(next: SocketState): void {
    connection.set(next);
    if (next.phase === "refused") options.copy?.forget();
  }

  async function fetchOlder(): Promise<boolean> {
    const { first, epoch } = state;
    if (!state.loaded || first <= 1) return false;
    // What cannot be fetched now is asked for again by the next scroll; the connection's own line says what is wrong.
    const page = await options.fetchOlder(options.id, first, OLDER_PAGE).catch(() => []);
    if (state.epoch !== epoch) return false; // the log was replaced meanwhile
    const next = prependEvents(state, page);
    const grew = next !== state;
    state = next;
    if (state.loaded) screen.set(state);
    return grew;
  }

  const socket = startLiveSocket({
    url: `/api/sessions/${options.id}/live`,
    onOpen,
    onFrame,
    onState,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  });
  return {
    state: shown,
    connection,
    loadOlder() {
      loading ??= fetchOlder().finally(() => {
        loading = null;
      });
      return loading;
    },
    followSpans(listener) {
      spanListeners.add(listener);
      return () => spanListeners.delete(listener);
    },
    retryNow: socket.retryNow,
    stop() {
      options.copy?.stop();
      socket.stop();
    },
  };
}
