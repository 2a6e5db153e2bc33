import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CommandOf } from "../../../protocol/commands.ts";
import type { Item } from "../../../protocol/events.ts";
import { newId } from "../../../protocol/ids.ts";
import type { DaemonMessage } from "../../../protocol/link.ts";
import type { Part } from "../../parts.ts";
import { openStore, type Store } from "../../store.ts";
import { tempDir } from "../../testing/tempDir.ts";
import type { PaneStatus } from "../../tmux/paneStatus.ts";
import { until } from "../codex/testing/jobHarness.ts";
import { portOf } from "./findServer.ts";
import { startOpencodeLive } from "./startOpencodeLive.ts";

const SESSION = newId("ses");
const user = (id: string) => ({ id, sessionID: "ses_1", role: "user" });
const assistant = (id: string) => ({ id, sessionID: "ses_1", role: "assistant" });
const text = (messageID: string, id: string, said: string) => ({
  part: { id, messageID, sessionID: "ses_1", type: "text", text: said, time: { end: 1 } },
});
const permission = (id: string) => ({
  id,
  sessionID: "ses_1",
  permission: "bash",
  patterns: ["ls"],
  metadata: { command: "ls" },
});

/** Answers as OpenCode's server does, from what a test puts here. */
class FakeServer {
  permissions: object[] = [];
  messages: object[] = [];
  status: Record<string, object> = {};
  sessions: object[] = [{ id: "ses_1", parentID: null }];
  /** What it was answered, and with which status it takes that. */
  replies: { path: string; body: unknown }[] = [];
  takes = 200;
  #streams = new Set<ServerResponse>();
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `http://127.0.0.1:${address.port}`;
  }
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
  tell(type: string, properties: object): void {
    for (const stream of this.#streams) stream.write(`data: ${JSON.stringify({ type, properties })}\n\n`);
  }
  cut(): void {
    for (const stream of this.#streams) stream.destroy();
  }
  get joined(): number {
    return this.#streams.size;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    if (request.headers.authorization !== `Basic ${Buffer.from("opencode:secret").toString("base64")}`)
      return void response.writeHead(401).end();
    if (path === "/event") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      this.#streams.add(response);
      response.on("close", () => this.#streams.delete(response));
      return this.tell("server.connected", {});
    }
    if (request.method === "POST") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      this.replies.push({ path, body: JSON.parse(Buffer.concat(chunks).toString()) });
      return void response.writeHead(this.takes).end("true");
    }
    const body = path.startsWith("/permission")
      ? this.permissions
      : path.startsWith("/question")
        ? []
        : path.startsWith("/session/status")
          ? this.status
          : path.includes("/message")
            ? this.messages
            : path.startsWith("/session?")
              ? this.sessions
              : { id: path.split("/")[2], parentID: "ses_1" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  }
}

describe("OpenCode in a pane", () => {
  let server: FakeServer;
  let url: string;
  let store: Store;
  let part: Part;
  let told: DaemonMessage[];
  let status: PaneStatus | null;
  let look: () => void;
  let alone: boolean;
  let here: { session: string; panePid: number }[];

  beforeEach(async () => {
    server = new FakeServer();
    url = await server.start();
    store = openStore(join(tempDir(), "agent.db"));
    told = [];
    alone = true;
    status = null;
    here = [{ session: SESSION, panePid: 1 }];
    part = begin();
    await until(() => (server.joined === 1 && status !== null ? true : null));
  });
  afterEach(async () => {
    await part.stop();
    server.stop();
    store.close();
  });

  function begin(): Part {
    const panes = {
      opencodes: () => here,
      tell: (_session: string, now: PaneStatus | null) => void (status = now),
      onLook(listener: () => void) {
        look = listener;
        return () => {};
      },
    };
    const started = startOpencodeLive({
      store,
      outlet: {
        put(messages, also) {
          store.transaction(() => also?.());
          told.push(...messages);
          return true;
        },
        lost() {},
      },
      panes,
      log: () => {},
      find: () => ({
        pid: 2,
        startedAt: 1_000,
        alone,
        url,
        directory: "/work",
        user: "opencode",
        password: "secret",
      }),
    });
    look();
    return started;
  }
  const of = <K extends DaemonMessage["kind"]>(kind: K) =>
    told.filter((message): message is Extract<DaemonMessage, { kind: K }> => message.kind === kind);
  const events = () => of("events").flatMap(({ events: some }) => some.map(({ event }) => event));
  const items = () => {
    const byId = new Map<string, Item>();
    for (const event of events()) if (event.type === "item") byId.set(event.id, event.item);
    return [...byId.values()].map((item) => ("text" in item ? item.text : item.kind));
  };
  const decide = (id: string, over: Partial<CommandOf<"decide">> = {}) =>
    part.run(
      { type: "decide", request: id, allow: true, ...over },
      { id: newId("cmd"), session: SESSION, signal: new AbortController().signal },
    );
  const ended = (end: string) => ({ status: "done", value: { type: "decided", end } });
  const asked = (count: number) => until(() => (of("request").length === count ? true : null));
  /** One turn, of which the server tells everything. */
  function turn(number: number, said: string, answer: string): void {
    const [question, reply] = [`msg_${number}a`, `msg_${number}b`];
    server.tell("message.updated", { info: user(question) });
    server.tell("message.part.updated", text(question, `prt_${number}a`, said));
    server.tell("session.status", { sessionID: "ses_1", status: { type: "busy" } });
    server.tell("message.updated", { info: assistant(reply) });
    server.tell("message.part.updated", text(reply, `prt_${number}b`, answer));
    server.tell("session.idle", { sessionID: "ses_1" });
    const message = (info: object, part: object) => ({ info, parts: [part] });
    server.messages.push(
      message(user(question), text(question, `prt_${number}a`, said).part),
      message(assistant(reply), text(reply, `prt_${number}b`, answer).part),
    );
  }

  it("tells what is said once, also after the connection or the daemon was away", async () => {
    turn(1, "hello", "hi");
    await until(() => (items().length === 2 ? true : null));
    await part.stop();
    turn(2, "unheard", "answered");
    part = begin();
    await until(() => (items().length === 4 ? true : null));
    server.cut();
    await until(() => (status === null ? true : null));
    look();
    await until(() => (server.joined === 1 && status !== null ? true : null));
    turn(3, "more", "yes");
    await until(() => (items().length === 6 ? true : null));
    expect(items()).toEqual(["hello", "hi", "unheard", "answered", "more", "yes"]);
    const turns = events().flatMap((event) => (event.type === "turn_completed" ? [event.turn] : []));
    expect(turns).toEqual([1, 2, 3]);
  });

  it("tells what was begun in it before it was joined, unless it may have been begun elsewhere", async () => {
    await part.stop();
    server.sessions = [
      { id: "ses_1", parentID: null, time: { created: 2_000 } },
      { id: "ses_old", parentID: null, time: { created: 500 } },
    ];
    turn(1, "early", "answered");
    alone = false;
    part = begin();
    await until(() => (status !== null && server.joined === 1 ? true : null));
    expect(items()).toEqual([]);
    await part.stop();
    alone = true;
    part = begin();
    await until(() => (items().length === 2 ? true : null));
    expect(items()).toEqual(["early", "answered"]);
  });

  it("says what subagents ask, and not what they say", async () => {
    server.tell("message.updated", { info: { id: "msg_c", sessionID: "ses_child", role: "assistant" } });
    server.tell("permission.asked", { ...permission("per_1"), sessionID: "ses_child" });
    await asked(1);
    expect(events()).toEqual([]);
    expect(status).toEqual({ status: "waiting", reason: "permission prompt" });
  });

  it("asks once, and is answered once", async () => {
    server.tell("permission.asked", permission("per_1"));
    server.tell("permission.asked", permission("per_1"));
    await asked(1);
    expect(await decide("per_1", { allow: false, message: "no" })).toEqual(ended("applied"));
    server.tell("permission.replied", { sessionID: "ses_1", requestID: "per_1", reply: "reject" });
    expect(await decide("per_1")).toEqual(ended("applied"));
    expect(server.replies).toEqual([
      { path: "/permission/per_1/reply", body: { reply: "reject", message: "no" } },
    ]);
    expect(of("request_ended")).toEqual([]);
  });

  it("says that the terminal was faster, by a word or by refusing ours", async () => {
    server.tell("permission.asked", permission("per_1"));
    server.tell("permission.asked", permission("per_2"));
    await asked(2);
    server.tell("permission.replied", { sessionID: "ses_1", requestID: "per_1", reply: "once" });
    await until(() => of("request_ended")[0] ?? null);
    expect(of("request_ended")).toMatchObject([{ request: "per_1", end: "stale" }]);
    server.takes = 404;
    expect(await decide("per_2")).toEqual(ended("stale"));
  });

  it("knows afterwards what was answered while the daemon was away, and what was not", async () => {
    server.tell("permission.asked", permission("per_1"));
    server.tell("permission.asked", permission("per_2"));
    await asked(2);
    await part.stop();
    server.permissions = [permission("per_2"), permission("per_3")];
    part = begin();
    await asked(3);
    expect(of("request").map(({ request }) => request.id)).toEqual(["per_1", "per_2", "per_3"]);
    expect(of("request_ended")).toMatchObject([{ request: "per_1", end: "stale" }]);
    expect(await decide("per_2")).toEqual(ended("applied"));
  });

  it("does not know what became of an answer when the server cannot be reached; its pane's end ends what it asked", async () => {
    server.tell("permission.asked", permission("per_1"));
    await asked(1);
    server.stop();
    expect(await decide("per_1")).toMatchObject({ status: "indeterminate" });
    here = [];
    for (let times = 0; times < 3; times++) look();
    expect(of("request_ended")).toMatchObject([{ request: "per_1", end: "gone" }]);
  });
});

describe("the port of a command line", () => {
  it.each([
    [["opencode", "--port", "4097"], 4097],
    [["opencode", "--port=4097", "--hostname", "127.0.0.1"], 4097],
    [["opencode"], null],
    [["opencode", "--port"], null],
    [["opencode", "--port", "0"], null],
    [["opencode", "--port", "99999"], null],
    [["opencode", "--port", "-4"], null],
  ])("%j", (argv, port) => {
    expect(portOf(argv)).toBe(port);
  });
});
