import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EdgeManifest } from "../edge/edgeManifest.ts";

/** A worker just large enough for the supervisor and the daemon: hosts, codes and the link, kept in D1. */
const WORKER = `
const answer = (value, status = 200) => Response.json(value, { status });
const id = (prefix) => prefix + "_" + Array.from(crypto.getRandomValues(new Uint8Array(26)), (b) => "0123456789abcdefghjkmnpqrstvwxyz"[b % 32]).join("");
const secret = () => "s".repeat(3) + Array.from(crypto.getRandomValues(new Uint8Array(40)), (b) => "abcdefghij"[b % 10]).join("");
const host = (row) => ({ id: row.id, team: "main", name: row.name, presence: "never", last_seen: null, presence_since: 0, info: null,
  unadopted_panes: 0, waiting_commands: 0, created_at: 0, updated_at: 0, version: 1 });
async function sha256(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("");
}
export default {
  async fetch(request, env) {
    const { pathname, origin } = new URL(request.url);
    const bearer = (request.headers.get("authorization") ?? "").replace("Bearer ", "");
    if (pathname === "/health") return answer({ ok: true, version: "0", mode: env.SIGNALBOX_MODE, extra: EXTRA });
    if (pathname === "/api/link") {
      const [client, server] = Object.values(new WebSocketPair());
      server.accept();
      const row = await env.DB.prepare("SELECT * FROM hosts WHERE token = ?").bind(bearer).first();
      if (row === null) server.close(4401, "This token is not known.");
      let acked = 0;
      server.addEventListener("message", ({ data }) => {
        if (data === "ping") return server.send("pong");
        const frame = JSON.parse(data);
        if (frame.type === "hello") {
          acked = frame.acked;
          server.send(JSON.stringify({ type: "welcome", version: 1, host: row.id, name: row.name, acked, watching: [] }));
        } else if (frame.type === "messages") {
          acked = frame.messages.at(-1).seq;
          server.send(JSON.stringify({ type: "ack", seq: acked }));
        }
      });
      return new Response(null, { status: 101, webSocket: client });
    }
    const body = request.method === "POST" && request.headers.get("content-type") ? await request.json() : {};
    if (pathname === "/api/enrol") {
      const row = await env.DB.prepare("SELECT * FROM hosts WHERE code = ?").bind(body.code).first();
      if (row === null) return answer({ error: { code: "code_not_valid", message: "This code was used, or is too old." } }, 401);
      const token = "sbh." + row.id + "." + secret();
      await env.DB.prepare("UPDATE hosts SET token = ?, code = NULL WHERE id = ?").bind(token, row.id).run();
      return answer({ host: row.id, name: row.name, token }, 201);
    }
    if ((await sha256(bearer)) !== env.OWNER_TOKEN_SHA256) return answer({ error: { code: "unauthenticated", message: "Sign in first." } }, 401);
    if (pathname === "/api/auth/codes") return answer({ code: "c", url: origin + "/sign-in?code=" + secret(), expires_at: 1 }, 201);
    if (pathname === "/api/hosts" && request.method === "POST") {
      const row = { id: id("hst"), name: body.name, code: secret() };
      await env.DB.prepare("INSERT INTO hosts (id, name, code) VALUES (?, ?, ?)").bind(row.id, row.name, row.code).run();
      return answer({ host: host(row), code: row.code, expires_at: 1, install: "" }, 201);
    }
    if (pathname === "/api/hosts") {
      const { results } = await env.DB.prepare("SELECT * FROM hosts").all();
      return answer({ items: results.map(host), next_cursor: null });
    }
    const [, , , one, what] = pathname.split("/");
    const row = await env.DB.prepare("SELECT * FROM hosts WHERE id = ?").bind(one ?? "").first();
    if (row === null) return answer({ error: { code: "not_found", message: "There is no such host." } }, 404);
    if (what !== "code") return answer(host(row));
    const code = secret();
    await env.DB.prepare("UPDATE hosts SET code = ? WHERE id = ?").bind(code, row.id).run();
    return answer({ host: host(row), code, expires_at: 1, install: "" }, 201);
  },
};
`;

export type StandIn = {
  /** Code that replaces the worker. */
  worker?: string;
  migrations?: EdgeManifest["migrations"];
};

const START = {
  name: "0000_start.sql",
  statements: ["CREATE TABLE hosts (id TEXT PRIMARY KEY, name TEXT NOT NULL, code TEXT, token TEXT)"],
};

/** Writes a build with a stand-in for the edge, as `scripts/build.mjs` would leave it. Gives back its path. */
export function writeStandInDist(dir: string, { worker = WORKER, migrations = [] }: StandIn = {}): string {
  const dist = join(dir, "dist");
  mkdirSync(join(dist, "worker"), { recursive: true });
  mkdirSync(join(dist, "web"), { recursive: true });
  writeFileSync(join(dist, "web/index.html"), "<!doctype html><title>stand-in</title>");
  writeFileSync(join(dist, "worker/index.js"), `import EXTRA from "./extra.txt";\n${worker}`);
  writeFileSync(join(dist, "worker/extra.txt"), "a text module");
  const manifest: EdgeManifest = {
    options: {
      compatibilityDate: "2026-09-15",
      compatibilityFlags: ["nodejs_compat"],
      d1Databases: { DB: { id: "00000000-0000-0000-0000-000000000000" } },
      assets: {
        directory: "/replaced",
        binding: "ASSETS",
        run_worker_first: ["/api/*", "/health"],
        routerConfig: {
          has_user_worker: true,
          static_routing: { asset_worker: [], user_worker: ["/api/*", "/health"] },
        },
        assetConfig: {
          not_found_handling: "single-page-application",
          compatibility_date: "2026-09-15",
          compatibility_flags: [],
        },
      },
    },
    modules: [
      { type: "ESModule", path: "index.js" },
      { type: "Text", path: "extra.txt" },
    ],
    migrations: [START, ...migrations],
  };
  writeFileSync(join(dist, "worker/manifest.json"), JSON.stringify(manifest));
  return dist;
}
