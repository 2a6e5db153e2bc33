import { abortAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import type { Approval } from "../../protocol/approvals.ts";
import type { CommandResult } from "../../protocol/commands.ts";
import type { EventBody } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import type { Session } from "../../protocol/session.ts";
import { MOST_TOOL_NAMES, PREVIEW_CHARS, Span, SPAN_TEXT_CHARS, SpanText } from "../../protocol/traces.ts";
import { cutText } from "../../durable-objects/session/traces/cutText.ts";
import {
  follow,
  MOST_OPEN,
  type Happening,
  type Trace,
} from "../../durable-objects/session/traces/follow.ts";
import { saveToIndex } from "../../durable-objects/shared/saveToIndex.ts";
import { call, enrolHost, FACTS, FakeDaemon, open } from "./support/edge.ts";
import { query, runAlarms, without } from "./support/faults.ts";

const NOTHING: Trace = { open: [], changed: new Map(), whole: new Map() };
const SCOPE = { team: "main", session: newId("ses") };
const USAGE = {
  input_tokens: 7,
  cached_input_tokens: 3,
  cache_write_input_tokens: 0,
  output_tokens: 2,
  reasoning_output_tokens: 1,
};

const event = (at: number, body: EventBody): Happening => ({ at, event: body });
const asked = (at: number, step: number, why: string | null = null): Happening => ({
  at,
  mark: { type: "model_started", turn: 1, step, model: "m", input: "hi", why },
});
const turnStarted = (at: number, turn = 1) =>
  event(at, { type: "turn_started", turn, thread: null, model: "m" });
const callItem = (at: number, state: "proposed" | "waiting" | "completed", input = "{}") =>
  event(at, {
    type: "item",
    id: "t1.s1.c00",
    turn: 1,
    item: {
      kind: "call",
      tool: "run_command",
      input,
      state,
      approval: null,
      host: null,
      output: null,
      output_cut: 0,
      error: null,
    },
  });
const play = (happened: Happening[], from: Trace = NOTHING) =>
  happened.reduce((trace, each) => follow(trace, SCOPE, each), from);

async function chat() {
  const { id: host, token } = await enrolHost("box");
  const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
  const { id } = await (
    await call("/api/sessions", { body: { provider: "edge", host, cwd: "/work" } })
  ).json<Session>();
  return { id, host, token, daemon };
}

const say = (id: string, text: string) => call(`/api/sessions/${id}/messages`, { body: { text } });

async function traces(id: string, query = ""): Promise<Span[]> {
  const answer = await call(`/api/sessions/${id}/traces?limit=200${query}`);
  const { items } = await answer.json<{ items: unknown[] }>();
  return items.map((item) => Span.parse(item));
}

async function until(id: string, status: Session["status"]): Promise<void> {
  await vi.waitUntil(
    async () => (await (await call(`/api/sessions/${id}`)).json<Session>()).status === status,
    { timeout: 5_000 },
  );
}

async function pending(id: string): Promise<Approval> {
  return vi.waitUntil(
    async () =>
      (await (await call(`/api/approvals?status=pending&session=${id}`)).json<{ items: Approval[] }>())
        .items[0] ?? null,
    { timeout: 5_000 },
  );
}

const allow = (approval: Approval) =>
  call(`/api/approvals/${approval.id}/decision`, { body: { decision: "allow" } });

async function carryOut(daemon: FakeDaemon, session: string, text: string): Promise<void> {
  const { id } = await daemon.command();
  const result: CommandResult = {
    status: "done",
    value: { type: "tool", output: { ok: true, text, cut: 0 } },
  };
  await daemon.tell({ kind: "result", id, session, result });
}

const indexed = async (id: string) =>
  (await env.DB.prepare("SELECT count(*) AS n FROM span WHERE session = ?").bind(id).first<{ n: number }>())
    ?.n ?? 0;

describe("spans from events", () => {
  test("a turn, its call and the wait for a decision are timed each", ({ expect }) => {
    const { open: left, changed } = play([
      turnStarted(10),
      asked(11, 1),
      { at: 20, mark: { type: "model_ended", turn: 1, usage: USAGE, output: "run it" } },
      callItem(20, "proposed"),
      callItem(50, "completed"),
      event(60, { type: "turn_completed", turn: 1, usage: USAGE }),
    ]);
    expect(left).toEqual([]);
    expect(
      [...changed.values()].map(({ id, parent, started_at, ended_at, outcome }) => [
        id,
        parent,
        started_at,
        ended_at,
        outcome,
      ]),
    ).toEqual([
      ["t1", null, 10, 60, "ok"],
      ["t1.s1.m1", "t1", 11, 20, "ok"],
      ["t1.s1.c00", "t1", 20, 50, "ok"],
    ]);
    expect(changed.get("t1.s1.m1")).toMatchObject({ usage: USAGE, input: "hi", output: "run it" });
  });

  test("a model that is asked again is another attempt", ({ expect }) => {
    const { changed } = play([
      turnStarted(10),
      asked(11, 1),
      asked(20, 1),
      asked(30, 1, "The provider is busy (429)."),
      event(40, { type: "turn_failed", turn: 1, message: "It stays busy." }),
    ]);
    const models = [...changed.values()].filter(({ kind }) => kind === "model");
    expect(models.map(({ id, outcome, error }) => [id, outcome, error])).toEqual([
      ["t1.s1.m1", "interrupted", null],
      ["t1.s1.m2", "failed", "The provider is busy (429)."],
      ["t1.s1.m3", "failed", "It stays busy."],
    ]);
  });

  test("what a turn leaves open ends with it, and a turn that never ended with the next or the session", ({
    expect,
  }) => {
    const cancelled = play([
      turnStarted(1),
      callItem(2, "waiting"),
      event(3, { type: "turn_cancelled", turn: 1, by: "owner" }),
    ]);
    expect([...cancelled.changed.values()].map(({ outcome }) => outcome)).toEqual(["cancelled", "cancelled"]);
    const next = play([turnStarted(1), callItem(2, "waiting"), turnStarted(9, 2)]);
    expect(next.open.map(({ id }) => id)).toEqual(["t2"]);
    expect(next.changed.get("t1")).toMatchObject({ outcome: "interrupted", ended_at: 9 });
    const exit = { code: 1, signal: null, message: null };
    expect(
      play([event(9, { type: "ended", status: "trouble", exit })], { ...next, changed: new Map() }).open,
    ).toEqual([]);
  });

  test("a turn that is told twice begins once; an end before its beginning changes nothing", ({ expect }) => {
    expect(play([turnStarted(1), turnStarted(5)]).open).toMatchObject([{ id: "t1", started_at: 1 }]);
    expect(play([event(1, { type: "turn_completed", turn: 1, usage: null })])).toEqual(NOTHING);
  });

  test("an id that is too long and a flood of calls that never end stay out", ({ expect }) => {
    const item = (id: string) =>
      event(2, {
        type: "item",
        id,
        turn: 1,
        item: { kind: "tool", name: "x", input: "", output: null, error: null, status: "in_progress" },
      });
    expect(play([turnStarted(1), item("x".repeat(1_000))]).open).toHaveLength(1);
    const flood = play([turnStarted(1), ...Array.from({ length: 300 }, (_, i) => item(`i${i}`))]);
    expect(flood.open).toHaveLength(MOST_OPEN);
    expect(play([event(3, { type: "turn_completed", turn: 1, usage: null })], flood).open).toEqual([]);
  });

  test("a turn sums up its tools and its tokens while it runs", ({ expect }) => {
    const ended = { type: "model_ended", turn: 1, usage: USAGE, output: "" } as const;
    const { open: left, changed } = play([
      turnStarted(10),
      asked(11, 1),
      { at: 20, mark: ended },
      callItem(20, "proposed"),
      callItem(50, "completed"),
      asked(51, 2),
      { at: 60, mark: ended },
    ]);
    expect(left).toMatchObject([
      { id: "t1", tools: { run_command: 1 }, usage: { input_tokens: 14, reasoning_output_tokens: 2 } },
    ]);
    expect(changed.get("t1")).toBe(left[0]);
    const item = (name: string, i: number) =>
      event(70, {
        type: "item",
        id: `i${i}`,
        turn: 1,
        item: { kind: "tool", name, input: "", output: "", error: null, status: "completed" },
      });
    const names = ["constructor", "__proto__", ...Array.from({ length: 60 }, (_, i) => `tool ${i % 50}`)];
    const [turn] = play([turnStarted(1), ...names.map(item)]).open;
    expect(Object.keys(turn?.tools ?? {})).toHaveLength(MOST_TOOL_NAMES + 1);
    expect(Object.values(turn?.tools ?? {}).reduce((sum, n) => sum + n, 0)).toBe(names.length);
    expect(turn?.tools?.["constructor"]).toBe(1);
  });

  test("what begins after its turn has ended is not left open", ({ expect }) => {
    const over = play([turnStarted(1), event(2, { type: "turn_completed", turn: 1, usage: null })]);
    expect(play([callItem(3, "proposed")], over).open).toEqual([]);
    expect(play([callItem(4, "completed")], over).changed.get("t1.s1.c00")).toMatchObject({ ended_at: 4 });
  });

  test("a clock that goes back gives no negative time", ({ expect }) => {
    const { changed } = play([turnStarted(10), event(5, { type: "turn_completed", turn: 1, usage: null })]);
    expect(changed.get("t1")).toMatchObject({ started_at: 10, ended_at: 10 });
  });

  test("inputs are cut and lose their secrets, also one that the cut goes through", ({ expect }) => {
    const secret = `sk-${"a1".repeat(20)}`;
    const { changed } = play([
      turnStarted(1),
      callItem(2, "proposed", `${secret} ${"x".repeat(PREVIEW_CHARS - 60)} ${secret}${"y".repeat(100_000)}`),
    ]);
    const input = changed.get("t1.s1.c00")?.input ?? "";
    expect(input).toContain("[secret]");
    expect(input).not.toContain("sk-a1");
    expect(input.length).toBeLessThanOrEqual(PREVIEW_CHARS);
  });

  test("a long text stands beside its span, whole, without secrets, and says what is left out of it", ({
    expect,
  }) => {
    const secret = `sk-${"a1".repeat(20)}`;
    const { changed, whole } = play([
      turnStarted(1),
      callItem(2, "proposed", `${"x".repeat(5_000)} ${secret} end`),
    ]);
    expect(changed.get("t1.s1.c00")?.input_cut).toBe(5_013 - (PREVIEW_CHARS - 1));
    expect(whole.get("t1.s1.c00")).toEqual({ input: `${"x".repeat(5_000)} [secret] end` });
    const { whole: endless = "" } = cutText(
      `${"x".repeat(SPAN_TEXT_CHARS - 60)} ${secret} ${"y".repeat(SPAN_TEXT_CHARS)}`,
    );
    expect(endless?.slice(SPAN_TEXT_CHARS - 60)).toMatch(/^ \[secret\] y+… \(\d+ characters more\)$/);
    const split = cutText(`${secret}  `.repeat(20_000));
    expect(split.whole?.includes("sk-")).toBe(false);
    expect(cutText("short")).toEqual({ beginning: "short", whole: null, cut: 0 });
    // Edited to something short before it ran: nothing of the longer one is said to be left.
    const edited = play([callItem(3, "completed", "{}")], { open: [...changed.values()], changed, whole });
    expect(edited.changed.get("t1.s1.c00")).toMatchObject({ input: "{}", input_cut: 0 });
  });
});

describe("a chat's traces", () => {
  test("show every step of a turn, while it waits and when it is over, and reach the index", async ({
    expect,
  }) => {
    const { id, daemon } = await chat();
    await say(id, "run git status");
    const approval = await pending(id);
    expect(
      (await traces(id))
        .filter(({ ended_at }) => ended_at === null)
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(["approval", "tool", "turn"]);
    await allow(approval);
    await carryOut(daemon, id, "nothing to commit");
    await until(id, "idle");
    const spans = await traces(id);
    expect(spans.every(({ ended_at, outcome }) => ended_at !== null && outcome === "ok")).toBe(true);
    expect(spans.map((span) => [span.id, span.parent, span.kind]).sort()).toEqual(
      [
        ["t1", null, "turn"],
        ["t1.s1.m1", "t1", "model"],
        ["t1.s1.c00", "t1", "tool"],
        [approval.id, "t1.s1.c00", "approval"],
        ["t1.s2.m1", "t1", "model"],
      ].sort(),
    );
    expect(spans.find(({ kind }) => kind === "turn")).toMatchObject({
      input: "run git status",
      name: "offline/builtin",
    });
    expect(spans.find(({ kind }) => kind === "tool")).toMatchObject({
      name: "run_command",
      output: "nothing to commit",
    });
    expect(spans.find(({ kind }) => kind === "approval")).toMatchObject({ output: "allowed by owner" });
    await vi.waitUntil(async () => (await indexed(id)) === 5, { timeout: 10_000 });
    expect(await traces(id)).toEqual(spans);
  });

  test("page by cursor and by turn, without a hole or a double", async ({ expect }) => {
    const { id } = await chat();
    for (const word of ["one", "two", "three"]) {
      await say(id, `say ${word}`);
      await vi.waitUntil(async () =>
        (await traces(id)).some(({ input, outcome }) => input === `say ${word}` && outcome === "ok"),
      );
    }
    const all = await traces(id);
    expect(all).toHaveLength(6);
    const paged: Span[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const answer: Response = await call(
        `/api/sessions/${id}/traces?limit=2${cursor && `&cursor=${cursor}`}`,
      );
      const page: { items: Span[]; next_cursor: string | null } = await answer.json();
      paged.push(...page.items);
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(all);
    expect((await traces(id, "&turn=2")).map((span) => span.id).sort()).toEqual(["t2", "t2.s1.m1"]);
    expect((await call(`/api/sessions/${id}/traces?cursor=nonsense`)).status).toBe(400);
    expect((await call(`/api/sessions/${newId("ses")}/traces`)).status).toBe(404);
  });

  test("a turn whose object is lost in the middle is one span", async ({ expect }) => {
    const { id, daemon: first, token } = await chat();
    await say(id, "run git status");
    const approval = await pending(id);
    const before = (await traces(id)).find((span) => span.id === "t1");
    await abortAllDurableObjects();
    first.socket.close();
    const { daemon } = await FakeDaemon.connect(token, first.epoch);
    await allow(approval);
    await carryOut(daemon, id, "ok");
    await until(id, "idle");
    const spans = await traces(id);
    expect(spans.filter(({ kind }) => kind === "turn")).toMatchObject([
      { id: "t1", started_at: before?.started_at, outcome: "ok" },
    ]);
    expect(spans.filter(({ kind }) => kind !== "turn" && kind !== "model")).toMatchObject([
      { outcome: "ok" },
      { outcome: "ok" },
    ]);
  });

  test("a model call that is cut off by a lost object is asked again as a second attempt", async ({
    expect,
  }) => {
    const { id } = await chat();
    await say(id, "slow 20");
    await vi.waitUntil(async () => (await traces(id)).some(({ kind }) => kind === "model"));
    await abortAllDurableObjects();
    await vi.waitUntil(
      async () => (await traces(id)).some((span) => span.id === "t1" && span.outcome === "ok"),
      {
        timeout: 20_000,
      },
    );
    const spans = await traces(id);
    expect(spans.map(({ kind, outcome, id: name }) => [kind, outcome, name]).sort()).toEqual([
      ["model", "interrupted", "t1.s1.m1"],
      ["model", "ok", "t1.s1.m2"],
      ["turn", "ok", "t1"],
    ]);
  });

  test("a model call that a person stops is cancelled", async ({ expect }) => {
    const { id } = await chat();
    await say(id, "slow 50");
    await vi.waitUntil(async () => (await traces(id)).some(({ kind }) => kind === "model"));
    await call(`/api/sessions/${id}/commands`, { body: { type: "cancel_turn" } });
    await until(id, "idle");
    expect((await traces(id)).map(({ kind, outcome }) => [kind, outcome]).sort()).toEqual([
      ["model", "cancelled"],
      ["turn", "cancelled"],
    ]);
  });

  test("come live, at the start and at the end", async ({ expect }) => {
    const { id } = await chat();
    const live = await open(`/api/sessions/${id}/live`);
    live.send({ type: "hello", version: 1 });
    await live.until("gap");
    await say(id, "say hello");
    const seen: Span[] = [];
    while (!seen.some((span) => span.id === "t1" && span.ended_at !== null))
      seen.push((await live.until<{ type: "span"; span: Span }>("span")).span);
    expect(seen[0]).toMatchObject({ id: "t1", ended_at: null });
    expect(seen.find(({ kind }) => kind === "model")).toBeDefined();
    live.close();
  });

  test("go with their session, and late ones do not come back", async ({ expect }) => {
    const { host, daemon } = await chat();
    const { id } = await (
      await call("/api/sessions", { body: { provider: "codex", host, cwd: "/work", prompt: "go" } })
    ).json<Session>();
    await daemon.command();
    const item = (status: "in_progress" | "completed"): EventBody => ({
      type: "item",
      id: "t1.item_0",
      turn: 1,
      item: {
        kind: "command",
        command: "ls",
        output: "",
        output_cut: 0,
        exit_code: status === "completed" ? 0 : null,
        status,
      },
    });
    const exit = { code: 0, signal: null, message: null };
    const bodies: EventBody[] = [
      { type: "turn_started", turn: 1, thread: "th" },
      item("in_progress"),
      item("completed"),
      { type: "turn_completed", turn: 1, usage: USAGE },
      { type: "ended", status: "done", exit },
    ];
    await daemon.tell({ kind: "session", session: id, provider: "codex", title: "go", facts: FACTS });
    for (const body of bodies)
      await daemon.tell({ kind: "events", session: id, events: [{ at: Date.now(), event: body }] });
    const spans = await traces(id);
    expect(spans.map((span) => [span.id, span.kind, span.outcome]).sort()).toEqual([
      ["t1", "turn", "ok"],
      ["t1.item_0", "tool", "ok"],
    ]);
    expect(spans.find(({ kind }) => kind === "turn")?.usage).toEqual(USAGE);
    await vi.waitUntil(async () => (await indexed(id)) === 2, { timeout: 10_000 });
    expect((await call(`/api/sessions/${id}`, { method: "DELETE" })).status).toBe(204);
    await vi.waitUntil(async () => (await indexed(id)) === 0);
    expect((await call(`/api/sessions/${id}/traces`)).status).toBe(404);
  });

  test("hold no flush up, however much ends in it", async ({ expect }) => {
    const { token } = await enrolHost("box");
    const { daemon } = await FakeDaemon.connect(token, "epoch-of-a-flood");
    const id = newId("ses");
    await daemon.tell({ kind: "session", session: id, provider: "codex", title: "go", facts: FACTS });
    const wide = "\u0001".repeat(4_000);
    const items = Array.from({ length: 150 }, (_, i) => ({
      at: i,
      event: {
        type: "item",
        id: `t1.i${i}…`,
        turn: 1,
        item: { kind: "tool", name: "x", input: wide, output: wide, error: wide, status: "completed" },
      } as const,
    }));
    for (let from = 0; from < items.length; from += 10)
      daemon.socket.send({
        type: "messages",
        messages: [
          {
            seq: ++daemon.seq,
            message: { kind: "events", session: id, events: items.slice(from, from + 10) },
          },
        ],
      });
    await vi.waitUntil(async () => (await indexed(id)) === 150, { timeout: 60_000 });
    expect(await traces(id)).toHaveLength(150);
    const page = await (
      await call(`/api/sessions/${id}/traces?limit=100`)
    ).json<{ next_cursor: string | null }>();
    expect(await traces(id, `&cursor=${page.next_cursor}`)).toHaveLength(50);
  });

  test("leave nothing in their session's row when nothing runs", async ({ expect }) => {
    const { id } = await chat();
    await say(id, "say hello");
    await until(id, "idle");
    expect(await query(env.SESSION.getByName(`main/${id}`), "SELECT trace FROM session")).toEqual([
      { trace: "[]" },
    ]);
  });
});

describe("long inputs and outputs", () => {
  const long = `begin ${"line of output\n".repeat(500)}TOKEN=abcdef123456 end`;
  const clean = long.replace("abcdef123456", "[secret]");
  const rowsOf = (id: string) => query(env.SESSION.getByName(`main/${id}`), "SELECT * FROM span_text");
  const blobsOf = async (id: string) => (await env.BLOBS.list({ prefix: `spans/main/${id}/` })).objects;
  const text = async (id: string, span: string, side = "output") => {
    const answer = await call(`/api/sessions/${id}/traces/${encodeURIComponent(span)}/${side}`);
    return answer.ok ? SpanText.parse(await answer.json()).text : answer.status;
  };

  /** A chat whose one call said much. */
  async function talkative() {
    const made = await chat();
    await say(made.id, "run git log");
    await allow(await pending(made.id));
    await carryOut(made.daemon, made.id, long);
    await until(made.id, "idle");
    return made;
  }

  test("are read whole: from the object first, from R2 once they are there, without secrets", async ({
    expect,
  }) => {
    const { id } = await talkative();
    const tool = (await traces(id)).find(({ kind }) => kind === "tool");
    expect(tool?.output).toHaveLength(PREVIEW_CHARS);
    expect(tool?.output_cut).toBe(clean.length - PREVIEW_CHARS + 1);
    expect(await text(id, "t1.s1.c00")).toBe(clean);
    // The model was told the same, as its input.
    expect(await text(id, "t1.s2.m1", "input")).toContain("TOKEN=[secret] end");
    await vi.waitUntil(async () => (await rowsOf(id)).length === 0, { timeout: 10_000 });
    expect((await blobsOf(id)).length).toBeGreaterThanOrEqual(2);
    expect(await text(id, "t1.s1.c00")).toBe(clean);
    expect(await text(id, "t1.s1.c00")).toBe(clean);
    await abortAllDurableObjects();
    expect(await text(id, "t1.s1.c00")).toBe(clean);
  });

  test("are nobody else's: signed out, another session, a span without one, nonsense", async ({ expect }) => {
    const { id } = await talkative();
    const { id: other } = await chat();
    const signedOut = await call(`/api/sessions/${id}/traces/t1.s1.c00/output`, { token: null });
    expect(signedOut.status).toBe(401);
    expect(await text(other, "t1.s1.c00")).toBe(404);
    expect(await text(newId("ses"), "t1.s1.c00")).toBe(404);
    expect(await text(id, "t1.s1.c00", "input")).toBe(404);
    expect(await text(id, "../../x")).toBe(404);
    expect(await text(id, "t1", "error")).toBe(400);
    expect(await text(id, "x".repeat(301))).toBe(400);
  });

  test("wait for a bucket that is away, and hold up nothing else", async ({ expect }) => {
    const { id, daemon } = await chat();
    const object = env.SESSION.getByName(`main/${id}`);
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    await without(object, ["BLOBS"], async () => {
      await say(id, "run git log");
      await allow(await pending(id));
      await carryOut(daemon, id, long);
      await until(id, "idle");
      await vi.waitUntil(async () => (await indexed(id)) === 5, { timeout: 10_000 });
      await vi.waitUntil(() => logged.mock.calls.length > 0);
      expect(await blobsOf(id)).toEqual([]);
      expect(await text(id, "t1.s1.c00")).toBe(clean);
    });
    logged.mockRestore();
    await runAlarms(object);
    expect(await rowsOf(id)).toEqual([]);
    expect(await text(id, "t1.s1.c00")).toBe(clean);
  });

  test("go with their session, also those on their way", async ({ expect }) => {
    const { id } = await talkative();
    await vi.waitUntil(async () => (await blobsOf(id)).length >= 2, { timeout: 10_000 });
    const object = env.SESSION.getByName(`main/${id}`);
    await query(object, "INSERT INTO span_text VALUES ('late', 'input', 'on its way')");
    expect((await call(`/api/sessions/${id}`, { method: "DELETE" })).status).toBe(204);
    await vi.waitUntil(async () => (await blobsOf(id)).length === 0, { timeout: 10_000 });
    await runAlarms(object);
    expect([await rowsOf(id), await blobsOf(id), await text(id, "t1.s1.c00")]).toEqual([[], [], 404]);
  });
});

test("spans of one kind alone, page by page", async ({ expect }) => {
  const { id } = await chat();
  for (const word of ["one", "two", "three"]) {
    await say(id, `say ${word}`);
    await vi.waitUntil(async () =>
      (await traces(id)).some(({ input, outcome }) => input === `say ${word}` && outcome === "ok"),
    );
  }
  const ids = async (query: string) => {
    const page = await (
      await call(`/api/sessions/${id}/traces?kind=turn&limit=2${query}`)
    ).json<{ items: Span[]; next_cursor: string | null }>();
    return { ids: page.items.map((span) => span.id), next: page.next_cursor };
  };
  const first = await ids("");
  expect(first.ids).toEqual(["t3", "t2"]);
  expect(await ids(`&cursor=${first.next}`)).toEqual({ ids: ["t1"], next: null });
  expect((await call(`/api/sessions/${id}/traces?kind=everything`)).status).toBe(400);
});

test("the index keeps the newest version of a span, however often and in whatever order it comes", async ({
  expect,
}) => {
  const [span] = play([turnStarted(10)]).open;
  if (span === undefined) throw new Error("no span");
  const ended: Span = { ...span, ended_at: 20, outcome: "ok", version: 2 };
  const many = Array.from({ length: 30 }, (_, i): Span => ({
    ...ended,
    id: `t1.s1.c${i}`,
    kind: "tool",
    parent: "t1",
  }));
  await saveToIndex(env.DB, { sessions: [], approvals: [], audit: [], spans: [ended, ...many] });
  await saveToIndex(env.DB, { sessions: [], approvals: [], audit: [], spans: [ended, ...many] });
  await saveToIndex(env.DB, { sessions: [], approvals: [], audit: [], spans: [span] });
  expect(await indexed(SCOPE.session)).toBe(31);
  const row = await env.DB.prepare("SELECT version FROM span WHERE session = ? AND id = 't1'")
    .bind(SCOPE.session)
    .first();
  expect(row).toEqual({ version: 2 });
});
