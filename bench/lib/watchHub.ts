import { WebSocket } from "ws";
import { type HubChange, HubServerFrame } from "../../protocol/hubFrames.ts";
import { PROTOCOL_VERSION } from "../../protocol/limits.ts";
import type { EdgeHandle } from "./startEdge.ts";

export type HubWatch = {
  /** Resolves when a change is told for which `isIt` holds; ask before it can come. */
  until(isIt: (change: HubChange) => boolean): Promise<void>;
  stop(): void;
};

/** Follows what the hub tells, as a page does. */
export async function watchHub(edge: EdgeHandle): Promise<HubWatch> {
  const waiting = new Map<(change: HubChange) => boolean, () => void>();
  const socket = new WebSocket(edge.socketUrl("/api/live"), {
    headers: { authorization: `Bearer ${edge.token}` },
  });
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  socket.on("error", reject);
  socket.on("open", () => socket.send(JSON.stringify({ type: "hello", version: PROTOCOL_VERSION })));
  socket.on("message", (data) => {
    const frame = HubServerFrame.parse(JSON.parse(String(data)));
    if (frame.type === "ready") resolve();
    if (frame.type !== "changes") return;
    for (const change of frame.changes)
      for (const [isIt, seen] of waiting)
        if (isIt(change)) {
          waiting.delete(isIt);
          seen();
        }
    socket.send(JSON.stringify({ type: "ack", rev: frame.rev }));
  });
  await ready;
  return {
    until: (isIt) => new Promise((seen) => waiting.set(isIt, seen)),
    stop: () => socket.close(),
  };
}
