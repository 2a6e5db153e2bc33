import {
  CONSOLE,
  type ConsoleFrame,
  decodeConsole,
  encodeConsole,
  encodeSnapshot,
} from "../../../protocol/consoleFrames.ts";
import type { Socket } from "./edge.ts";

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (frame: ConsoleFrame) => new TextDecoder().decode(frame.payload);

export async function next(socket: Socket): Promise<ConsoleFrame> {
  const data = await socket.next<ArrayBuffer | Blob>();
  const frame = decodeConsole(data instanceof Blob ? await data.arrayBuffer() : data);
  if (frame === null) throw new Error("not a console frame");
  return frame;
}

/** The next frame of a type. */
export async function until(socket: Socket, type: number): Promise<ConsoleFrame> {
  for (;;) {
    const frame = await next(socket);
    if (frame.type === type) return frame;
  }
}

/** What a daemon sends a viewer first. */
export const snapshot = (viewer: number, screen: string) =>
  encodeConsole(CONSOLE.snapshot, viewer, encodeSnapshot({ cols: 80, rows: 24, fresh: true }, bytes(screen)));
