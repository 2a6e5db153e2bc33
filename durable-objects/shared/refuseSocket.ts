import { CLOSE, closeReason, type CloseName } from "../../protocol/closeCodes.ts";

/** Accepts an upgrade only to close it: a client cannot read why a handshake failed, but it can read a close. */
export function refuseSocket(name: CloseName, reason: string): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.close(CLOSE[name], closeReason(reason));
  return new Response(null, { status: 101, webSocket: client });
}

/** Closes a socket with an application code; a socket that is already gone stays gone. */
export function closeSocket(ws: WebSocket, name: CloseName, reason: string): void {
  try {
    ws.close(CLOSE[name], closeReason(reason));
  } catch {
    // closed under us: there is nobody left to tell
  }
}

/**
 * Ends this side after the other side closed. The runtime does not do it for hibernating sockets, and a client would
 * wait for it, hold its connection open and in the end report 1006.
 */
export function answerClose(ws: WebSocket): void {
  try {
    ws.close(1000);
  } catch {
    // it broke off instead of closing: there is nobody left to answer
  }
}
