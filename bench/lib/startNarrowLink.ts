import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export type NarrowLink = { port: number; stop(): void };

export type NarrowLinkOptions = {
  /** Where it leads. */
  to: number;
  /** Bytes per second in each direction, shared by all connections; unlimited without. */
  bytesPerSecond?: number;
  /** Round trip of an empty line. */
  roundTripMs: number;
};

/** What may wait in the line for one connection before its sender is held up: a router's buffer, about 100 ms. */
const BUFFER_BYTES = 256 * 1024;
/** What the line carries at once; other connections come in between. */
const PIECE_BYTES = 4 * 1024;

/** A line of limited width and some length on loopback: every byte waits for those before it, then travels. */
export async function startNarrowLink(options: NarrowLinkOptions): Promise<NarrowLink> {
  const up = makeDirection(options);
  const down = makeDirection(options);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: options.to, host: "127.0.0.1", noDelay: true });
    for (const [from, to, direction] of [
      [near, far, up],
      [far, near, down],
    ] as const) {
      sockets.add(from);
      direction(from, to);
      // Broken on one side, broken on the other.
      from.on("error", () => to.destroy());
      from.on("close", () => sockets.delete(from));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    // SAFETY: a server that listens on a TCP port has an address with a port.
    port: (server.address() as AddressInfo).port,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function makeDirection({ bytesPerSecond = Number.POSITIVE_INFINITY, roundTripMs }: NarrowLinkOptions) {
  /** When the line has carried what was put into it. */
  let freeAt = 0;
  return (from: Socket, to: Socket): void => {
    let waiting = 0;
    const later = (at: number, work: () => void) => setTimeout(work, Math.max(0, at - performance.now()));
    from.on("data", (data: Buffer) => {
      for (let at = 0; at < data.length; at += PIECE_BYTES) {
        const piece = data.subarray(at, at + PIECE_BYTES);
        freeAt = Math.max(freeAt, performance.now()) + (piece.length / bytesPerSecond) * 1000;
        waiting += piece.length;
        later(freeAt + roundTripMs / 2, () => {
          waiting -= piece.length;
          if (!to.destroyed) to.write(piece);
          if (waiting < BUFFER_BYTES / 2) from.resume();
        });
      }
      if (waiting >= BUFFER_BYTES) from.pause();
    });
    from.on("end", () => later(Math.max(freeAt, performance.now()) + roundTripMs / 2, () => to.end()));
  };
}
