import { LIVE_ACK_BYTES, PROTOCOL_VERSION } from "../../../protocol/limits.ts";
import { SessionServerFrame } from "../../../protocol/sessionFrames.ts";
import { createStore, type Store } from "../lib/createStore.ts";
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

export type SessionStore = {
  state: Pick<Store<SessionState>, "get" | "subscribe">;
  connection: Pick<Store<SocketState>, "get" | "subscribe">;
  /** Fetches the page before the oldest event that is here; false when there is none, or it could not be fetched now. */
  loadOlder(): Promise<boolean>;
  retryNow(): void;
  stop(): void;
};

export type SessionStoreOptions = {
  id: string;
  fetchOlder(id: string, before: number, limit: number): Promise<LogEvent[]>;
  environment?: SocketEnvironment;
  show?: (store: Store<SessionState>) => { set(value: SessionState): void; flush(): void };
};

/** Follows one session's log by its cursor. */
export function startSessionStore(options: SessionStoreOptions): SessionStore {
  const shown = createStore<SessionState>(EMPTY_SESSION);
  const connection = createStore<SocketState>({ phase: "connecting", attempt: 0 });
  const screen = options.show?.(shown) ?? { set: shown.set, flush: () => undefined };
  let state = EMPTY_SESSION;
  /** Characters received since the last ack. */
  let unacked = 0;
  let loading: Promise<boolean> | null = null;

  function hello(socket: LiveSocket): void {
    unacked = 0;
    socket.send(JSON.stringify({ type: "hello", version: PROTOCOL_VERSION, ...sessionCursor(state) }));
  }

  function onFrame(data: string | ArrayBuffer, socket: LiveSocket): void {
    const frame = readFrame(SessionServerFrame, data);
    if (frame === "unknown") return;
    if (frame === "malformed") {
      socket.reconnect("The server sent something this page cannot read.");
      return;
    }
    const step = applySessionFrame(state, frame);
    state = step.state;
    screen.set(state);
    if (step.broken !== null) {
      socket.reconnect(
        step.broken === "hole" ? "An event was missing; fetching it." : "The log was replaced; fetching it.",
      );
      return;
    }
    unacked += typeof data === "string" ? data.length : data.byteLength;
    if (unacked >= LIVE_ACK_BYTES) {
      unacked = 0;
      socket.send(JSON.stringify({ type: "ack", seq: state.next - 1 }));
    }
    if (frame.type === "ok" || frame.type === "gap") {
      screen.flush();
      socket.ready();
    }
  }

  async function fetchOlder(): Promise<boolean> {
    const { first, epoch } = state;
    if (!state.loaded || first <= 1) return false;
    const page = await options.fetchOlder(options.id, first, OLDER_PAGE);
    if (state.epoch !== epoch) return false; // the log was replaced meanwhile
    const next = prependEvents(state, page);
    const grew = next !== state;
    state = next;
    screen.set(state);
    return grew;
  }

  const socket = startLiveSocket({
    url: `/api/sessions/${options.id}/live`,
    onOpen: hello,
    onFrame,
    onState: connection.set,
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
    retryNow: socket.retryNow,
    stop: socket.stop,
  };
}
