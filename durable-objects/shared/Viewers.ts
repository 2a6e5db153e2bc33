import { VIEWER_SILENCE_MS } from "../../protocol/limits.ts";
import type { Actor } from "./actor.ts";

const OPENED = "opened:";
const LOGIN = "login:";

/**
 * Knows of the sockets of people when they opened, when they were heard last, and by which login they came. What it
 * knows stands in their tags and in the runtime's own note of their last ping, so it survives hibernation.
 */
export class Viewers {
  readonly #ctx: DurableObjectState;
  readonly #kinds: readonly string[];
  /** When a frame came; a client that sleeps with the object has only its pings. */
  readonly #heard = new WeakMap<WebSocket, number>();

  /** `kinds`: the tags of the sockets that people open here. */
  constructor(ctx: DurableObjectState, kinds: readonly string[]) {
    this.#ctx = ctx;
    this.#kinds = kinds;
  }

  /** Accepts a person's socket. */
  accept(ws: WebSocket, kind: string, actor: Actor): void {
    const login = actor.login === undefined ? [] : [LOGIN + actor.login];
    this.#ctx.acceptWebSocket(ws, [kind, OPENED + Date.now(), ...login]);
  }

  heard(ws: WebSocket): void {
    this.#heard.set(ws, Date.now());
  }

  /** Every open one. */
  all(): WebSocket[] {
    return this.#kinds.flatMap((kind) => this.#ctx.getWebSockets(kind)).filter(isOpen);
  }

  /** Those that came by a login. */
  of(login: string): WebSocket[] {
    return this.#ctx.getWebSockets(LOGIN + login).filter(isOpen);
  }

  /** The logins by which those came that are open. */
  logins(): string[] {
    return [...new Set(this.all().flatMap((ws) => this.#tag(ws, LOGIN) ?? []))];
  }

  /** Those of which nothing was heard for too long: the other side is gone without a word. */
  silent(now: number): WebSocket[] {
    return this.all().filter((ws) => {
      const pinged = this.#ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? 0;
      return now - Math.max(this.#openedAt(ws), pinged, this.#heard.get(ws) ?? 0) > VIEWER_SILENCE_MS;
    });
  }

  #openedAt(ws: WebSocket): number {
    return Number(this.#tag(ws, OPENED) ?? 0);
  }

  #tag(ws: WebSocket, prefix: string): string | null {
    const tag = this.#ctx.getTags(ws).find((each) => each.startsWith(prefix));
    return tag === undefined ? null : tag.slice(prefix.length);
  }
}

function isOpen(ws: WebSocket): boolean {
  return ws.readyState === WebSocket.READY_STATE_OPEN;
}
