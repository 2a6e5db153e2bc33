import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { AnyEvent, readEvent, type SessionEvent } from "../../protocol/events.ts";
import { SessionServerFrame } from "../../protocol/sessionFrames.ts";

/** Follows a session as a page does: keeps its cursor over every disconnect, and throws on an event that comes twice or too early. */
export class Follower {
  readonly events: SessionEvent[] = [];
  /** How often it had to begin anew; a page would have had to as well. */
  gaps = 0;
  reconnects = -1;
  problem: string | null = null;
  readonly #url: string;
  readonly #token: string;
  #epoch: string | undefined;
  #stopped = false;
  #unacked = 0;
  #ws: WebSocket | null = null;

  constructor(url: string, session: string, token: string) {
    this.#url = `${url.replace(/^http/, "ws")}/api/sessions/${session}/live`;
    this.#token = token;
    void this.#run();
  }

  /** Ends the connection without a goodbye; it comes back by itself. */
  drop(): void {
    this.#ws?.close();
  }

  stop(): void {
    this.#stopped = true;
    this.#ws?.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.reconnects++;
      await new Promise<void>((resolve) => {
        const ws = new WebSocket(this.#url, { headers: { authorization: `Bearer ${this.#token}` } });
        this.#ws = ws;
        ws.on("open", () => {
          const seq = this.events.at(-1)?.seq;
          ws.send(
            JSON.stringify({
              type: "hello",
              version: 1,
              ...(seq === undefined ? { tail: 1000 } : { epoch: this.#epoch, seq }),
            }),
          );
        });
        ws.on("message", (data) => this.#take(ws, String(data)));
        ws.on("close", () => resolve());
        ws.on("error", () => ws.close()); // refused or cut: the close event follows
      });
      await sleep(50);
    }
  }

  #take(ws: WebSocket, text: string): void {
    if (text === "pong") return;
    const frame = SessionServerFrame.parse(JSON.parse(text));
    if (frame.type === "ok" || frame.type === "gap") {
      if (frame.type === "gap" && this.events.length > 0) this.gaps++;
      this.#epoch = frame.epoch;
    }
    if (frame.type !== "events") return;
    for (const raw of frame.events) {
      const event = readEvent(raw);
      const { seq } = AnyEvent.parse(raw);
      const last = this.events.at(-1)?.seq;
      if (last !== undefined && seq !== last + 1) this.problem ??= `event ${seq} came after ${last}`;
      if (event !== null) this.events.push(event);
    }
    this.#unacked += text.length;
    if (this.#unacked < 64 * 1024) return;
    this.#unacked = 0;
    ws.send(JSON.stringify({ type: "ack", seq: this.events.at(-1)?.seq ?? 0 }));
  }
}

/** The numbers that a counting job said, in the order of the log. */
export function numbersOf(events: SessionEvent[]): number[] {
  return events.flatMap((event) =>
    event.type === "item" && event.item.kind === "message"
      ? [Number(/^number (\d+)$/.exec(event.item.text)?.[1])]
      : [],
  );
}
