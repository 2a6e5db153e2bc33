import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import {
  CONSOLE,
  decodeConsole,
  decodeNote,
  decodeSnapshot,
  encodeConsole,
  encodeSize,
  encodeU32,
  type ConsoleFrame,
  type ConsoleNote,
} from "../../../protocol/consoleFrames.ts";
import { TestTerminal } from "../../tmux/rig/terminal.ts";

/** A viewer as a browser is one: draws, and gives credit for what it has drawn. */
export class StandInViewer {
  readonly number: number;
  readonly #send: (frame: Uint8Array) => void;
  terminal: TestTerminal | null = null;
  inStep = false;
  /** Whether it returns credit; a stalled viewer does not. */
  drawing = true;
  /** How long drawing takes. */
  delayMs = 0;
  notes: ConsoleNote[] = [];
  snapshots: { fresh: boolean; bytes: number }[] = [];
  leaves = 0;
  outputBytes = 0;
  /** Bytes sent to it that it has not given credit for. */
  outstanding = 0;
  mostOutstanding = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(number: number, send: (frame: Uint8Array) => void) {
    this.number = number;
    this.#send = send;
  }

  take(frame: ConsoleFrame): void {
    if (frame.type === CONSOLE.note) {
      const note = decodeNote(frame.payload);
      if (note !== null) this.notes.push(note);
      return;
    }
    this.outstanding += frame.payload.length;
    this.mostOutstanding = Math.max(this.mostOutstanding, this.outstanding);
    const { payload } = frame;
    if (frame.type === CONSOLE.snapshot) {
      const snapshot = decodeSnapshot(payload);
      if (snapshot === null) throw new Error("a snapshot that cannot be read");
      const { head, bytes } = snapshot;
      this.snapshots.push({ fresh: head.fresh, bytes: bytes.length });
      this.inStep = true;
      this.#draw(payload.length, async () => {
        if (this.terminal === null) this.terminal = new TestTerminal(head.cols, head.rows);
        else this.terminal.resize(head.cols, head.rows);
        await this.terminal.write(bytes);
      });
    } else {
      this.outputBytes += payload.length;
      this.#draw(payload.length, async () => this.terminal?.write(payload));
    }
  }

  #draw(bytes: number, work: () => Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      while (!this.drawing) await new Promise((resolve) => setTimeout(resolve, 10));
      if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
      await work();
      this.outstanding -= bytes;
      this.#send(encodeConsole(CONSOLE.credit, this.number, encodeU32(bytes)));
    });
  }

  text(): string {
    return this.terminal?.screen().join("\n") ?? "";
  }

  type(text: string | Uint8Array): void {
    this.#send(encodeConsole(CONSOLE.input, this.number, Buffer.from(text)));
  }

  paste(bytes: string | Uint8Array): void {
    this.#send(encodeConsole(CONSOLE.paste, this.number, Buffer.from(bytes)));
  }

  resize(cols: number, rows: number): void {
    this.#send(encodeConsole(CONSOLE.resize, this.number, encodeSize(cols, rows)));
  }
}

/** One session's object: relays between a daemon's socket and its viewers. */
export class StandInSession {
  socket: WebSocket | null = null;
  connections = 0;
  pings = 0;
  answersPings = true;
  viewers = new Map<number, StandInViewer>();
  /** Output frames that came, by their size. */
  outputs: number[] = [];
  #next = 1;

  attach(socket: WebSocket): void {
    this.socket = socket;
    this.connections += 1;
    socket.binaryType = "arraybuffer";
    socket.on("message", (data, isBinary) => {
      if (!isBinary) {
        this.pings += 1;
        if (this.answersPings) socket.send("pong");
      } else if (data instanceof ArrayBuffer) this.#relay(data);
    });
    // as the object does it: whoever looks on joins again
    for (const viewer of this.viewers.values()) {
      viewer.outstanding = 0;
      viewer.inStep = false;
      this.send(encodeConsole(CONSOLE.join, viewer.number));
    }
  }

  #relay(data: ArrayBuffer): void {
    const frame = decodeConsole(data);
    if (frame === null) throw new Error("a frame that cannot be read");
    if (frame.type === CONSOLE.output) this.outputs.push(frame.payload.length);
    if (frame.type === CONSOLE.leave) {
      const viewer = this.viewers.get(frame.viewer);
      if (viewer !== undefined) {
        viewer.inStep = false;
        viewer.leaves += 1;
      }
      return;
    }
    if (frame.viewer !== 0) this.viewers.get(frame.viewer)?.take(frame);
    else
      for (const viewer of this.viewers.values())
        if (viewer.inStep || frame.type === CONSOLE.note) viewer.take(frame);
  }

  send(frame: Uint8Array): void {
    if (this.socket?.readyState === 1) this.socket.send(frame);
  }

  join(): StandInViewer {
    const viewer = new StandInViewer(this.#next++, (frame) => this.send(frame));
    this.viewers.set(viewer.number, viewer);
    this.send(encodeConsole(CONSOLE.join, viewer.number));
    return viewer;
  }

  part(viewer: StandInViewer): void {
    this.viewers.delete(viewer.number);
    this.send(encodeConsole(CONSOLE.part, viewer.number));
  }
}

export type EdgeStandIn = {
  url: string;
  session(id: string): StandInSession;
  /** Authorization headers that came. */
  tokens: string[];
  /** Refuses new sockets with this close code. */
  refuseWith: number | null;
  end(): Promise<void>;
};

/** The part of the edge that consoles speak with. */
export async function startEdgeStandIn(): Promise<EdgeStandIn> {
  const sessions = new Map<string, StandInSession>();
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  const session = (id: string) => {
    const found = sessions.get(id) ?? new StandInSession();
    sessions.set(id, found);
    return found;
  };
  const edge: EdgeStandIn = {
    url: "",
    session,
    tokens: [],
    refuseWith: null,
    async end() {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  sockets.on("connection", (socket: WebSocket, request: IncomingMessage) => {
    edge.tokens.push(request.headers.authorization ?? "");
    const id = /^\/api\/link\/console\/(\w+)$/.exec(request.url ?? "")?.[1];
    if (edge.refuseWith !== null) socket.close(edge.refuseWith, "refused");
    else if (id === undefined) socket.close(4404, "no such path");
    else session(id).attach(socket);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address() as AddressInfo;
  edge.url = `http://127.0.0.1:${address.port}`;
  return edge;
}
