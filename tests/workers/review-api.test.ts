import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import { newId } from "../../protocol/ids.ts";
import type { Session } from "../../protocol/session.ts";
import { call, enrolHost, FACTS, FakeDaemon, open } from "./support/edge.ts";

describe("the list of sessions", () => {
  test("is searched by any number of words, and by all of them", async ({ expect }) => {
    const { id: host, token } = await enrolHost();
    const { daemon } = await FakeDaemon.connect(token);
    const session = newId("ses");
    const facts = { ...FACTS, preview: "alpha beta 100%_done 'quoted' \"both\"" };
    await daemon.tell({ kind: "session", session, provider: "tmux", title: "Zürich", facts });
    const found = async (text: string) => {
      const response = await call(`/api/sessions?host=${host}&text=${encodeURIComponent(text)}`);
      expect(response.status).toBe(200);
      return (await response.json<{ items: Session[] }>()).items.length;
    };
    await vi.waitUntil(async () => (await found("")) === 1);
    for (const text of ["BETA alpha", "100%_done", "'quoted'", '"both"', "zürich", "a ".repeat(100)])
      expect([text, await found(text)]).toEqual([text, 1]);
    for (const text of ["alpha gamma", "%", "al_ha", "]"].slice(0, 1).concat("al_ha", "]"))
      expect([text, await found(text)]).toEqual([text, 0]);
  });

  test("answers too many values of a filter with what is wrong", async ({ expect }) => {
    const status = Array.from({ length: 11 }, () => "idle").join(",");
    expect((await call(`/api/sessions?status=${status}`)).status).toBe(400);
    const provider = Array.from({ length: 11 }, () => "tmux").join(",");
    expect((await call(`/api/sessions?provider=${provider}`)).status).toBe(400);
  });
});

test("the list of hosts goes on past one whose object was never made", async ({ expect }) => {
  const first = await enrolHost();
  const missing = newId("hst");
  await env.DB.prepare("INSERT INTO host (id, team, name, created_at) VALUES (?, 'main', 'lost', 1)")
    .bind(missing)
    .run();
  const last = await enrolHost();
  const ids: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: { items: { id: string }[]; next_cursor: string | null } = await (
      await call(`/api/hosts?limit=1${cursor === "" ? "" : `&cursor=${cursor}`}`)
    ).json();
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next_cursor;
  }
  expect(ids).toContain(first.id);
  expect(ids).toContain(last.id);
});

test("nobody can say who they are but the Worker", async ({ expect }) => {
  const forged = JSON.stringify({ kind: "user", id: "owner", team: "main", role: "admin" });
  const headers = { "x-signalbox-actor": forged, upgrade: "websocket" };
  expect(await (await open("/api/live", null, headers)).closed).toMatchObject({ code: 4401 });
  expect((await call("/api/me", { token: null, headers: { "x-signalbox-actor": forged } })).status).toBe(401);
  const { token } = await enrolHost("mine");
  const { id: theirs } = await enrolHost("theirs");
  const actor = JSON.stringify({ kind: "host", id: theirs, team: "main", role: "operator" });
  const socket = await open("/api/link", token, { "x-signalbox-actor": actor });
  const info = { hostname: "forged", os: "", arch: "", agent_version: "", node_version: "" };
  socket.send({
    type: "hello",
    version: 1,
    epoch: "epoch-of-the-test",
    acked: 0,
    info: { ...info, tmux_version: null, agents: {}, workspaces: [], problems: [] },
  });
  const { host } = await socket.until<{ type: "welcome"; host: string }>("welcome");
  expect(host).not.toBe(theirs);
});

test("no socket of a token outlives its rotation, however late it arrives", async ({ expect }) => {
  for (let round = 0; round < 5; round++) {
    const { id, token } = await enrolHost();
    const { daemon } = await FakeDaemon.connect(token);
    const session = newId("ses");
    await daemon.tellSession(session);
    await open(`/api/sessions/${session}/console`);
    const paths = Array.from({ length: 12 }, (_, i) =>
      i % 2 ? "/api/link" : `/api/link/console/${session}`,
    );
    const opening = paths.map(async (path, i) => {
      await new Promise((resolve) => setTimeout(resolve, i));
      return open(path, token);
    });
    await call(`/api/hosts/${id}/rotate`, { method: "POST" });
    for (const socket of await Promise.all(opening))
      expect([4401, 4409]).toContain((await socket.closed).code);
  }
});
