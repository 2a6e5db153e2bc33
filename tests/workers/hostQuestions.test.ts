import { describe, test } from "vitest";
import type { LinkServerFrame } from "../../protocol/link.ts";
import type { Worktrees } from "../../protocol/worktrees.ts";
import { call, enrolHost, FakeDaemon } from "./support/edge.ts";

type Ask = Extract<LinkServerFrame, { type: "ask" }>;
const TREES: Worktrees = { status: "worktrees", root: "/trees", items: [], more: 0, snapshots: [] };

async function begin() {
  const { id: host, token } = await enrolHost();
  const { daemon } = await FakeDaemon.connect(token);
  return {
    path: `/api/hosts/${host}`,
    next: () => daemon.socket.until<Ask>("ask"),
    answer: (id: string, given: unknown) => daemon.socket.send({ type: "answer", id, answer: given }),
  };
}

describe("the worktrees of a host", () => {
  test("are asked of it; a refusal comes with what would be lost", async ({ expect }) => {
    const { path, next, answer } = await begin();
    const list = call(`${path}/worktrees`);
    const { id, question } = await next();
    expect(question).toEqual({ type: "worktrees" });
    answer(id, TREES);
    expect(await (await list).json()).toEqual(TREES);

    const removal = call(`${path}/worktrees/remove`, { body: { path: "/trees/a/b", snapshot: true } });
    const asked = await next();
    expect(asked.question).toEqual({ type: "remove_worktree", path: "/trees/a/b", snapshot: true });
    answer(asked.id, { status: "failed", code: "in_use", message: "No.", details: ["who"] });
    const refused = await removal;
    expect(refused.status).toBe(409);
    expect(await refused.json()).toEqual({ error: { code: "in_use", message: "No.", details: ["who"] } });
  });

  test("are not taken from an answer to something else, nor asked by a stranger", async ({ expect }) => {
    const { path, next, answer } = await begin();
    const list = call(`${path}/worktrees`);
    answer((await next()).id, { status: "same", version: "1" });
    expect(await (await list).json()).toMatchObject({ error: { code: "unreadable" } });
    for (const [method, rest] of [
      ["GET", ""],
      ["POST", "/remove"],
    ] as const)
      expect((await call(`${path}/worktrees${rest}`, { method, token: null })).status).toBe(401);
    expect((await call(`${path}/worktrees/remove`, { body: { path: 3 } })).status).toBe(400);
  });
});
