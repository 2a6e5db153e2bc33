import { describe, test } from "vitest";
import app from "../../worker/index.ts";
import { newId } from "../../protocol/ids.ts";
import { call, enrolHost, FakeDaemon, open, OWNER } from "./support/edge.ts";

type Problem = { error: { code: string; message: string } };
const codeOf = async (response: Response) => [response.status, (await response.json<Problem>()).error.code];

describe("who may ask", () => {
  test("every route but the few that take a one-time code or a signature refuses a stranger", async ({
    expect,
  }) => {
    const open = new Set([
      "GET /health",
      "GET /install.sh",
      "POST /api/enrol",
      "POST /api/auth/session",
      "POST /hooks/:id",
    ]);
    const routes = new Set(
      app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`),
    );
    expect(routes.size).toBeGreaterThan(20);
    for (const route of routes) {
      if (open.has(route)) continue;
      const [method = "", path = ""] = route.split(" ");
      const url = path
        .replace("/hosts/:id", `/hosts/${newId("hst")}`)
        .replace(":id", newId("ses"))
        .replace(":session", newId("ses"));
      const response = await call(url.replace(":command", newId("cmd")), { method, token: null });
      expect([route, [401, 426].includes(response.status)]).toEqual([route, true]);
    }
  });

  test("a wrong token is refused, and a host's token is no owner's", async ({ expect }) => {
    const { token } = await enrolHost();
    expect(await codeOf(await call("/api/me", { token: `${OWNER}x` }))).toEqual([401, "unauthenticated"]);
    expect(await codeOf(await call("/api/me", { token }))).toEqual([401, "unauthenticated"]);
    expect(await (await open("/api/live", `${OWNER}x`)).closed).toMatchObject({ code: 4401 });
  });

  test("a rebound DNS name is refused, even with the token", async ({ expect }) => {
    for (const host of [
      "evil.example",
      "127.0.0.1.evil.example",
      "localhost.evil.example:8787",
      "0.0.0.0:8787",
      "[::]",
    ])
      expect(await codeOf(await call("/api/me", { headers: { host } }))).toEqual([403, "wrong_host"]);
    for (const host of ["localhost:8787", "127.0.0.1", "[::1]:9"])
      expect((await call("/api/me", { headers: { host } })).status).toBe(200);
  });

  test("another site is refused, by page and by socket, whatever it carries", async ({ expect }) => {
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "http://127.0.0.1:3000" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ])
      expect(
        await codeOf(await call("/api/me", { headers: { ...headers } as Record<string, string> })),
      ).toEqual([403, "cross_origin"]);
    const socket = await call("/api/live", {
      headers: { upgrade: "websocket", origin: "https://evil.example" },
    });
    expect(socket.status).toBe(403);
    expect((await call("/api/me", { headers: { origin: "http://127.0.0.1:8787" } })).status).toBe(200);
  });
});

describe("signing in", () => {
  test("a code works once, and its cookie until it is signed out", async ({ expect }) => {
    const { code, url } = await (
      await call("/api/auth/codes", { method: "POST" })
    ).json<{ code: string; url: string }>();
    expect(url).toBe(`http://127.0.0.1:8787/sign-in?code=${code}`);
    const signedIn = await call("/api/auth/session", { body: { code }, token: null });
    expect(signedIn.status).toBe(204);
    const set = signedIn.headers.get("set-cookie") ?? "";
    expect(set).toMatch(/HttpOnly/i);
    expect(set).toMatch(/SameSite=Strict/i);
    const cookie = set.split(";")[0] ?? "";
    expect(await codeOf(await call("/api/auth/session", { body: { code }, token: null }))).toEqual([
      401,
      "code_not_valid",
    ]);
    const me = await call("/api/me", { token: null, headers: { cookie } });
    expect(await me.json()).toMatchObject({ user: "owner", role: "admin", mode: "local" });
    await call("/api/auth/session", { method: "DELETE", token: null, headers: { cookie } });
    expect((await call("/api/me", { token: null, headers: { cookie } })).status).toBe(401);
  });

  test("of two that use a code at once, one wins", async ({ expect }) => {
    const { code } = await (await call("/api/auth/codes", { method: "POST" })).json<{ code: string }>();
    const all = await Promise.all(
      [1, 2, 3, 4].map(() => call("/api/auth/session", { body: { code }, token: null })),
    );
    expect(all.map(({ status }) => status).sort()).toEqual([204, 401, 401, 401]);
  });
});

describe("a host's rights", () => {
  test("an enrolment code works once and an older one not at all", async ({ expect }) => {
    const made = await (
      await call("/api/hosts", { body: { name: "box" } })
    ).json<{ host: { id: string }; code: string; install: string }>();
    expect(made.install).toBe(`curl -fsSL http://127.0.0.1:8787/install.sh | sh -s -- ${made.code}`);
    const newer = await (
      await call(`/api/hosts/${made.host.id}/code`, { method: "POST" })
    ).json<{ code: string }>();
    expect(await codeOf(await call("/api/enrol", { body: { code: made.code }, token: null }))).toEqual([
      401,
      "code_not_valid",
    ]);
    expect((await call("/api/enrol", { body: { code: newer.code }, token: null })).status).toBe(201);
    expect(await codeOf(await call("/api/enrol", { body: { code: newer.code }, token: null }))).toEqual([
      401,
      "code_not_valid",
    ]);
  });

  test("of a host that never came: rotating its token does not make it one that left", async ({ expect }) => {
    const { host } = await (
      await call("/api/hosts", { body: { name: "box" } })
    ).json<{ host: { id: string } }>();
    await call(`/api/hosts/${host.id}/rotate`, { method: "POST" });
    expect(await (await call(`/api/hosts/${host.id}`)).json()).toMatchObject({
      presence: "never",
      last_seen: null,
    });
  });

  test("end at once when the token is rotated or the host removed", async ({ expect }) => {
    const { id, token } = await enrolHost();
    const { daemon } = await FakeDaemon.connect(token);
    const rotated = await call(`/api/hosts/${id}/rotate`, { method: "POST" });
    const { code } = await rotated.json<{ code: string }>();
    expect(await daemon.socket.closed).toMatchObject({ code: 4401 });
    expect(await (await open("/api/link", token)).closed).toMatchObject({ code: 4401 });
    const fresh = await (await call("/api/enrol", { body: { code }, token: null })).json<{ token: string }>();
    const again = await FakeDaemon.connect(fresh.token);
    const session = newId("ses");
    await again.daemon.tellSession(session);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await call(`/api/hosts/${id}`, { method: "DELETE" })).status).toBe(204);
    expect(await again.daemon.socket.closed).toMatchObject({ code: 4401 });
    expect((await call(`/api/hosts/${id}`)).status).toBe(404);
    expect(await (await call(`/api/sessions/${session}`)).json()).toMatchObject({
      status: "trouble",
      status_reason: "The host was removed.",
    });
  });
});

describe("bad requests", () => {
  test("get a status, a code and a sentence", async ({ expect }) => {
    const { id } = await enrolHost();
    const session = newId("ses");
    const cases: [string, Parameters<typeof call>[1], number, string][] = [
      ["/api/nothing", {}, 404, "not_found"],
      ["/api/sessions/nope", {}, 400, "invalid"],
      [`/api/sessions/${session}`, {}, 404, "not_found"],
      [`/api/sessions/${session}/commands`, { body: { type: "fly" } }, 400, "invalid"],
      [`/api/sessions/${session}/commands`, { body: "{" }, 400, "invalid"],
      [
        `/api/sessions/${session}/commands`,
        { body: { type: "send_keys", keys: ["; rm -rf"] } },
        400,
        "invalid",
      ],
      [`/api/sessions/${session}/commands`, { body: { type: "interrupt" } }, 404, "not_found"],
      ["/api/sessions", { body: { provider: "tmux", host: id, cwd: "relative" } }, 400, "invalid"],
      ["/api/sessions", { body: { provider: "tmux", host: newId("hst"), cwd: "/" } }, 404, "host_not_found"],
      ["/api/sessions?cursor=zzz", {}, 400, "invalid_cursor"],
      ["/api/sessions?limit=100000", {}, 400, "invalid"],
      ["/api/hosts", { body: { name: "" } }, 400, "invalid"],
      ["/api/hosts", { body: { name: "x".repeat(2_000_000) } }, 413, "too_large"],
      ["/api/live", {}, 426, "upgrade_required"],
    ];
    for (const [path, request, status, code] of cases)
      expect([path, ...(await codeOf(await call(path, request)))]).toEqual([path, status, code]);
  });
});
