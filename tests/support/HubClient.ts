import { WebSocket } from "ws";
import { HubServerFrame } from "../../protocol/hubFrames.ts";
import type { Session } from "../../protocol/session.ts";

/** Follows every session as the list page does, and counts what that took. */
export class HubClient {
  readonly sessions = new Map<string, Session>();
  ready = false;
  resets = 0;
  /** Frames with changes, and the changes of sessions in them, since the last {@link count}. */
  frames = 0;
  changes = 0;
  bytes = 0;
  readonly #ws: WebSocket;
  #unacked = 0;

  constructor(url: string, token: string) {
    this.#ws = new WebSocket(`${url.replace(/^http/, "ws")}/api/live`, {
      headers: { authorization: `Bearer ${token}` },
    });
    this.#ws.on("open", () => this.#ws.send(JSON.stringify({ type: "hello", version: 1 })));
    this.#ws.on("message", (data) => this.#take(String(data)));
  }

  /** What came since it was asked last. */
  count(): { frames: number; changes: number; bytes: number } {
    const { frames, changes, bytes } = this;
    this.frames = this.changes = this.bytes = 0;
    return { frames, changes, bytes };
  }

  alive(): Session[] {
    return [...this.sessions.values()].filter((session) => session.ended_at === null);
  }

  stop(): void {
    this.#ws.close();
  }

  #take(text: string): void {
    if (text === "pong") return;
    const frame = HubServerFrame.parse(JSON.parse(text));
    if (frame.type === "ready") this.ready = true;
    else if (frame.type === "reset") {
      this.resets += 1;
      this.sessions.clear();
    } else if (frame.type === "changes") {
      this.frames += 1;
      this.bytes += text.length;
      for (const change of frame.changes) {
        if (change.kind === "session") this.sessions.set(change.session.id, change.session);
        else if (change.kind === "session_removed") this.sessions.delete(change.id);
        else continue;
        this.changes += 1;
      }
      this.#unacked += text.length;
      if (this.#unacked < 64 * 1024) return;
      this.#unacked = 0;
      this.#ws.send(JSON.stringify({ type: "ack", rev: frame.rev }));
    }
  }
}
