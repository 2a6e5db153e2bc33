import { LIVE_ACK_BYTES, PROTOCOL_VERSION } from "../../../protocol/limits.ts";
import { createStore, type Store } from "../lib/createStore.ts";
import { applyHubFrame, EMPTY_HUB, type HubState } from "./hubState.ts";
import { startLiveSocket, type LiveSocket, type SocketState } from "./liveSocket.ts";
import { readHubFrame } from "./readHubFrame.ts";
import type { SocketEnvironment } from "./socketEnvironment.ts";

export type HubStore = {
  state: Pick<Store<HubState>, "get" | "subscribe">;
  connection: Pick<Store<SocketState>, "get" | "subscribe">;
  retryNow(): void;
  stop(): void;
};

export type HubStoreOptions = {
  environment?: SocketEnvironment;
  /** How changes are shown; at once when not given. */
  show?: (store: Store<HubState>) => { set(value: HubState): void; flush(): void };
};

/** Follows the hub: every session and host, live, over any number of connections. */
export function startHubStore(options: HubStoreOptions = {}): HubStore {
  const shown = createStore<HubState>(EMPTY_HUB);
  const connection = createStore<SocketState>({ phase: "connecting", attempt: 0 });
  const screen = options.show?.(shown) ?? { set: shown.set, flush: () => undefined };
  let state = EMPTY_HUB;
  /** Characters received since the last ack. */
  let unacked = 0;

  function hello(socket: LiveSocket): void {
    const cursor = state.epoch === null ? {} : { epoch: state.epoch, rev: state.rev };
    // A picture that was still coming came over the socket that is gone.
    state = { ...state, incoming: null };
    unacked = 0;
    socket.send(JSON.stringify({ type: "hello", version: PROTOCOL_VERSION, ...cursor }));
  }

  function onFrame(data: string | ArrayBuffer, socket: LiveSocket): void {
    const frame = readHubFrame(data);
    if (frame === "unknown") return;
    if (frame === "malformed") {
      socket.reconnect("The server sent something this page cannot read.");
      return;
    }
    state = applyHubFrame(state, frame);
    screen.set(state);
    unacked += typeof data === "string" ? data.length : data.byteLength;
    if (unacked >= LIVE_ACK_BYTES) {
      unacked = 0;
      socket.send(JSON.stringify({ type: "ack", rev: state.rev }));
    }
    if (frame.type === "ready") {
      screen.flush();
      socket.ready();
    }
  }

  const socket = startLiveSocket({
    url: "/api/live",
    onOpen: hello,
    onFrame,
    onState: connection.set,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  });
  return { state: shown, connection, retryNow: socket.retryNow, stop: socket.stop };
}
