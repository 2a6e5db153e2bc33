import { env } from "cloudflare:workers";
import { describe, test } from "vitest";
import { CONSOLE, encodeConsole, encodeSize } from "../../protocol/consoleFrames.ts";
import { newId } from "../../protocol/ids.ts";
import { mutateBytes, mutateJson, mutateText, Random } from "../../protocol/testing/mutate.ts";
import { call, enrolHost, FACTS, FakeDaemon, INFO, open, type Socket } from "./support/edge.ts";

/** Inputs for each socket and each route (vitest.config.ts); the seed is fixed, so a failure can be run again. */
const INPUTS = Number(env.FUZZ_INPUTS);
const SEED = 20_261_120;
const TIMEOUT = 300_000;

async function aSession() {
  const { id: host, token } = await enrolHost("fuzzed");
  const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
  const session = newId("ses");
  await daemon.tellSession(session);
  return { host, token, daemon, session };
}

/** Sends inputs over as many sockets as it takes: one that is closed must have been closed with a code of ours. */
async function pour(
  path: string,
  token: string | undefined,
  make: (random: Random) => string | Uint8Array,
  first?: string,
): Promise<Set<number>> {
  const random = new Random(SEED);
  const codes = new Set<number>();
  let socket: Socket | null = null;
  let ended = true;
  for (let i = 0; i < INPUTS; i++) {
    if (socket === null || ended) {
      socket = await open(path, token);
      ended = false;
      void socket.closed.then(({ code }) => {
        codes.add(code);
        ended = true;
      });
      if (first !== undefined) socket.send(first);
    }
    try {
      socket.send(make(random));
    } catch {
      ended = true; // closed by the edge for the frame before this one
    }
    if (i % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  socket?.close();
  return codes;
}

const ours = (codes: Set<number>) =>
  [...codes].filter(
    (code) => code !== 1000 && code !== 1005 && (code < 4400 || code > 4500 || code === 4500),
  );

describe("malformed input", () => {
  test("on a session's live socket", { timeout: TIMEOUT }, async ({ expect }) => {
    const { session } = await aSession();
    const valid = JSON.stringify({ type: "hello", version: 1, epoch: "e", seq: 3, tail: 5 });
    const codes = await pour(`/api/sessions/${session}/live`, undefined, (random) =>
      mutateText(valid, random),
    );
    expect(ours(codes)).toEqual([]);
    expect((await call(`/api/sessions/${session}`)).status).toBe(200);
  });

  test("on the hub's live socket", { timeout: TIMEOUT }, async ({ expect }) => {
    const { host } = await aSession();
    const valid = JSON.stringify({
      type: "hello",
      version: 1,
      epoch: "e",
      rev: 3,
      filter: { host, text: "x", status: ["idle"] },
    });
    const codes = await pour("/api/live", undefined, (random) => mutateText(valid, random));
    expect(ours(codes)).toEqual([]);
    expect((await call("/api/me")).status).toBe(200);
  });

  test("on the console, from a viewer and from a daemon", { timeout: TIMEOUT }, async ({ expect }) => {
    const { session, token } = await aSession();
    const frame = encodeConsole(CONSOLE.resize, 1, encodeSize(80, 24));
    expect(
      ours(await pour(`/api/sessions/${session}/console`, undefined, (random) => mutateBytes(frame, random))),
    ).toEqual([]);
    const viewer = await open(`/api/sessions/${session}/console`);
    expect(
      ours(await pour(`/api/link/console/${session}`, token, (random) => mutateBytes(frame, random))),
    ).toEqual([]);
    viewer.close();
  });

  test(
    "on the link: never an ack for what was not stored, never a session of another host",
    { timeout: TIMEOUT },
    async ({ expect }) => {
      const { session, token, host, daemon } = await aSession();
      daemon.socket.close();
      const event = { at: 1, event: { type: "notice", level: "info", message: "n" } };
      const valid = JSON.stringify({
        type: "messages",
        messages: [
          { seq: 2, message: { kind: "events", session, events: [event] } },
          { seq: 3, message: { kind: "facts", session, facts: FACTS } },
        ],
      });
      const hello = JSON.stringify({
        type: "hello",
        version: 1,
        epoch: `epoch-${host}`,
        acked: 1,
        info: INFO,
      });
      const codes = await pour(
        "/api/link",
        token,
        (random) => mutateText(random.below(10) === 0 ? hello : valid, random),
        hello,
      );
      expect(ours(codes)).toEqual([]);
      const back = await FakeDaemon.connect(token, "another-epoch");
      await back.daemon.tell({ kind: "facts", session, facts: { ...FACTS, preview: "well" } });
      expect(await (await call(`/api/sessions/${session}`)).json()).toMatchObject({ preview: "well" });
    },
  );

  test("on every route that takes a body", { timeout: TIMEOUT * 2 }, async ({ expect }) => {
    const { session, host, daemon } = await aSession();
    daemon.socket.close();
    const bodies: [string, string, object][] = [
      [
        "POST",
        "/api/sessions",
        {
          provider: "tmux",
          host: newId("hst"),
          cwd: "/w",
          argv: ["ls"],
          worktree: { branch: "b", base: "main" },
        },
      ],
      [
        "POST",
        "/api/sessions",
        { provider: "codex", host: newId("hst"), cwd: "/w", prompt: "p", sandbox: "read-only" },
      ],
      ["PATCH", `/api/sessions/${newId("ses")}`, { title: "t" }],
      [
        "POST",
        `/api/sessions/${newId("ses")}/commands`,
        { type: "search", pattern: "(a+)+$", regex: true, limit: 5 },
      ],
      ["POST", `/api/sessions/${newId("ses")}/messages`, { text: "t", wait_ms: 1 }],
      ["POST", `/api/hosts/${newId("hst")}/adopt`, { socket: "s", pane: "%1" }],
      ["PATCH", `/api/hosts/${newId("hst")}`, { name: "n" }],
      ["POST", "/api/enrol", { code: "0123456789", hostname: "h" }],
      ["POST", "/api/auth/session", { code: "0123456789" }],
    ];
    for (const [method, path, valid] of bodies) {
      const random = new Random(SEED);
      const seen = new Set<number>();
      const text = JSON.stringify(valid);
      for (let i = 0; i < INPUTS; i += 20)
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const response = await call(path, { method, body: mutateText(text, random) });
            seen.add(response.status);
            await response.body?.cancel();
          }),
        );
      expect([path, [...seen].filter((status) => ![400, 401, 404, 409].includes(status))]).toEqual([
        path,
        [],
      ]);
    }
    expect((await call(`/api/hosts/${host}`)).status).toBe(200);
    expect((await call(`/api/sessions/${session}`)).status).toBe(200);
  });

  test("on every route with a query or an id in its path", { timeout: TIMEOUT }, async ({ expect }) => {
    const { session } = await aSession();
    const places: [string, Record<string, string>][] = [
      [
        "/api/sessions",
        { limit: "5", cursor: "WzEsIngiXQ", status: "idle,done", attention: "true", text: "a b" },
      ],
      [`/api/sessions/${session}/events`, { after: "1", limit: "10" }],
      ["/api/hosts", { limit: "5", cursor: newId("hst") }],
      ["/api/sessions/", {}],
    ];
    for (const [path, valid] of places) {
      const random = new Random(SEED);
      const seen = new Set<number>();
      for (let i = 0; i < INPUTS; i += 20)
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const mutated = mutateJson({ ...valid, id: session }, random);
            const query = new URLSearchParams(
              Object.entries(Object(mutated)).map(([key, value]): [string, string] => [
                key,
                String(value).slice(0, 2000),
              ]),
            );
            const url = path.endsWith("/")
              ? `${path}${encodeURIComponent(query.get("id") ?? "x").slice(0, 500)}`
              : `${path}?${query}`;
            const response = await call(url);
            seen.add(response.status);
            await response.body?.cancel();
          }),
        );
      expect([path, [...seen].filter((status) => ![200, 400, 404].includes(status))]).toEqual([path, []]);
    }
    expect(await env.DB.prepare("SELECT 1").first()).not.toBeNull();
  });
});
