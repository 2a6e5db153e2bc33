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
  /** What is on the line, in order; all of it takes the same time, so it arrives in order too. */
  const line: { at: number; arrive: () => void }[] = [];
  /** When the line has carried what was put into it. */
  let freeAt = 0;
  let timer: NodeJS.Timeout | null = null;

  function put(bytes: number, arrive: () => void): void {
    freeAt = Math.max(freeAt, performance.now()) + (bytes / bytesPerSecond) * 1000;
    line.push({ at: freeAt + roundTripMs / 2, arrive });
    timer ??= setTimeout(deliver, 0);
  }

  function deliver(): void {
    for (;;) {
      const [next] = line;
      const wait = (next?.at ?? 0) - performance.now();
      // A timer comes up to a millisecond late; what is due by then goes now.
      timer = next !== undefined && wait > 0.5 ? setTimeout(deliver, wait - 0.5) : null;
      if (next === undefined || timer !== null) return;
      line.shift();
      next.arrive();
    }
  }

  return (from: Socket, to: Socket): void => {
    let waiting = 0;
    from.on("data", (data: Buffer) => {
      for (let at = 0; at < data.length; at += PIECE_BYTES) {
        const piece = data.subarray(at, at + PIECE_BYTES);
        waiting += piece.length;
        put(piece.length, () => {
          waiting -= piece.length;
          if (!to.destroyed) to.write(piece);
          if (waiting < BUFFER_BYTES / 2) from.resume();
        });
      }
      if (waiting >= BUFFER_BYTES) from.pause();
    });
    from.on("end", () => put(0, () => to.end()));
  };
}
