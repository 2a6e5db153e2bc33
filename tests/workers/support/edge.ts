import { exports } from "cloudflare:workers";
import type { DaemonMessage, LinkServerFrame } from "../../../protocol/link.ts";
import type { HostInfo } from "../../../protocol/host.ts";
import type { SessionFacts } from "../../../protocol/session.ts";

export const ORIGIN = "http://127.0.0.1:8787";
export const OWNER = "owner-token-of-the-tests";
/** Node's fetch adds these; the runtime's does not. */
const HEADERS = { host: "127.0.0.1:8787" };

type Call = {
  method?: string;
  body?: unknown;
  /** A body that is sent as it is. */
  raw?: Uint8Array | ReadableStream<Uint8Array>;
  token?: string | null;
  headers?: Record<string, string>;
};

/** Calls the API as the owner, unless told otherwise. */
export function call(
  path: string,
  { method, body, raw, token = OWNER, headers = {} }: Call = {},
): Promise<Response> {
  return exports.default.fetch(
    new Request(`${ORIGIN}${path}`, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        ...HEADERS,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(raw === undefined ? {} : { body: raw }),
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    }),
  );
}

/** A socket with its frames in order: `next()` waits for one, `closed` tells how it ended. */
export class Socket {
  readonly ws: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #frames: unknown[] = [];
  readonly #waiting: ((frame: unknown) => void)[] = [];

  constructor(ws: WebSocket) {
    this.ws = ws;
    this.closed = new Promise((resolve) => {
      ws.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
    ws.addEventListener("message", ({ data }) => {
      const frame: unknown = typeof data === "string" ? (data === "pong" ? data : JSON.parse(data)) : data;
      const waiter = this.#waiting.shift();
      if (waiter === undefined) this.#frames.push(frame);
      else waiter(frame);
    });
    ws.accept();
  }

  send(frame: unknown): void {
    this.ws.send(typeof frame === "string" || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
  }

  // eslint-disable-next-line typescript/no-unnecessary-type-parameters -- the test names the frame it expects
  async next<T>(): Promise<T> {
    const frame =
      this.#frames.shift() ?? (await new Promise<unknown>((resolve) => this.#waiting.push(resolve)));
    return frame as T;
  }

  /** The next frame of a type; others before it are passed over. */
  async until<T extends { type: string }>(type: T["type"]): Promise<T> {
    for (;;) {
      const frame = await this.next<T>();
      if (frame.type === type) return frame;
    }
  }

  close(): void {
    this.ws.close(1000, "done");
  }
}

/** Opens a socket of the API. */
export async function open(
  path: string,
  token: string | null = OWNER,
  headers: Record<string, string> = {},
): Promise<Socket> {
  const response = await call(path, { token, headers: { upgrade: "websocket", ...headers } });
  if (response.webSocket === null) throw new Error(`no socket: ${response.status} ${await response.text()}`);
  return new Socket(response.webSocket);
}

export const INFO: HostInfo = {
  hostname: "box",
  os: "linux",
  arch: "x64",
  agent_version: "0.1.0",
  node_version: "v24",
  tmux_version: "3.3a",
  agents: {},
  workspaces: ["/work"],
  problems: [],
};

export const FACTS: SessionFacts = {
  cwd: "/work",
  command: "bash",
  agent: "shell",
  git: null,
  pane: null,
  worktree: null,
  preview: null,
};

/** Makes a host and enrols it. */
export async function enrolHost(name = "box"): Promise<{ id: string; token: string }> {
  const created = await (
    await call("/api/hosts", { body: { name } })
  ).json<{ host: { id: string }; code: string }>();
  const enrolled = await call("/api/enrol", { body: { code: created.code }, token: null });
  const { token } = await enrolled.json<{ token: string }>();
  return { id: created.host.id, token };
}

type CommandFrame = Extract<LinkServerFrame, { type: "command" }>;

/** A daemon's link, as a test plays it: numbers messages, waits for acks. */
export class FakeDaemon {
  /** That came while it waited for something else. */
  readonly #commands: CommandFrame[] = [];
  readonly socket: Socket;
  readonly epoch: string;
  seq: number;

  private constructor(socket: Socket, epoch: string, seq: number) {
    this.socket = socket;
    this.epoch = epoch;
    this.seq = seq;
  }

  static async connect(
    token: string,
    epoch = "epoch-of-the-test",
  ): Promise<{ daemon: FakeDaemon; welcome: Extract<LinkServerFrame, { type: "welcome" }> }> {
    const socket = await open("/api/link", token);
    socket.send({ type: "hello", version: 1, epoch, acked: 0, info: INFO });
    const welcome = await socket.until<Extract<LinkServerFrame, { type: "welcome" }>>("welcome");
    return { daemon: new FakeDaemon(socket, epoch, welcome.acked), welcome };
  }

  /** Sends messages and waits until they are acked. */
  async tell(...messages: DaemonMessage[]): Promise<void> {
    this.socket.send({
      type: "messages",
      messages: messages.map((message) => ({ seq: ++this.seq, message })),
    });
    for (;;) {
      const frame = await this.socket.next<LinkServerFrame>();
      if (frame.type === "command") this.#commands.push(frame);
      if (frame.type === "ack" && frame.seq >= this.seq) return;
    }
  }

  async tellSession(session: string, title = "shell"): Promise<void> {
    await this.tell({ kind: "session", session, provider: "tmux", title, facts: FACTS });
  }

  /** The next command that arrives. */
  async command(): Promise<CommandFrame> {
    return this.#commands.shift() ?? this.socket.until<CommandFrame>("command");
  }
}
