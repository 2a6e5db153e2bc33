import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import { CONSOLE, decodeNote, encodeConsole } from "../../protocol/consoleFrames.ts";
import { newId } from "../../protocol/ids.ts";
import { bytes, next, snapshot, text, until } from "./support/consoleFrames.ts";
import { call, enrolHost, FakeDaemon, open } from "./support/edge.ts";
import { query, runAlarms, without } from "./support/faults.ts";

async function watched() {
  const { id: host, token } = await enrolHost();
  const { daemon } = await FakeDaemon.connect(token);
  const session = newId("ses");
  await daemon.tellSession(session);
  const viewer = await open(`/api/sessions/${session}/console`);
  await daemon.socket.until("watch");
  const source = await open(`/api/link/console/${session}`, token);
  const first = (await until(source, CONSOLE.join)).viewer;
  source.send(snapshot(first, "one"));
  await until(viewer, CONSOLE.snapshot);
  const objects = {
    host: env.HOST.getByName(`main/${host}`),
    session: env.SESSION.getByName(`main/${session}`),
  };
  return { host, token, daemon, session, viewer, source, first, objects };
}

const watching = (stub: Parameters<typeof query>[0]) => query(stub, "SELECT session FROM watching");

describe("a console", () => {
  test("loses its daemon at once when the host's token is rotated, and typing goes nowhere", async ({
    expect,
  }) => {
    const { host, viewer, source } = await watched();
    await call(`/api/hosts/${host}/rotate`, { method: "POST" });
    expect(await source.closed).toMatchObject({ code: 4401 });
    expect(decodeNote((await until(viewer, CONSOLE.note)).payload)).toMatchObject({ state: "waiting" });
    viewer.send(encodeConsole(CONSOLE.input, 0, bytes("secret")));
    expect(decodeNote((await until(viewer, CONSOLE.note)).payload)).toMatchObject({ state: "refused" });
  });

  test("loses its daemon when the host is enrolled anew, and when its link falls silent", async ({
    expect,
  }) => {
    const one = await watched();
    const invited = await call(`/api/hosts/${one.host}/code`, { method: "POST" });
    const { code } = await invited.json<{ code: string }>();
    await call("/api/enrol", { body: { code }, token: null });
    expect(await one.source.closed).toMatchObject({ code: 4401 });
    expect(await one.daemon.socket.closed).toMatchObject({ code: 4401 });

    const two = await watched();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 45_000 });
    await runAlarms(two.objects.host);
    vi.useRealTimers();
    expect(await two.daemon.socket.closed).toMatchObject({ code: 4408 });
    expect(await two.source.closed).toMatchObject({ code: 4503 });
    expect(await (await call(`/api/hosts/${two.host}`)).json()).toMatchObject({ presence: "offline" });
  });

  test("gives no output of a newer daemon before that daemon's snapshot", async ({ expect }) => {
    const { token, session, viewer, source, first } = await watched();
    const newer = await open(`/api/link/console/${session}`, token);
    expect(await source.closed).toMatchObject({ code: 4409 });
    await until(newer, CONSOLE.join);
    newer.send(encodeConsole(CONSOLE.output, 0, bytes("not yet")));
    newer.send(snapshot(first, "two"));
    newer.send(encodeConsole(CONSOLE.output, 0, bytes("now")));
    expect((await next(viewer)).type).toBe(CONSOLE.snapshot);
    expect(text(await next(viewer))).toBe("now");
  });

  test("goes on with the newer of two daemons after hibernation", async ({ expect }) => {
    const { token, session, viewer, first, objects } = await watched();
    for (let i = 0; i < 3; i++) {
      const newer = await open(`/api/link/console/${session}`, token);
      await until(newer, CONSOLE.join);
      newer.send(snapshot(first, `screen ${i}`));
      await until(viewer, CONSOLE.snapshot);
      await evictDurableObject(objects.session);
      newer.send(encodeConsole(CONSOLE.output, 0, bytes(`out ${i}`)));
      expect(text(await until(viewer, CONSOLE.output))).toBe(`out ${i}`);
      viewer.send(encodeConsole(CONSOLE.input, 0, bytes(`in ${i}`)));
      expect(text(await until(newer, CONSOLE.input))).toBe(`in ${i}`);
    }
  });

  test("is watched no more when its session is deleted", async ({ expect }) => {
    const { daemon, session, viewer, objects } = await watched();
    const exit = { code: 0, signal: null, message: null };
    const ended = { at: 5, event: { type: "ended", status: "done", exit } as const };
    await daemon.tell({ kind: "events", session, events: [ended] });
    expect((await call(`/api/sessions/${session}`, { method: "DELETE" })).status).toBe(204);
    expect(await viewer.closed).toMatchObject({ code: 4404 });
    expect(await daemon.socket.until("unwatch")).toMatchObject({ session });
    expect(await watching(objects.host)).toEqual([]);
  });

  test("closes for a viewer whose host cannot be asked, so that it tries again", async ({ expect }) => {
    const { daemon } = await watched();
    const session = newId("ses");
    await daemon.tellSession(session);
    const stub = env.SESSION.getByName(`main/${session}`);
    await without(stub, ["HOST"], async () => {
      expect(await (await open(`/api/sessions/${session}/console`)).closed).toMatchObject({ code: 4500 });
    });
    await open(`/api/sessions/${session}/console`);
    expect(await daemon.socket.until("watch")).toMatchObject({ session });
  });

  test("is watched as long as somebody does, however quickly viewers come and go", async ({ expect }) => {
    const { session, viewer, objects } = await watched();
    viewer.close();
    for (let i = 0; i < 10; i++) (await open(`/api/sessions/${session}/console`)).close();
    const last = await open(`/api/sessions/${session}/console`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await watching(objects.host)).toEqual([{ session }]);
    last.close();
    await vi.waitUntil(async () => (await watching(objects.host)).length === 0);
  });
});
