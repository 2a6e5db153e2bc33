import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test } from "vitest";
import { CONSOLE, decodeNote, encodeConsole } from "../../protocol/consoleFrames.ts";
import { newId } from "../../protocol/ids.ts";
import { bytes, next, snapshot, text, until } from "./support/consoleFrames.ts";
import { enrolHost, FakeDaemon, open } from "./support/edge.ts";

async function watched() {
  const { token } = await enrolHost();
  const { daemon } = await FakeDaemon.connect(token, `epoch-${token}`.slice(0, 64));
  const session = newId("ses");
  await daemon.tellSession(session);
  const viewer = await open(`/api/sessions/${session}/console`);
  expectWatch(await daemon.socket.until("watch"), session);
  const source = await open(`/api/link/console/${session}`, token);
  const join = await until(source, CONSOLE.join);
  return { token, daemon, session, viewer, source, first: join.viewer };
}

function expectWatch(frame: { type: string; session?: string }, session: string): void {
  if (frame.session !== session) throw new Error("watched another session");
}

describe("the console", () => {
  test("asks the host only while somebody watches, and passes frames both ways", async ({ expect }) => {
    const { daemon, viewer, source, first, session } = await watched();
    source.send(encodeConsole(CONSOLE.output, 0, bytes("too early")));
    source.send(snapshot(first, "screen"));
    source.send(encodeConsole(CONSOLE.output, 0, bytes("after")));
    expect((await until(viewer, CONSOLE.snapshot)).type).toBe(CONSOLE.snapshot);
    expect(text(await next(viewer))).toBe("after");
    viewer.send(encodeConsole(CONSOLE.input, 0, bytes("ls\r")));
    const typed = await next(source);
    expect([typed.type, typed.viewer, text(typed)]).toEqual([CONSOLE.input, first, "ls\r"]);
    viewer.close();
    expect(await daemon.socket.until("unwatch")).toMatchObject({ session });
    expect(await source.closed).toMatchObject({ code: 4410 });
  });

  test("gives output only to viewers in step; one that left waits for its snapshot", async ({ expect }) => {
    const { viewer, source, first, session } = await watched();
    source.send(snapshot(first, "one"));
    const second = await open(`/api/sessions/${session}/console`);
    const { viewer: number } = await until(source, CONSOLE.join);
    source.send(encodeConsole(CONSOLE.output, 0, bytes("for the first")));
    source.send(snapshot(number, "two"));
    source.send(encodeConsole(CONSOLE.leave, first));
    source.send(encodeConsole(CONSOLE.output, 0, bytes("for the second")));
    source.send(snapshot(0, "only those in step"));
    source.send(snapshot(first, "again"));
    await until(viewer, CONSOLE.snapshot);
    expect(text(await next(viewer))).toBe("for the first");
    expect(text(await next(viewer))).toContain("again");
    await until(second, CONSOLE.snapshot);
    expect(text(await next(second))).toBe("for the second");
  });

  test("survives hibernation of the object with everybody in place", async ({ expect }) => {
    const { viewer, source, first, session } = await watched();
    source.send(snapshot(first, "one"));
    await until(viewer, CONSOLE.snapshot);
    await evictDurableObject(env.SESSION.getByName(`main/${session}`));
    source.send(encodeConsole(CONSOLE.output, 0, bytes("still there")));
    expect(text(await next(viewer))).toBe("still there");
    viewer.send(encodeConsole(CONSOLE.input, 0, bytes("x")));
    expect(text(await until(source, CONSOLE.input))).toBe("x");
  });

  test("says when the host is away, and opens when it comes", async ({ expect }) => {
    const { token, daemon, viewer, source, first, session } = await watched();
    source.send(snapshot(first, "one"));
    await until(viewer, CONSOLE.snapshot);
    source.close();
    const note = decodeNote((await until(viewer, CONSOLE.note)).payload);
    expect(note).toMatchObject({ state: "waiting" });
    viewer.send(encodeConsole(CONSOLE.input, 0, bytes("lost")));
    expect(decodeNote((await until(viewer, CONSOLE.note)).payload)).toMatchObject({ state: "refused" });
    daemon.socket.close();
    const back = await FakeDaemon.connect(token, daemon.epoch);
    expect(back.welcome.watching).toEqual([session]);
    const again = await open(`/api/link/console/${session}`, token);
    expect((await until(again, CONSOLE.join)).viewer).toBe(first);
  });

  test("closes on a frame without a header, on text and on one that is too large; ignores unknown types", async ({
    expect,
  }) => {
    const { session, viewer, source, first } = await watched();
    source.send(snapshot(first, "one"));
    await until(viewer, CONSOLE.snapshot);
    const closes = async (frame: string | Uint8Array) => {
      const socket = await open(`/api/sessions/${session}/console`);
      socket.send(frame);
      return (await socket.closed).code;
    };
    expect(await closes(new Uint8Array(4))).toBe(4400);
    expect(await closes("text")).toBe(4400);
    expect(await closes(new Uint8Array(1024 * 1024 + 1))).toBe(4413);
    viewer.send(Uint8Array.from([200, 0, 0, 0, 0, 1, 2, 3]));
    viewer.send(encodeConsole(CONSOLE.input, 0, bytes("fine")));
    expect(text(await until(source, CONSOLE.input))).toBe("fine");
  });
});
