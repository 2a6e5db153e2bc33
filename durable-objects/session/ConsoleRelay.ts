import * as z from "zod";
import {
  CONSOLE,
  CONSOLE_HEADER_BYTES,
  encodeConsole,
  encodeNote,
  stampViewer,
  type ConsoleNote,
} from "../../protocol/consoleFrames.ts";
import type { CloseName } from "../../protocol/closeCodes.ts";
import { Actor } from "../shared/actor.ts";
import { closeSocket } from "../shared/refuseSocket.ts";
import { logError } from "../shared/logError.ts";

export const VIEWER_TAG = "viewer";
export const DAEMON_TAG = "daemon";

/** What survives hibernation of a console socket. `inStep`: the viewer gets output (it has had its snapshot). */
const Viewer = z.object({ viewer: z.number(), inStep: z.boolean(), actor: Actor });
type Viewer = z.infer<typeof Viewer>;

type Parts = {
  ctx: DurableObjectState;
  /** Tells the host object whether anybody watches. Resolves to why nothing can be seen, or null. */
  watch: (watched: boolean) => Promise<string | null>;
  /** Why there is nothing to watch any more, or null while there is. */
  ended: () => string | null;
};

const UP = new Set<number>([CONSOLE.input, CONSOLE.paste, CONSOLE.resize, CONSOLE.credit]);

/**
 * Passes console frames between viewers and the daemon. It reads types and viewer numbers, never payloads;
 * it keeps nothing but who is in step. Bounds come from the viewers' credit, which the daemon obeys.
 */
export class ConsoleRelay {
  readonly #parts: Parts;
  readonly #viewers = new Map<WebSocket, Viewer>();
  #daemon: WebSocket | null = null;
  #lastViewer = 0;
  /** What was told to the host object last; each waits for the one before, so that none overtakes. */
  #telling: Promise<string | null> = Promise.resolve(null);

  constructor(parts: Parts) {
    this.#parts = parts;
    for (const ws of parts.ctx.getWebSockets(VIEWER_TAG)) {
      const viewer = Viewer.safeParse(ws.deserializeAttachment());
      if (!viewer.success || ws.readyState !== WebSocket.READY_STATE_OPEN) continue;
      this.#viewers.set(ws, viewer.data);
      this.#lastViewer = Math.max(this.#lastViewer, viewer.data.viewer);
    }
    // One that was replaced may still be closing.
    const daemons = parts.ctx.getWebSockets(DAEMON_TAG);
    this.#daemon = daemons.find((ws) => ws.readyState === WebSocket.READY_STATE_OPEN) ?? null;
  }

  get watched(): boolean {
    return this.#viewers.size > 0;
  }

  /** A browser or CLI watches. */
  async addViewer(ws: WebSocket, actor: Actor): Promise<void> {
    const viewer: Viewer = { viewer: ++this.#lastViewer, inStep: false, actor };
    this.#viewers.set(ws, viewer);
    ws.serializeAttachment(viewer);
    const ended = this.#parts.ended();
    if (ended !== null) return this.#note(ws, { state: "ended", reason: ended });
    if (this.#daemon !== null) return this.#toDaemon(encodeConsole(CONSOLE.join, viewer.viewer));
    this.#note(ws, { state: "waiting", reason: "Asking the host for this terminal." });
    try {
      const why = await this.#tellHost();
      if (why !== null && this.#daemon === null) this.#note(ws, { state: "waiting", reason: why });
    } catch (error) {
      logError("host not asked for a console", error);
      this.#viewers.delete(ws);
      closeSocket(ws, "internal", "The host could not be asked for this terminal; try again.");
    }
  }

  /** The host's daemon opened its end. A newer one replaces the older. */
  async addDaemon(ws: WebSocket): Promise<void> {
    if (this.#daemon !== null)
      closeSocket(this.#daemon, "replaced", "A newer connection of this host took over.");
    this.#daemon = ws;
    if (this.#viewers.size === 0) return this.#stopWatching();
    for (const [socket, viewer] of this.#viewers) {
      this.#setInStep(socket, viewer, false); // in step with the daemon before
      this.#toDaemon(encodeConsole(CONSOLE.join, viewer.viewer));
    }
  }

  /** A frame from either side. False when it is malformed: the caller closes the socket. */
  message(ws: WebSocket, data: ArrayBuffer): boolean {
    if (data.byteLength < CONSOLE_HEADER_BYTES) return false;
    const head = new DataView(data);
    const type = head.getUint8(0);
    if (ws === this.#daemon) {
      this.#down(type, head.getUint32(1), data);
      return true;
    }
    const viewer = this.#viewers.get(ws);
    if (viewer === undefined || !UP.has(type)) return true; // a newer frame type, or a socket on its way out
    if (type !== CONSOLE.credit && viewer.actor.role === "viewer") {
      this.#note(ws, { state: "refused", reason: "Your role may watch, not type." });
      return true;
    }
    if (this.#daemon === null) {
      if (type === CONSOLE.input || type === CONSOLE.paste)
        this.#note(ws, { state: "refused", reason: "The terminal is not connected; nothing was typed." });
      return true;
    }
    stampViewer(data, viewer.viewer);
    this.#toDaemon(data);
    return true;
  }

  /** A socket closed. */
  async closed(ws: WebSocket): Promise<void> {
    const viewer = this.#viewers.get(ws);
    if (viewer !== undefined) {
      this.#viewers.delete(ws);
      this.#toDaemon(encodeConsole(CONSOLE.part, viewer.viewer));
      if (this.#viewers.size === 0) await this.#stopWatching();
      return;
    }
    if (ws === this.#daemon) this.#daemonGone();
  }

  /** Ends the daemon's socket; the viewers stay and wait. */
  dropDaemon(name: CloseName, reason: string): void {
    if (this.#daemon === null) return;
    closeSocket(this.#daemon, name, reason);
    this.#daemonGone();
  }

  #daemonGone(): void {
    this.#daemon = null;
    const ended = this.#parts.ended();
    for (const [socket, each] of this.#viewers) {
      this.#setInStep(socket, each, false);
      this.#note(
        socket,
        ended === null
          ? { state: "waiting", reason: "The connection to the host was lost; it comes back by itself." }
          : { state: "ended", reason: ended },
      );
    }
  }

  /** The pane is gone for good. */
  end(reason: string): void {
    for (const ws of this.#viewers.keys()) this.#note(ws, { state: "ended", reason });
  }

  /** Ends every console socket (the session is deleted, or its host lost its rights). */
  async closeAll(reason: string): Promise<void> {
    const { watched } = this;
    for (const ws of this.#viewers.keys()) closeSocket(ws, "notFound", reason);
    this.#viewers.clear();
    if (this.#daemon !== null) closeSocket(this.#daemon, "forbidden", reason);
    this.#daemon = null;
    if (watched) await this.#tellHost();
  }

  #down(type: number, target: number, data: ArrayBuffer): void {
    for (const [ws, viewer] of this.#viewers) {
      if (target !== 0 && viewer.viewer !== target) continue;
      if (type === CONSOLE.leave) this.#setInStep(ws, viewer, false);
      else if (type === CONSOLE.output && !viewer.inStep) continue;
      else {
        if (type === CONSOLE.snapshot) {
          if (target === 0 && !viewer.inStep) continue;
          this.#setInStep(ws, viewer, true);
        }
        this.#send(ws, data);
      }
    }
  }

  async #stopWatching(): Promise<void> {
    if (this.#daemon !== null) closeSocket(this.#daemon, "nobodyWatching", "Nobody watches this terminal.");
    this.#daemon = null;
    await this.#tellHost();
  }

  /** Tells the host object whether anybody watches at the moment it is told. */
  #tellHost(): Promise<string | null> {
    const tell = () => this.#parts.watch(this.watched);
    this.#telling = this.#telling.then(tell, tell);
    return this.#telling;
  }

  #setInStep(ws: WebSocket, viewer: Viewer, inStep: boolean): void {
    if (viewer.inStep === inStep) return;
    viewer.inStep = inStep;
    ws.serializeAttachment(viewer);
  }

  #note(ws: WebSocket, note: ConsoleNote): void {
    this.#send(ws, encodeConsole(CONSOLE.note, 0, encodeNote(note)));
  }

  #toDaemon(data: ArrayBuffer | Uint8Array): void {
    if (this.#daemon !== null) this.#send(this.#daemon, data);
  }

  #send(ws: WebSocket, data: ArrayBuffer | Uint8Array): void {
    try {
      ws.send(data);
    } catch {
      // it closed under us; its close event cleans up
    }
  }
}
