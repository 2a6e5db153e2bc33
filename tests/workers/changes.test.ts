import { describe, test } from "vitest";
import { MOST_QUESTIONS } from "../../durable-objects/host/Questions.ts";
import type { Changes } from "../../protocol/changes.ts";
import { newId } from "../../protocol/ids.ts";
import type { LinkServerFrame } from "../../protocol/link.ts";
import type { SessionEvent } from "../../protocol/events.ts";
import { call, enrolHost, FakeDaemon } from "./support/edge.ts";

type Ask = Extract<LinkServerFrame, { type: "ask" }>;
const CHANGES: Changes = {
  status: "changes",
  version: "v1",
  root: "/work",
  inside: "",
  branch: "main",
  base: { commit: "0".repeat(40), kind: "head" },
  files: [
    { path: "a.ts", kind: "modified", staged: "none", added: 1, removed: 0, patch: "@@ -0,0 +1 @@\n+a" },
  ],
  more: 0,
};

async function begin() {
  const { id: host, token } = await enrolHost();
  const { daemon } = await FakeDaemon.connect(token);
  const session = newId("ses");
  await daemon.tellSession(session);
  const ask = (known = "") =>
    call(`/api/sessions/${session}/changes${known === "" ? "" : `?known=${known}`}`);
  const next = () => daemon.socket.until<Ask>("ask");
  const answer = (id: string, given: unknown) => daemon.socket.send({ type: "answer", id, answer: given });
  return { host, token, daemon, session, ask, next, answer };
}
const codeOf = async (response: Promise<Response>) => {
  const { error } = await (await response).json<{ error: { code: string } }>();
  return error.code;
};

describe("the changes of a session", () => {
  test("are asked of its host and go to whoever asked, never into the log", async ({ expect }) => {
    const { session, ask, next, answer } = await begin();
    const asked = ask("v0");
    const { id, question } = await next();
    expect(question).toEqual({ type: "changes", session, directory: "/work", known: "v0" });
    answer("another", { status: "same", version: "x" });
    answer(id, CHANGES);
    answer(id, { status: "same", version: "late" });
    expect(await (await asked).json()).toEqual(CHANGES);
    const again = ask("v1");
    answer((await next()).id, { status: "same", version: "v1" });
    expect(await (await again).json()).toEqual({ status: "same", version: "v1" });
    const log = await (
      await call(`/api/sessions/${session}/events?after=0`)
    ).json<{ items: SessionEvent[] }>();
    expect(log.items.map(({ type }) => type)).toEqual(["created"]);
  });

  test("are asked once for two who ask the same, and of no more than so many at once", async ({ expect }) => {
    const { ask, next, answer } = await begin();
    const asked = [ask(), ask()];
    const first = await next();
    const others = Array.from({ length: MOST_QUESTIONS }, (_, n) => ask(`v${n}`));
    const ids = [];
    for (let n = 1; n < MOST_QUESTIONS; n++) ids.push((await next()).id);
    // Only the last of them found no place any more.
    const refused = await Promise.race(others);
    expect(await codeOf(Promise.resolve(refused))).toBe("busy");
    for (const id of [first.id, ...ids]) answer(id, CHANGES);
    for (const response of await Promise.all(asked)) expect(response.status).toBe(200);
    expect((await Promise.all(others)).filter(({ status }) => status === 200)).toHaveLength(
      MOST_QUESTIONS - 1,
    );
  });

  test("are refused in words: by the host, by an answer nobody can read, by a host that is away or leaves", async ({
    expect,
  }) => {
    const { token, daemon, ask, next, answer } = await begin();
    let asked = ask();
    answer((await next()).id, { status: "failed", code: "not_a_repository", message: "No." });
    expect(await codeOf(asked)).toBe("not_a_repository");
    asked = ask();
    answer((await next()).id, { status: "changes", files: "many" });
    expect(await codeOf(asked)).toBe("unreadable");
    // A newer connection: whoever was asked on the one before will not answer.
    asked = ask();
    await next();
    const { daemon: second } = await FakeDaemon.connect(token, daemon.epoch);
    expect(await codeOf(asked)).toBe("host_away");
    asked = ask();
    await second.socket.until<Ask>("ask");
    second.socket.close();
    expect(await codeOf(asked)).toBe("host_away");
    expect(await codeOf(ask())).toBe("host_away");
  });

  test("are not of a session without a directory, or that is not there", async ({ expect }) => {
    const chat = await (await call("/api/sessions", { body: { provider: "edge" } })).json<{ id: string }>();
    expect(await codeOf(call(`/api/sessions/${chat.id}/changes`))).toBe("no_directory");
    expect(await codeOf(call(`/api/sessions/${newId("ses")}/changes`))).toBe("not_found");
    expect((await call(`/api/sessions/${chat.id}/changes`, { token: null })).status).toBe(401);
  });
});
