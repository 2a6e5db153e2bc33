import { describe, test } from "vitest";
import { call } from "./support/edge.ts";

const path = (name: string) => `/api/templates/${encodeURIComponent(name)}`;
const list = async () => (await (await call("/api/templates")).json<{ items: { name: string }[] }>()).items;

describe("templates", () => {
  test("are saved by name, said again, listed, and removed; twice is harmless", async ({ expect }) => {
    const fields = { kind: "agent", agent: "claude", cwd: "/work", model: "opus", mode: "plan" };
    expect((await call(path("Review ü"), { method: "PUT", body: fields })).status).toBe(200);
    expect(
      (await call(path("Review ü"), { method: "PUT", body: { ...fields, mode: "default" } })).status,
    ).toBe(200);
    expect(await list()).toMatchObject([{ name: "Review ü", fields: { ...fields, mode: "default" } }]);
    for (let n = 0; n < 2; n++) expect((await call(path("Review ü"), { method: "DELETE" })).status).toBe(204);
    expect(await list()).toEqual([]);
  });

  test("hold no secrets, and nothing that no session could begin with", async ({ expect }) => {
    const put = async (fields: object) => (await call(path("x"), { method: "PUT", body: fields })).status;
    const refused = await call(path("x"), {
      method: "PUT",
      body: {
        kind: "command",
        argv: ["curl", "-H", "Authorization: Bearer abcdefghijklmnopqrstuvwxyz012345"],
      },
    });
    expect(await refused.json()).toMatchObject({ error: { code: "looks_like_a_secret" } });
    expect(await put({ kind: "agent", prompt: "use sk-abcdefghijklmnopqrstuvwx" })).toBe(400);
    expect(await put({ kind: "agent", mode: "--yolo" })).toBe(400);
    expect(await put({ kind: "robot" })).toBe(400);
    expect((await call(path("a/b"), { method: "PUT", body: { kind: "shell" } })).status).toBe(400);
    expect((await call("/api/templates", { token: null })).status).toBe(401);
    expect(await list()).toEqual([]);
  });
});
