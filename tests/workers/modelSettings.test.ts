import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { afterEach, describe, test, vi } from "vitest";
import type { Model } from "../../protocol/api.ts";
import { ModelSettings, ModelTest } from "../../protocol/modelSettings.ts";
import type { Env } from "../../durable-objects/shared/env.ts";
import { createLogin } from "../../worker/auth/logins.ts";
import { COOKIE } from "../../worker/auth/requireRole.ts";
import { audit, modelProviders } from "../../worker/db/schema.ts";
import app from "../../worker/index.ts";
import { openKey, sealKey } from "../../worker/models/sealKey.ts";
import { call, ORIGIN, OWNER } from "./support/edge.ts";

const BASE = "/api/settings/models";
const KEY = "a-key-of-no-known-shape-0123456789";
const SERVER = "http://models.invalid/v1";
const LOCAL = { kind: "compatible", base_url: SERVER, models: "small:32k,large:128k+reasoning", key: KEY };

afterEach(() => void vi.unstubAllGlobals());

const put = (id: string, body: unknown) => call(`${BASE}/providers/${id}`, { method: "PUT", body });
const settings = async () => ModelSettings.parse(await (await call(BASE)).json());
const codeOf = async (response: Response) => [
  response.status,
  (await response.json<{ error: { code: string } }>()).error.code,
];
async function models(): Promise<Model[]> {
  return (await (await call("/api/models")).json<{ items: Model[] }>()).items;
}

type Asked = { url: string; authorization: string | null; redirect: string | undefined };

/** A model server in place of the network: each request is answered by `answer`. */
function serve(answer: () => Response): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal("fetch", async (address: RequestInfo | URL, init?: RequestInit) => {
    const { authorization = null } = Object.fromEntries(new Headers(init?.headers));
    asked.push({ url: String(address), authorization, redirect: init?.redirect });
    return answer();
  });
  return asked;
}

function hello(text: string): Response {
  const frame = (delta: object, finish_reason: string | null) =>
    `data: ${JSON.stringify({ id: "1", model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  return new Response(
    `${frame({ role: "assistant", content: text }, null)}${frame({}, "stop")}data: [DONE]\n\n`,
    {
      headers: { "content-type": "text/event-stream" },
    },
  );
}

describe("settings of models", () => {
  test("a provider is set, used, changed and removed, and its key is told to nobody", async ({ expect }) => {
    const before = await settings();
    expect(before).toMatchObject({ providers: [], default_model: null, keeps_keys: true, workers_ai: false });
    const said: string[] = [];
    const keep = async (response: Response) => {
      said.push(await response.clone().text(), JSON.stringify([...response.headers]));
      return response;
    };
    expect((await keep(await put("local", LOCAL))).status).toBe(200);
    expect((await keep(await put("local", LOCAL))).status).toBe(200);
    const [provider] = (await settings()).providers;
    expect(provider).toMatchObject({
      id: "local",
      source: "settings",
      base_url: SERVER,
      key: { state: "set", tail: "6789" },
      updated_by: "owner",
    });
    expect((await models()).map(({ id }) => id)).toEqual(["local/small", "local/large", "offline/builtin"]);

    const asked = serve(() => hello(`hello, and your key is ${KEY}`));
    const tested = await keep(await call(`${BASE}/providers/local/test`, { body: { model: "local/large" } }));
    expect(ModelTest.parse(await tested.json())).toEqual({
      ok: true,
      model: "local/large",
      text: "hello, and your key is [secret]",
    });
    expect(asked).toEqual([
      { url: `${SERVER}/chat/completions`, authorization: `Bearer ${KEY}`, redirect: "manual" },
    ]);

    // A change without a key keeps it, as long as the address stays; the key never follows to another.
    await keep(await put("local", { ...LOCAL, key: undefined, models: "small" }));
    expect((await settings()).providers[0]?.key).toEqual({ state: "set", tail: "6789" });
    const moved = { ...LOCAL, key: undefined, base_url: "http://elsewhere.invalid/v1" };
    expect(await codeOf(await keep(await put("local", moved)))).toEqual([400, "key_needed"]);
    await keep(await put("local", { ...moved, key: null }));
    expect((await settings()).providers[0]?.key).toEqual({ state: "none" });

    expect((await keep(await call(`${BASE}/providers/local`, { method: "DELETE" }))).status).toBe(200);
    expect(await codeOf(await call(`${BASE}/providers/local`, { method: "DELETE" }))).toEqual([
      404,
      "not_found",
    ]);
    expect((await models()).map(({ id }) => id)).toEqual(["offline/builtin"]);

    const notes = await drizzle(env.DB).select().from(audit);
    expect(notes.map(({ action, target }) => `${action} ${target}`)).toEqual(
      expect.arrayContaining(["model_provider.set local", "model_provider.remove local"]),
    );
    said.push(JSON.stringify(notes), JSON.stringify(await drizzle(env.DB).select().from(modelProviders)));
    expect(said.join("\n")).not.toContain(KEY);
  });

  test("what is stored opens for its address alone, and not after the secret changed", async ({ expect }) => {
    const owner = { team: "t", provider: "openai", kind: "openai", baseURL: null };
    const sealed = await sealKey("secret", owner, KEY);
    expect(sealed).not.toContain(KEY);
    expect(await sealKey("secret", owner, KEY)).not.toBe(sealed);
    expect(await openKey("secret", owner, sealed)).toBe(KEY);
    expect(await openKey("another", owner, sealed)).toBeNull();
    expect(await openKey("secret", { ...owner, baseURL: "http://evil.example" }, sealed)).toBeNull();
    expect(await openKey("secret", { ...owner, team: "u" }, sealed)).toBeNull();
    for (const broken of ["", "v1", "v1.x.y", `${sealed}A`, sealed.replace("v1", "v2"), "v1.****.****"])
      expect(await openKey("secret", owner, broken)).toBeNull();

    await put("local", LOCAL);
    const asked = serve(() => hello("never asked"));
    await drizzle(env.DB).update(modelProviders).set({ base_url: "http://evil.example/v1" });
    expect((await settings()).providers[0]?.key).toEqual({ state: "unreadable" });
    const tested = await call(`${BASE}/providers/local/test`, { body: {} });
    expect(ModelTest.parse(await tested.json())).toMatchObject({
      ok: false,
      message: expect.stringContaining("cannot be read any more"),
    });
    expect(asked).toEqual([]);
    await put("local", LOCAL);
    expect((await settings()).providers[0]?.key).toMatchObject({ state: "set" });
    await call(`${BASE}/providers/local`, { method: "DELETE" });
  });

  test("a test says in words what is wrong, and the key follows no redirect", async ({ expect }) => {
    await put("local", LOCAL);
    const test = async () =>
      ModelTest.parse(await (await call(`${BASE}/providers/local/test`, { body: {} })).json());
    serve(() => Response.json({ error: { message: `bad key ${KEY}` } }, { status: 401 }));
    expect(await test()).toEqual({
      ok: false,
      model: "local/small",
      message:
        "small does not accept the API key (401); an administrator has to set another: bad key [secret]",
    });
    const asked = serve(
      () => new Response(null, { status: 307, headers: { location: "http://evil.example/" } }),
    );
    expect(await test()).toMatchObject({
      ok: false,
      message: expect.stringContaining("the key does not follow"),
    });
    expect(asked).toHaveLength(1);
    serve(() => {
      throw new TypeError("Network connection lost.");
    });
    expect(await test()).toMatchObject({ ok: false, message: expect.stringContaining("small") });
    const none = await call(`${BASE}/providers/local/test`, { body: { model: "openai/gpt-5.5" } });
    expect(ModelTest.parse(await none.json())).toMatchObject({ ok: false, model: null });
    const unknown = await call(`${BASE}/providers/nobody/test`, { body: {} });
    expect(ModelTest.parse(await unknown.json())).toMatchObject({ ok: false });
    await call(`${BASE}/providers/local`, { method: "DELETE" });
  });

  test("a new chat begins with the default, until it is gone", async ({ expect }) => {
    await put("local", LOCAL);
    const choose = (model: unknown) => call(`${BASE}/default`, { method: "PUT", body: { model } });
    expect(await codeOf(await choose("local/other"))).toEqual([400, "invalid"]);
    expect(await codeOf(await choose(7))).toEqual([400, "invalid"]);
    expect((await choose("local/large")).status).toBe(200);
    expect((await settings()).default_model).toEqual({ id: "local/large", source: "settings" });
    const made = await call("/api/sessions", { body: { provider: "edge" } });
    expect((await made.json<{ model: string }>()).model).toBe("local/large");
    await call(`${BASE}/providers/local`, { method: "DELETE" });
    const after = await call("/api/sessions", { body: { provider: "edge" } });
    expect((await after.json<{ model: string }>()).model).toBe("offline/builtin");
    await choose(null);
    expect((await settings()).default_model).toBeNull();
  });

  test("a running chat asks with what is set at that moment, and none of it is in its log", async ({
    expect,
  }) => {
    await put("local", LOCAL);
    const asked = serve(() => hello("hello there"));
    const made = await call("/api/sessions", { body: { provider: "edge", model: "local/small" } });
    const { id } = await made.json<{ id: string }>();
    const log = async () =>
      [
        await (await call(`/api/sessions/${id}/events?after=0&limit=1000`)).text(),
        await (await call(`/api/sessions/${id}/traces`)).text(),
      ].join("\n");
    const say = async (turns: number) => {
      await call(`/api/sessions/${id}/messages`, { body: { text: "hi" } });
      const end = /"type":"turn_(?:completed|failed)"/g;
      await vi.waitUntil(async () => (await log()).match(end)?.length === turns, { timeout: 20_000 });
    };
    await say(1);
    const another = "another-key-of-no-known-shape-987";
    await put("local", { ...LOCAL, key: another });
    await say(2);
    expect(asked.map(({ authorization }) => authorization)).toEqual([`Bearer ${KEY}`, `Bearer ${another}`]);
    await call(`${BASE}/providers/local`, { method: "DELETE" });
    await say(3);
    const text = await log();
    expect(text).toContain("hello there");
    expect(text).toContain("The model local/small is not configured here");
    for (const key of [KEY, another]) expect(text).not.toContain(key);
  });

  test("the environment wins, and tells no key; without a secret none is kept", async ({ expect }) => {
    const ask = (more: Partial<Env>, path: string, method: string, body?: unknown) =>
      app.fetch(
        new Request(`${ORIGIN}${path}`, {
          method,
          headers: {
            host: "127.0.0.1:8787",
            authorization: `Bearer ${OWNER}`,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
        { ...env, ...more },
      );
    await put("openai", { kind: "openai", key: KEY, models: "mine" });
    const fixed = {
      OPENAI_API_KEY: "key-of-the-environment",
      OPENAI_MODELS: "theirs",
      SIGNALBOX_MODEL: "x/y",
    };
    const described = await ask(fixed, BASE, "GET");
    const text = await described.clone().text();
    expect(ModelSettings.parse(await described.json())).toMatchObject({
      providers: [
        { id: "openai", source: "environment", models: "theirs", key: { state: "set", tail: null } },
        { id: "openai", source: "settings", overridden: true },
      ],
      default_model: { id: "x/y", source: "environment" },
    });
    expect(text).not.toContain("key-of-the-environment");
    const list = await (await ask(fixed, "/api/models", "GET")).text();
    expect(list).toContain("openai/theirs");
    expect(list).not.toContain("openai/mine");
    const path = `${BASE}/providers/openai`;
    expect(await codeOf(await ask(fixed, path, "PUT", { kind: "openai", key: KEY }))).toEqual([
      409,
      "set_by_environment",
    ]);
    expect((await ask(fixed, path, "DELETE")).status).toBe(200);

    const bare = { SETTINGS_SECRET: "" };
    expect(await codeOf(await ask(bare, `${BASE}/providers/local`, "PUT", LOCAL))).toEqual([
      409,
      "no_secret",
    ]);
    const keyless = await ask(bare, `${BASE}/providers/local`, "PUT", { ...LOCAL, key: undefined });
    expect(ModelSettings.parse(await keyless.json())).toMatchObject({
      keeps_keys: false,
      providers: [{ id: "local", key: { state: "none" } }],
    });
    await call(`${BASE}/providers/local`, { method: "DELETE" });
  });

  test("administrators alone may look or change; others see the list of models", async ({ expect }) => {
    await put("local", LOCAL);
    for (const role of ["operator", "viewer"] as const) {
      const headers = {
        cookie: `${COOKIE}=${await createLogin(env.DB, `an ${role}`, role)}`,
        origin: ORIGIN,
      };
      const as = (path: string, method: string, body?: unknown) =>
        call(path, { method, token: null, headers, ...(body === undefined ? {} : { body }) });
      expect(await codeOf(await as(BASE, "GET"))).toEqual([403, "forbidden"]);
      expect(await codeOf(await as(`${BASE}/providers/local`, "PUT", LOCAL))).toEqual([403, "forbidden"]);
      expect(await codeOf(await as(`${BASE}/providers/local`, "DELETE"))).toEqual([403, "forbidden"]);
      expect(await codeOf(await as(`${BASE}/providers/local/test`, "POST", {}))).toEqual([403, "forbidden"]);
      expect(await codeOf(await as(`${BASE}/default`, "PUT", { model: null }))).toEqual([403, "forbidden"]);
      const list = await (await as("/api/models", "GET")).text();
      expect(list).toContain("local/small");
      expect(list).not.toContain("models.invalid");
    }
    await call(`${BASE}/providers/local`, { method: "DELETE" });
  });

  test.for<[id: string, body: unknown, status: number, code: string]>([
    ["local", { ...LOCAL, base_url: "ftp://x" }, 400, "invalid"],
    ["local", { ...LOCAL, base_url: "http://user:pass@x/v1" }, 400, "invalid"],
    ["local", { ...LOCAL, base_url: "http://x/v1?key=1" }, 400, "invalid"],
    ["local", { ...LOCAL, base_url: null }, 400, "invalid"],
    ["local", { ...LOCAL, models: " " }, 400, "invalid"],
    ["local", { ...LOCAL, key: "two words" }, 400, "invalid"],
    ["local", { ...LOCAL, key: "x\nauthorization: y" }, 400, "invalid"],
    ["local", { ...LOCAL, key: "k".repeat(1001) }, 400, "invalid"],
    ["local", { ...LOCAL, kind: "other" }, 400, "invalid"],
    ["local", "{", 400, "invalid"],
    ["offline", LOCAL, 400, "invalid"],
    ["Local", LOCAL, 400, "invalid"],
    ["openai", LOCAL, 400, "invalid"],
    ["local", { kind: "openai", key: KEY }, 400, "invalid"],
    ["openai", { kind: "openai" }, 400, "key_needed"],
    ["openai", { kind: "openai", key: null }, 400, "key_needed"],
    ["workers-ai", { kind: "workers-ai" }, 409, "no_binding"],
  ])("refuses %s as %j", async ([id, body, status, code], { expect }) => {
    const response = await put(id, body);
    const text = await response.clone().text();
    expect(await codeOf(response)).toEqual([status, code]);
    expect(text).not.toContain(KEY);
    expect((await settings()).providers).toEqual([]);
  });
});
