import { abortAllDurableObjects } from "cloudflare:test";
import { describe, test } from "vitest";
import { MAX_LIVE_OUTPUT_CHARS } from "../../protocol/limits.ts";
import type { SessionServerFrame } from "../../protocol/sessionFrames.ts";
import { aChat, decide, output } from "./support/chat.ts";
import { call, enrolHost, FakeDaemon, open, type Socket } from "./support/edge.ts";

type OutputFrame = Extract<SessionServerFrame, { type: "output" }>;

/** A chat whose command runs on its host. */
async function aRunningCall() {
  const chat = await aChat();
  await chat.say("run make");
  const [approval] = await chat.pending();
  if (approval === undefined) throw new Error("no approval");
  await decide(approval, { decision: "allow" });
  const { id } = await chat.daemon.command();
  const print = (offset: number, text: string, daemon = chat.daemon) =>
    daemon.socket.send({ type: "output", id, session: chat.id, offset, text });
  return { ...chat, command: id, print };
}

/** A page that has the log so far. */
async function aViewer(session: string): Promise<Socket> {
  const viewer = await open(`/api/sessions/${session}/live`);
  viewer.send({ type: "hello", version: 1, tail: 100 });
  return viewer;
}

const grown = async (viewer: Socket) => {
  const { offset, text } = await viewer.until<OutputFrame>("output");
  return [offset, text];
};

describe("what a running call prints", () => {
  test("reaches every page as it comes, and who comes in the middle, from the beginning", async ({
    expect,
  }) => {
    const { id, print, daemon, command, until, cards } = await aRunningCall();
    const viewer = await aViewer(id);
    print(0, "one\n");
    expect(await grown(viewer)).toEqual([0, "one\n"]);
    print(4, "two\n");
    expect(await grown(viewer)).toEqual([4, "two\n"]);
    expect(await grown(await aViewer(id))).toEqual([0, "one\ntwo\n"]);
    // The log has the card and none of it.
    expect(await cards()).toMatchObject([{ state: "dispatched", output: null }]);
    await daemon.tell({ kind: "result", id: command, session: id, result: output("one\ntwo\nthree") });
    await until("idle");
    expect(await cards()).toMatchObject([{ state: "completed", output: "one\ntwo\nthree" }]);
  });

  test("survives the end of every object, and goes on where it was", async ({ expect }) => {
    const { id, host, token, print, cards } = await aRunningCall();
    print(0, "before ");
    const viewer = await aViewer(id);
    expect(await grown(viewer)).toEqual([0, "before "]);
    await abortAllDurableObjects();
    const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
    const again = await aViewer(id);
    expect(await grown(again)).toEqual([0, "before "]);
    print(7, "and after", daemon);
    expect(await grown(again)).toEqual([7, "and after"]);
    expect(await cards()).toHaveLength(1);
  });

  test("is taken once however often it comes, and asked for again when a piece is missing", async ({
    expect,
  }) => {
    const { id, print, daemon, command } = await aRunningCall();
    const viewer = await aViewer(id);
    print(0, "abc");
    expect(await grown(viewer)).toEqual([0, "abc"]);
    print(0, "abc");
    print(9, "xyz");
    expect(await daemon.socket.until("output_from")).toEqual({ type: "output_from", id: command, offset: 3 });
    print(1, "bcdef");
    expect(await grown(viewer)).toEqual([3, "def"]);
  });

  test("asks for what came while a piece was on its way, instead of gathering it", async ({ expect }) => {
    const { id, print, daemon } = await aRunningCall();
    const viewer = await aViewer(id);
    const whole = Array.from({ length: 200 }, (_, n) => `${n},`).join("");
    let offset = 0;
    for (const piece of whole.match(/.{1,7}/g) ?? []) {
      print(offset, piece);
      offset += piece.length;
    }
    const answer = async () => {
      for (;;) {
        const { offset: from } = await daemon.socket.until<{ type: "output_from"; offset: number }>(
          "output_from",
        );
        print(from, whole.slice(from));
      }
    };
    void answer();
    let shown = "";
    while (shown.length < whole.length) {
      const [from, text] = await grown(viewer);
      expect(from).toBe(shown.length);
      shown += text;
    }
    expect(shown).toBe(whole);
  });

  test("is nobody's but the host's that runs the call, and of no call that has ended", async ({ expect }) => {
    const { id, print, daemon, command, until, cards } = await aRunningCall();
    const other = await enrolHost("other");
    const { daemon: stranger } = await FakeDaemon.connect(other.token, `epoch-${other.id}`);
    print(0, "forged", stranger);
    stranger.socket.send({ type: "output", id: "cmd_none", session: id, offset: -1, text: 1 });
    expect((await stranger.socket.closed).reason).not.toBe("");
    const viewer = await aViewer(id);
    print(0, "true");
    expect(await grown(viewer)).toEqual([0, "true"]);
    await daemon.tell({ kind: "result", id: command, session: id, result: output("done") });
    print(4, "late");
    await until("idle");
    expect(await cards()).toMatchObject([{ output: "done" }]);
  });

  test("has a bound on the edge, too", async ({ expect }) => {
    const { id, print } = await aRunningCall();
    const viewer = await aViewer(id);
    print(0, "x".repeat(MAX_LIVE_OUTPUT_CHARS - 3));
    await grown(viewer);
    print(MAX_LIVE_OUTPUT_CHARS - 3, "123456");
    expect(await grown(viewer)).toEqual([MAX_LIVE_OUTPUT_CHARS - 3, "123"]);
  });

  test("stays on the card of a call that ends without a result", async ({ expect }) => {
    const { id, print, daemon, command, until, cards } = await aRunningCall();
    const viewer = await aViewer(id);
    print(0, "half of it");
    await grown(viewer);
    const message = "The daemon died.";
    await daemon.tell({
      kind: "result",
      id: command,
      session: id,
      result: { status: "indeterminate", message },
    });
    await until("idle");
    expect(await cards()).toMatchObject([{ state: "indeterminate", output: "half of it", error: message }]);
    const { items } = await (await call(`/api/sessions/${id}/events?after=0`)).json<{ items: unknown[] }>();
    expect(JSON.stringify(items)).toContain("half of it");
  });
});
