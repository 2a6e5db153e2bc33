/** A text socket as the link needs it. After `abandon` nothing is reported any more. */
export type LinkSocket = {
  send(text: string): void;
  abandon(reason: string): void;
};

export type SocketEvents = {
  opened(): void;
  received(data: unknown): void;
  /** Once, however the socket ended. */
  closed(code: number, reason: string): void;
};

export type OpenSocket = (url: string, token: string, events: SocketEvents) => LinkSocket;

/** Opens a WebSocket with a bearer token. */
export const openSocket: OpenSocket = (url, token, events) => {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
  let current = true;
  socket.addEventListener("open", () => {
    if (current) events.opened();
    // Given up while it was opening: the edge must not take it for a newer daemon.
    else socket.close(1000, "given up");
  });
  socket.addEventListener("message", ({ data }) => {
    if (current) events.received(data);
  });
  // Every error is followed by a close, which is what counts.
  socket.addEventListener("error", () => {});
  socket.addEventListener("close", ({ code, reason }) => {
    if (!current) return;
    current = false;
    events.closed(code, reason);
  });
  return {
    send: (text) => socket.send(text),
    abandon() {
      current = false;
      if (socket.readyState === WebSocket.OPEN || socket.readyState === WebSocket.CONNECTING)
        socket.close(1000, "given up");
    },
  };
};

/** The address of the link's socket at an edge. */
export function linkUrl(edge: string): string {
  const url = new URL("/api/link", edge);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
