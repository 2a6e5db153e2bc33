import { LIVE_ACK_BYTES, PROTOCOL_VERSION } from "../../../protocol/limits.ts";
import { createStore, type Store } from "../lib/createStore.ts";
import { applyHubFrame, EMPTY_HUB, type HubState } from "./hubState.ts";
import { startLiveSocket, type LiveSocket, type SocketState } from "./liveSocket.ts";
import { readHubFrame } from "./readHubFrame.ts";
import type { SocketEnvironment } from "./socketEnvironment.ts";

/** Sessions that ended longer ago are not asked for until somebody wants them: there may be thousands. */
export const RECENT_MS = 7 * 24 * 60 * 60 * 1000;

/** `recent`: everything but what ended long ago. */
export type HubScope = "recent" | "all";

export type HubStore = {
  state: Pick<Store<HubState>, "get" | "subscribe">;
  connection: Pick<Store<SocketState>, "get" | "subscribe">;
  /** What {@link state} is a picture of. */
  scope: Pick<Store<HubScope>, "get" | "subscribe">;
  /** Asks for what ended long ago too, from now on; what is here is shown until that has come. */
  showAll(): void;
  retryNow(): void;
  stop(): void;
};

export type HubStoreOptions = {
  environment?: SocketEnvironment;
  /** How changes are shown; at once when not given. */
  show?: (store: Store<HubState>) => { set(value: HubState): void; flush(): void };
};

/** Follows the hub: every host and every session that is not long over, live, over any number of connections. */
export function startHubStore(options: HubStoreOptions = {}): HubStore {
  const shown = createStore<HubState>(EMPTY_HUB);
  const connection = createStore<SocketState>({ phase: "connecting", attempt: 0 });
  const screen = options.show?.(shown) ?? { set: shown.set, flush: () => undefined };
  let state = EMPTY_HUB;
  /** Characters received since the last ack. */
  let unacked = 0;

  const scope = createStore<HubScope>("recent");
  // The same for the life of the page: a cursor is worth something only with the filter that it was got with.
  const recent = { ended_after: (options.environment?.now() ?? Date.now()) - RECENT_MS };
  let wanted: HubScope = "recent";
  /** What the last hello asked for, and whether the picture that answers it has yet to begin. */
  let asked: HubScope = "recent";
  let resetDue = false;

  function hello(socket: LiveSocket): void {
    const resumes = state.epoch !== null && scope.get() === wanted;
    const cursor = resumes && state.epoch !== null ? { epoch: state.epoch, rev: state.rev } : {};
    asked = wanted;
    resetDue = !resumes;
    // A picture that was still coming came over the socket that is gone.
    state = { ...state, incoming: null };
    unacked = 0;
    const filter = wanted === "recent" ? { filter: recent } : {};
    socket.send(JSON.stringify({ type: "hello", version: PROTOCOL_VERSION, ...cursor, ...filter }));
  }

  function onFrame(data: string | ArrayBuffer, socket: LiveSocket): void {
    const frame = readHubFrame(data);
    if (frame === "unknown") return;
    if (frame === "malformed") {
      socket.reconnect("The server sent something this page cannot read.");
      return;
    }
    state = applyHubFrame(state, frame);
    if (frame.type === "reset") resetDue = false;
    screen.set(state);
    unacked += typeof data === "string" ? data.length : data.byteLength;
    if (unacked >= LIVE_ACK_BYTES) {
      unacked = 0;
      socket.send(JSON.stringify({ type: "ack", rev: state.rev }));
    }
    if (frame.type === "ready" && !resetDue) {
      screen.flush();
      scope.set(asked);
      socket.ready();
      if (asked !== wanted) hello(socket);
    }
  }

  const socket = startLiveSocket({
    url: "/api/live",
    onOpen: hello,
    onFrame,
    onState: connection.set,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  });
  return {
    state: shown,
    connection,
    scope,
    showAll() {
      if (wanted === "all") return;
      wanted = "all";
      const { phase } = socket.state();
      if (phase === "live" || phase === "stalled") hello(socket);
    },
    retryNow: socket.retryNow,
    stop: socket.stop,
  };
}
