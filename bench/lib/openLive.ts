import * as z from "zod";
import { WebSocket } from "ws";

const Frame = z.looseObject({
  type: z.string(),
  rev: z.number().optional(),
  events: z.array(z.looseObject({ seq: z.number() })).optional(),
});
/** How long a text may take to come. */
const PATIENCE_MS = 30_000;

export type Live = {
  /** Resolves with the wall clock's time at which the first frame with a text came. */
  heard(text: string): Promise<number>;
  close(): void;
};

/** A page that follows a session, or everything that the hub tells. */
export async function openLive(url: string, token: string): Promise<Live> {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
  const waiting = new Map<string, (at: number) => void>();
  await new Promise<void>((resolve, reject) => {
    socket.once("open", () => resolve());
    socket.once("error", reject);
  });
  socket.send(JSON.stringify({ type: "hello", version: 1 }));
  socket.on("message", (data) => {
    const at = Date.now();
    const text = String(data);
    for (const [wanted, resolve] of waiting)
      if (text.includes(wanted)) {
        waiting.delete(wanted);
        resolve(at);
      }
    if (text === "pong") return;
    const { rev, events } = Frame.parse(JSON.parse(text));
    const seq = events?.at(-1)?.seq;
    if (rev !== undefined) socket.send(JSON.stringify({ type: "ack", rev }));
    if (seq !== undefined) socket.send(JSON.stringify({ type: "ack", seq }));
  });
  return {
    heard: (text) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${text} was not heard`)), PATIENCE_MS);
        waiting.set(text, (at) => {
          clearTimeout(timer);
          resolve(at);
        });
      }),
    close: () => socket.close(),
  };
}
