import { DurableObject } from "cloudflare:workers";
import * as z from "zod";
import type { CloseName } from "../../protocol/closeCodes.ts";
import type { Rule } from "../../protocol/approvals.ts";
import { SessionFilter } from "../../protocol/filter.ts";
import { HubClientFrame, ListName, type HubChange, type HubHello } from "../../protocol/hubFrames.ts";
import { MAX_FRAME_BYTES, PROTOCOL_VERSION, SILENT_VIEWER, VIEWERS_LOOK_MS } from "../../protocol/limits.ts";
import { readActor } from "../shared/actor.ts";
import { Alarms } from "../shared/alarms.ts";
import { allDone } from "../shared/allDone.ts";
import { Batcher } from "../shared/Batcher.ts";
import { openDatabase } from "../shared/database.ts";
import type { Env } from "../shared/env.ts";
import { LiveSockets } from "../shared/LiveSockets.ts";
import { parseFrame } from "../shared/parseFrame.ts";
import { Publisher } from "../shared/Publisher.ts";
import { publishRemoval, publishRule, type RuleNews } from "../shared/publishRule.ts";
import { answerClose, closeSocket } from "../shared/refuseSocket.ts";
import { endedLogins } from "../shared/endedLogins.ts";
import { Viewers } from "../shared/Viewers.ts";
import { changesFor } from "./changesFor.ts";
import { HubItems, type Kept } from "./HubItems.ts";
import { readIndex } from "./readIndex.ts";
import migrations from "./migrations/migrations.js";

const LIVE_TAG = "live";
const CLIENT_FRAMES = new Set(["hello", "ack"]);
/** Changes gather this long, so that many sessions changing at once make one frame a client. */
const WINDOW_MS = 10;
/** News gather this long: a list that changes all the time is asked for a few times a second at most. */
const NEWS_MS = 500;
const Attachment = z.looseObject({ filter: SessionFilter.optional() });

/** What is shown across sessions: fans out changes of sessions and hosts. A copy of D1, rebuilt from it when it is empty. */
export class HubObject extends DurableObject<Env> {
  readonly #items: HubItems;
  readonly #viewers: Viewers;
  readonly #alarms: Alarms<"publish" | "viewers">;
  readonly #publisher: Publisher;
  readonly #live: LiveSockets;
  readonly #batcher = new Batcher<HubChange[]>((batches) => this.#apply(batches.flat()), WINDOW_MS);
  readonly #news = new Batcher<ListName>((lists) => this.#live.tell(newsFrame(lists)), NEWS_MS);
  readonly #loaded: Promise<void>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    const db = openDatabase(ctx, migrations);
    this.#items = new HubItems(db, ctx.storage);
    this.#alarms = new Alarms(db, ctx.storage, {
      publish: () => this.#publisher.retry(),
      viewers: () => this.#lookAtViewers(),
    });
    this.#publisher = new Publisher({
      db,
      retryAt: (at) => this.#alarms.atLatest("publish", at),
      deliver: (rows) => allDone(rows.map(({ body }) => this.#spread(JSON.parse(body)))),
    });
    this.#viewers = new Viewers(ctx, [LIVE_TAG]);
    this.#live = new LiveSockets({
      ctx,
      tag: LIVE_TAG,
      head: () => this.#items.rev,
      rest: (ws, sent) => this.#rest(ws, sent),
      // Of which lists it has missed a word is not known.
      latest: () => [newsFrame(ListName.options)],
    });
    this.#loaded = ctx.blockConcurrencyWhile(async () => {
      if (this.#items.rev === 0 && ctx.id.name !== undefined)
        this.#items.apply(await readIndex(env.DB, ctx.id.name));
    });
  }

  /** From sessions and hosts: what changed. Resolves when it is stored and on its way to the clients. */
  async publish(changes: HubChange[]): Promise<void> {
    await this.#loaded;
    await this.#batcher.add(changes);
  }

  /** A list that no change carries has changed: pages are told, and nothing is stored. Resolves before they are. */
  news(list: ListName): void {
    if (this.#live.count > 0) void this.#news.add(list);
  }

  /** For the sweep of tasks: what pages are shown as not over. */
  openTasks(): { id: string; version: number }[] {
    return this.#items.openTasks();
  }

  /** From the Worker: a rule that was made or changed. It is kept before it is spread, so that it reaches every session that waits for it. */
  async putRule(rule: Rule): Promise<void> {
    await this.#keep({ rule }, rule.version ?? 1);
  }

  /** From the Worker: a rule that was taken out of the index. */
  async ruleRemoved(removed: Rule): Promise<void> {
    await this.#keep({ removed }, (removed.version ?? 1) + 1);
  }

  async #keep(news: RuleNews, version: number): Promise<void> {
    const { id } = "rule" in news ? news.rule : news.removed;
    this.#publisher.put({ key: id, version, body: JSON.stringify(news) });
    await this.#publisher.drain();
  }

  /** What an older version has kept is the rule itself. */
  #spread(news: RuleNews | Rule): Promise<void> {
    if ("removed" in news) return publishRemoval(this.env, news.removed);
    return publishRule(this.env, "rule" in news ? news.rule : news);
  }

  override async alarm(): Promise<void> {
    await this.#alarms.run();
  }

  override fetch(request: Request): Response {
    const actor = readActor(request);
    const { 0: client, 1: server } = new WebSocketPair();
    this.#viewers.accept(server, LIVE_TAG, actor);
    this.#alarms.atLatest("viewers", Date.now() + VIEWERS_LOOK_MS);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** From the Worker: a login has ended, and its sockets with it. */
  async endLogin(login: string): Promise<void> {
    for (const ws of this.#viewers.of(login)) this.#end(ws, "unauthenticated", "You signed out.");
  }

  /** Ends the sockets of people who are gone without a word, or whose login is. Looks again while anybody is left. */
  async #lookAtViewers(): Promise<void> {
    for (const ws of this.#viewers.silent(Date.now())) this.#end(ws, "silent", SILENT_VIEWER);
    if (this.#viewers.all().length === 0) return;
    this.#alarms.atLatest("viewers", Date.now() + VIEWERS_LOOK_MS);
    for (const login of await endedLogins(this.env.DB, this.#viewers.logins())) await this.endLogin(login);
  }

  override webSocketMessage(ws: WebSocket, data: string | ArrayBuffer): void {
    if (ws.readyState !== WebSocket.READY_STATE_OPEN) return; // closed for an earlier frame; this one was on its way
    this.#viewers.heard(ws);
    if (typeof data !== "string") return closeSocket(ws, "malformed", "This socket speaks text frames.");
    if (data.length > MAX_FRAME_BYTES)
      return closeSocket(ws, "tooLarge", `A frame has at most ${MAX_FRAME_BYTES} bytes.`);
    const parsed = parseFrame(HubClientFrame, CLIENT_FRAMES, data);
    if (!parsed.ok) return parsed.ignore ? undefined : closeSocket(ws, "malformed", parsed.reason);
    if (parsed.frame.type === "hello") this.#hello(ws, parsed.frame);
    else this.#live.ack(ws, parsed.frame.rev);
  }

  override webSocketClose(ws: WebSocket): void {
    answerClose(ws);
    this.#live.drop(ws);
  }

  override webSocketError(ws: WebSocket): void {
    this.#live.drop(ws);
  }

  /** Ends a socket without waiting for its other side, which may not be there. */
  #end(ws: WebSocket, name: CloseName, reason: string): void {
    closeSocket(ws, name, reason);
    this.#live.drop(ws);
  }

  #hello(ws: WebSocket, hello: HubHello): void {
    if (hello.version !== PROTOCOL_VERSION)
      return closeSocket(ws, "version", `This edge speaks version ${PROTOCOL_VERSION}; reload the page.`);
    ws.serializeAttachment({ filter: hello.filter });
    const { epoch, rev, forgotten } = this.#items;
    const since = hello.rev;
    const resumes = hello.epoch === epoch && since !== undefined && since <= rev && since >= forgotten;
    if (!resumes) ws.send(JSON.stringify({ type: "reset", version: PROTOCOL_VERSION, epoch }));
    this.#live.start(ws, resumes ? since : 0);
  }

  #apply(changes: HubChange[]): void {
    const before = this.#items.rev;
    const kept = this.#items.apply(changes);
    if (kept.length === 0) return;
    this.#live.broadcastEach(before, this.#items.rev, (ws) => this.#frame(ws, kept, this.#items.rev));
  }

  *#rest(ws: WebSocket, sent: number) {
    const { rev, epoch } = this.#items;
    for (const kept of this.#items.since(sent)) {
      const position = kept.at(-1)?.rev ?? sent;
      const frame = this.#frame(ws, kept, position);
      if (frame !== null) yield { position, frame };
    }
    yield { position: rev, frame: JSON.stringify({ type: "ready", epoch, rev }) };
  }

  #frame(ws: WebSocket, kept: Kept[], rev: number): string | null {
    const attachment = Attachment.safeParse(ws.deserializeAttachment());
    const changes = changesFor(kept, attachment.success ? attachment.data.filter : undefined);
    return changes.length === 0 ? null : `{"type":"changes","rev":${rev},"changes":[${changes.join(",")}]}`;
  }
}

function newsFrame(lists: ListName[]): string {
  return JSON.stringify({ type: "news", lists: [...new Set(lists)] });
}
