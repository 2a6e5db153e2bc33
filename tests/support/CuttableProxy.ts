import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP proxy on loopback whose connections can be cut, and which can refuse new ones for a while. */
export class CuttableProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs: Set<Socket>;
  refusing = false;

  private constructor(server: Server, port: number, pairs: Set<Socket>) {
    this.#server = server;
    this.port = port;
    this.#pairs = pairs;
  }

  static start(target: number): Promise<CuttableProxy> {
    const pairs = new Set<Socket>();
    const { promise, resolve } = Promise.withResolvers<CuttableProxy>();
    let proxy: CuttableProxy | null = null;
    const server = createServer((near) => {
      if (proxy?.refusing) return near.destroy();
      const far = connect(target, "127.0.0.1");
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        pairs.add(socket);
        socket.pipe(other);
        socket.on("error", () => other.destroy()); // a cut: the close event does the rest
        socket.on("close", () => {
          pairs.delete(socket);
          other.destroy();
        });
      }
    });
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      proxy = new CuttableProxy(
        server,
        typeof address === "object" && address !== null ? address.port : 0,
        pairs,
      );
      resolve(proxy);
    });
    return promise;
  }

  /** Ends every connection without a goodbye. */
  cut(): void {
    for (const socket of this.#pairs) socket.resetAndDestroy();
  }

  /** Lets nothing pass any more but keeps the connections open, as a dead network does. */
  freeze(): void {
    for (const socket of this.#pairs) socket.unpipe();
    for (const socket of this.#pairs) socket.pause();
  }

  stop(): void {
    this.cut();
    this.#server.close();
  }
}
