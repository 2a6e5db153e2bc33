import { describe, test, vi } from "vitest";
import type { HubServerFrame } from "../../protocol/hubFrames.ts";
import type { LinkServerFrame } from "../../protocol/link.ts";
import type { Workflow } from "../../protocol/runs.ts";
import type { WorkflowListing } from "../../protocol/workflowFiles.ts";
import { call, enrolHost, FakeDaemon, open } from "./support/edge.ts";
import { runToEnd, save, start, ended } from "./support/runs.ts";

type News = Extract<HubServerFrame, { type: "news" }>;
type Ask = Extract<LinkServerFrame, { type: "ask" }>;

const listing = (name: string, over: Partial<WorkflowListing> = {}): WorkflowListing => ({
  path: `/work/.claude/workflows/${name}.js`,
  place: "project",
  root: "/work",
  meta: { name, description: `of ${name}` },
  problem: null,
  hash: "x",
  ...over,
});
const file = (name: string, body: string, place: "project" | "home" = "project") => ({
  path: `${place === "home" ? "/home/me" : "/work"}/.claude/workflows/${name}.js`,
  place,
  script: `export const meta = { name: "${name}", description: "" };\n${body}`,
  problem: null,
});

async function begin(files: ReturnType<typeof file>[] = []) {
  const { id: host, token } = await enrolHost();
  const { daemon } = await FakeDaemon.connect(token, `epoch-${host}`);
  const asked: unknown[] = [];
  async function answerAll(): Promise<void> {
    for (;;) {
      const { id, question } = await daemon.socket.until<Ask>("ask");
      asked.push(question);
      daemon.socket.send({ type: "answer", id, answer: { status: "workflows", items: files } });
    }
  }
  const listed = async (query = "") => {
    const { items } = await (await call(`/api/workflows${query}`)).json<{ items: Workflow[] }>();
    return items.filter((each) => each.host === host);
  };
  const leave = async () => {
    daemon.socket.close();
    await vi.waitUntil(async () => {
      const { presence } = await (await call(`/api/hosts/${host}`)).json<{ presence: string }>();
      return presence === "offline";
    }, 20_000);
  };
  return { host, daemon, asked, answerAll, listed, leave };
}

describe("workflow files of hosts", () => {
  test("are listed as the daemon tells them, without asking it; pages are told when they change", async ({
    expect,
  }) => {
    const { host, daemon, listed, leave } = await begin();
    const hub = await open("/api/live");
    hub.send({ type: "hello", version: 1 });
    const news = async () => (await hub.until<News>("news")).lists;
    const broken = listing("broken", { problem: "Line 2: Unexpected token.", hash: null });
    await daemon.tell({ kind: "workflows", items: [listing("mine"), broken] });
    expect(await news()).toEqual(["workflows"]);
    expect(await listed()).toMatchObject([
      { name: "mine", source: "project", host, root: "/work", path: "/work/.claude/workflows/mine.js" },
      { name: "broken", problem: "Line 2: Unexpected token." },
    ]);
    expect((await listed())[0]?.away).toBe(undefined);
    await leave();
    expect((await listed()).map(({ name, away }) => [name, away])).toEqual([
      ["mine", true],
      ["broken", true],
    ]);
    expect((await listed(`?host=${host}&cwd=/work`)).map(({ name }) => name)).toEqual(["mine", "broken"]);
    expect(await listed(`?host=${host}&cwd=/elsewhere`)).toEqual([]);
    expect((await call("/api/workflows", { token: null })).status).toBe(401);
    hub.close();
  });

  test("are no more when the daemon tells none, or the host is removed; a list too long is put aside", async ({
    expect,
  }) => {
    const { host, daemon, listed } = await begin();
    await daemon.tell({ kind: "workflows", items: [listing("a")] });
    const long = Array.from({ length: 101 }, (_, i) => listing(`n${i}`));
    await daemon.tell({ kind: "workflows", items: long });
    expect(await listed()).toHaveLength(1);
    await daemon.tell({ kind: "workflows", items: [] });
    expect(await listed()).toEqual([]);
    await daemon.tell({ kind: "workflows", items: [listing("b")] });
    expect((await call(`/api/hosts/${host}`, { method: "DELETE" })).status).toBeLessThan(300);
    expect(await listed()).toEqual([]);
  });

  test("are found by workflow(): the directory's, the home's, the team's, the built-in ones", async ({
    expect,
  }) => {
    const { host, asked, answerAll } = await begin([
      file("both", "return 'of the directory'"),
      file("both", "return 'of the home'", "home"),
      file("only-home", "return ['of the home', args]", "home"),
      file("multi-review", "return 'a file may be called so, too'"),
      file("bad", "const a = ;"),
    ]);
    void answerAll();
    await save("both", "return 'of the team'");
    await save("only-team", "return 'of the team'");
    await save(
      "outer-of-files",
      `
const all = [];
for (const name of ["both", "only-home", "only-team", "multi-review", "bad", "nothing", { scriptPath: "/work/.claude/workflows/both.js" }, { scriptPath: ".claude/workflows/both.js" }, { scriptPath: "/etc/passwd" }, {}])
  all.push(await (async () => workflow(name, 7))().catch((error) => error.message));
return all;`,
    );
    const { result } = await runToEnd("outer-of-files", { host, cwd: "/work" });
    expect(result).toEqual([
      "of the directory",
      ["of the home", 7],
      "of the team",
      "a file may be called so, too",
      expect.stringMatching(/bad\.js: Line 2: Unexpected token/),
      expect.stringMatching(/there is no workflow nothing/),
      "of the directory",
      "of the directory",
      expect.stringMatching(/no workflow file \/etc\/passwd/),
      expect.stringMatching(/wants the name of a workflow/),
    ]);
    expect(asked[0]).toEqual({ type: "workflows", directory: "/work" });
  });

  test("of a host that is away fail by their names; what it never had is looked for elsewhere", async ({
    expect,
  }) => {
    const { host, daemon, leave } = await begin();
    await daemon.tell({ kind: "workflows", items: [listing("had")] });
    await leave();
    await save("elsewhere", "return 'of the team'");
    await save(
      "outer-away",
      `return [await workflow("had").catch((error) => error.message), await workflow("elsewhere")];`,
    );
    const { result } = await ended(await start("outer-away", { host, cwd: "/work" }));
    expect(result).toEqual([
      expect.stringMatching(/had is a file of a host that gives no answer: The host is offline/),
      "of the team",
    ]);
  });

  test("show their script when it is asked for", async ({ expect }) => {
    const { host, answerAll } = await begin([file("shown", "return 5"), file("bad", "const a = ;")]);
    void answerAll();
    const shown = await call(`/api/workflows/shown?host=${host}&cwd=/work`);
    expect(await shown.json()).toMatchObject({
      script: expect.stringMatching(/return 5/),
      source: "project",
    });
    expect((await call(`/api/workflows/none?host=${host}&cwd=/work`)).status).toBe(404);
    expect((await call(`/api/workflows/bad?host=${host}&cwd=/work`)).status).toBe(409);
  });
});
