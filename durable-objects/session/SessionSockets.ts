import type { CloseName } from "../../protocol/closeCodes.ts";
import {
  MAX_FRAME_BYTES,
  MAX_RESUME_EVENTS,
  PROTOCOL_VERSION,
  SILENT_VIEWER,
  TAIL_EVENTS,
  VIEWERS_LOOK_MS,
} from "../../protocol/limits.ts";
import type { Session } from "../../protocol/session.ts";
import { SessionClientFrame, type SessionHello } from "../../protocol/sessionFrames.ts";
import type { Span } from "../../protocol/traces.ts";
import { readActor } from "../shared/actor.ts";
import { LiveSockets } from "../shared/LiveSockets.ts";
import { parseFrame } from "../shared/parseFrame.ts";
import { answerClose, closeSocket, refuseSocket } from "../shared/refuseSocket.ts";
import { Viewers } from "../shared/Viewers.ts";
import { ConsoleRelay, DAEMON_TAG, VIEWER_TAG } from "./ConsoleRelay.ts";
import { type EventLog, eventsFrame, type Run } from "./EventLog.ts";
import type { Current } from "./SessionStore.ts";

const LIVE_TAG = "live";
const CLIENT_FRAMES = new Set(["hello", "ack"]);

type Parts = {
  ctx: DurableObjectState;
  log: EventLog;
  /** The session; null before it is made and after it is deleted. */
  current: () => Current | null;
  /** What grows now: frames for a client that comes in the middle of it. */
  growing: () => Iterable<string>;
  /** Tells the host object whether anybody watches. Resolves to why nothing can be seen, or null. */
  watch: (watched: boolean) => Promise<string | null>;
  /** Why there is nothing to watch any more, or null while there is. */
  ended: () => string | null;
  /** Arms the alarm that calls `lookAtViewers`. */
  lookAt: (at: number) => void;
  /** Those of these logins that have ended. */
  endedLogins: (logins: string[]) => Promise<string[]>;
};

/** The sockets of a session: pages that follow its log, and both ends of its console. */
export class SessionSockets {
  readonly live: LiveSockets;
  readonly console: ConsoleRelay;
  readonly #parts: Parts;
  readonly #viewers: Viewers;

  constructor(parts: Parts) {
    const { ctx, log, current, watch, ended } = parts;
    this.#parts = parts;
    this.#viewers = new Viewers(ctx, [LIVE_TAG, VIEWER_TAG]);
    this.live = new LiveSockets({
      ctx,
      tag: LIVE_TAG,
      head: () => current()?.head ?? 0,
      *rest(_ws, sent) {
        for (const run of log.after(sent)) yield { position: run.last, frame: eventsFrame(run) };
      },
      latest: () => [
        JSON.stringify({ type: "session", session: current()?.session }),
        JSON.stringify({ type: "spans_missed" }),
      ],
    });
    this.console = new ConsoleRelay({ ctx, watch, ended });
  }

  /** Opens a socket for the actor that the Worker found: `/live`, `/console`, `/daemon`. */
  async open(request: Request): Promise<Response> {
    const { ctx, current, lookAt } = this.#parts;
    const actor = readActor(request);
    const session = current()?.session;
    if (session === undefined || session.team !== actor.team)
      return refuseSocket("notFound", "No such session.");
    const { 0: client, 1: server } = new WebSocketPair();
    switch (new URL(request.url).pathname) {
      case "/live":
        this.#viewers.accept(server, LIVE_TAG, actor);
        break;
      case "/console":
        this.#viewers.accept(server, VIEWER_TAG, actor);
        await this.console.addViewer(server, actor);
        break;
      case "/daemon":
        if (actor.kind !== "host" || actor.id !== session.host)
          return refuseSocket("forbidden", "The session belongs to another host.");
        ctx.acceptWebSocket(server, [DAEMON_TAG]);
        await this.console.addDaemon(server);
        break;
      default:
        return refuseSocket("notFound", "No such socket.");
    }
    lookAt(Date.now() + VIEWERS_LOOK_MS);
    return new Response(null, { status: 101, webSocket: client });
  }

  message(ws: WebSocket, data: string | ArrayBuffer): void {
    if (ws.readyState !== WebSocket.READY_STATE_OPEN) return; // closed for an earlier frame; this one was on its way
    const size = typeof data === "string" ? data.length : data.byteLength;
    if (size > MAX_FRAME_BYTES)
      return closeSocket(ws, "tooLarge", `A frame has at most ${MAX_FRAME_BYTES} bytes.`);
    this.#viewers.heard(ws);
    const isLive = this.live.has(ws) || this.#parts.ctx.getTags(ws).includes(LIVE_TAG);
    if (typeof data !== "string") {
      if (isLive) return closeSocket(ws, "malformed", "This socket speaks text frames.");
      if (!this.console.message(ws, data)) closeSocket(ws, "malformed", "The frame has no header.");
      return;
    }
    if (!isLive) return closeSocket(ws, "malformed", "This socket speaks binary frames.");
    const parsed = parseFrame(SessionClientFrame, CLIENT_FRAMES, data);
    if (!parsed.ok) return parsed.ignore ? undefined : closeSocket(ws, "malformed", parsed.reason);
    if (parsed.frame.type === "hello") this.#hello(ws, parsed.frame);
    else this.live.ack(ws, parsed.frame.seq);
  }

  async closed(ws: WebSocket): Promise<void> {
    answerClose(ws);
    this.live.drop(ws);
    await this.console.closed(ws);
  }

  /** A login has ended, and its sockets with it. */
  async endLogin(login: string): Promise<void> {
    for (const ws of this.#viewers.of(login)) await this.#end(ws, "unauthenticated", "You signed out.");
  }

  /** Ends the sockets of people who are gone without a word, or whose login is. Looks again while anybody is left. */
  async lookAtViewers(): Promise<void> {
    const viewers = this.#viewers;
    const { lookAt, endedLogins } = this.#parts;
    for (const ws of viewers.silent(Date.now())) await this.#end(ws, "silent", SILENT_VIEWER);
    if (viewers.all().length === 0) return;
    lookAt(Date.now() + VIEWERS_LOOK_MS);
    for (const login of await endedLogins(viewers.logins())) await this.endLogin(login);
  }

  /** Tells every page what was committed. */
  committed(run: Run | null, changed: Session | null, spans: Span[]): void {
    if (run !== null) this.live.broadcast(run.first - 1, { position: run.last, frame: eventsFrame(run) });
    for (const span of spans) this.live.tell(JSON.stringify({ type: "span", span }));
    if (changed !== null) this.live.tell(JSON.stringify({ type: "session", session: changed }));
  }

  /** Ends what follows the log: the session is deleted. */
  closeLive(): void {
    for (const ws of this.#parts.ctx.getWebSockets(LIVE_TAG))
      closeSocket(ws, "notFound", "The session was deleted.");
  }

  /** Ends a socket without waiting for its other side, which may not be there. */
  async #end(ws: WebSocket, name: CloseName, reason: string): Promise<void> {
    closeSocket(ws, name, reason);
    this.live.drop(ws);
    await this.console.closed(ws);
  }

  #hello(ws: WebSocket, hello: SessionHello): void {
    const { log, growing } = this.#parts;
    const current = this.#parts.current();
    if (current === null) return closeSocket(ws, "notFound", "No such session.");
    if (hello.version !== PROTOCOL_VERSION)
      return closeSocket(ws, "version", `This edge speaks version ${PROTOCOL_VERSION}; reload the page.`);
    const { epoch, head } = current;
    const session = { ...current.session, seq: head };
    const oldest = log.oldest();
    const { seq } = hello;
    const resumes =
      seq !== undefined &&
      hello.epoch === epoch &&
      seq <= head &&
      seq >= oldest - 1 &&
      head - seq <= Math.min(MAX_RESUME_EVENTS, hello.at_most ?? MAX_RESUME_EVENTS);
    const first = resumes ? seq + 1 : Math.max(oldest, head + 1 - (hello.tail ?? TAIL_EVENTS));
    const base = { version: PROTOCOL_VERSION, epoch, head, session };
    ws.send(JSON.stringify(resumes ? { type: "ok", ...base } : { type: "gap", first, ...base }));
    this.live.start(ws, first - 1);
    for (const frame of growing()) ws.send(frame);
  }
}
