import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** One accepted WebSocket of the test server; text frames only. */
export type ServerSocket = {
  request: IncomingMessage;
  send(text: string): void;
  sendBinary(bytes: Uint8Array): void;
  close(code: number, reason?: string): void;
  /** Cuts the connection, as a dead network would. */
  cut(): void;
  /** Stops reading and answering without closing. */
  freeze(): void;
};

export type SocketHandlers = { text?(text: string): void; closed?(): void };

/** A WebSocket server on loopback, small enough to misbehave on demand. */
export async function startSocketServer(
  accept: (socket: ServerSocket) => SocketHandlers,
  onRequest: RequestListener = (_request, response) => response.writeHead(404).end(),
): Promise<{ url: string; sockets: Set<ServerSocket>; stop(): Promise<void> }> {
  const sockets = new Set<ServerSocket>();
  const server = createServer(onRequest);
  server.on("upgrade", (request: IncomingMessage, stream: Duplex) => {
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    stream.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${createHash("sha1").update(key).digest("base64")}\r\n\r\n`,
    );
    const socket: ServerSocket = {
      request,
      send: (text) => stream.write(frame(0x81, Buffer.from(text))),
      sendBinary: (bytes) => stream.write(frame(0x82, Buffer.from(bytes))),
      close(code, reason = "") {
        const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
        payload.writeUInt16BE(code);
        payload.write(reason, 2);
        stream.end(frame(0x88, payload));
      },
      cut: () => stream.destroy(),
      freeze: () => stream.pause(),
    };
    sockets.add(socket);
    const handlers = accept(socket);
    let buffer = Buffer.alloc(0);
    let parts: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => {
      buffer = Buffer.concat([buffer, chunk]);
      for (let read = readFrame(buffer); read !== null; read = readFrame(buffer)) {
        buffer = buffer.subarray(read.size);
        if (read.opcode === 8) stream.end(frame(0x88, read.payload));
        if (read.opcode > 2) continue;
        parts.push(read.payload);
        if (!read.final) continue;
        const text = Buffer.concat(parts).toString("utf8");
        parts = [];
        handlers.text?.(text);
      }
    });
    stream.on("error", () => {}); // the close that follows says it
    stream.on("close", () => {
      sockets.delete(socket);
      handlers.closed?.();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // SAFETY: a server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    sockets,
    async stop() {
      for (const socket of sockets) socket.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function frame(head: number, payload: Buffer): Buffer {
  const length = payload.length;
  if (length < 126) return Buffer.concat([Buffer.from([head, length]), payload]);
  if (length < 65_536) return Buffer.concat([Buffer.from([head, 126, length >> 8, length & 255]), payload]);
  const long = Buffer.alloc(10);
  long[0] = head;
  long[1] = 127;
  long.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([long, payload]);
}

function readFrame(data: Buffer): { opcode: number; final: boolean; payload: Buffer; size: number } | null {
  if (data.length < 2) return null;
  const first = data.readUInt8(0);
  let length = data.readUInt8(1) & 127;
  let at = 2;
  if (length === 126) {
    if (data.length < 4) return null;
    length = data.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (data.length < 10) return null;
    length = Number(data.readBigUInt64BE(2));
    at = 10;
  }
  const size = at + 4 + length;
  if (data.length < size) return null;
  const mask = data.subarray(at, at + 4);
  const payload = Buffer.from(data.subarray(at + 4, size));
  for (let i = 0; i < payload.length; i++) payload[i] = payload.readUInt8(i) ^ mask.readUInt8(i & 3);
  return { opcode: first & 15, final: (first & 128) !== 0, payload, size };
}
