import { env } from "cloudflare:workers";
import { describe, test, vi } from "vitest";
import type { LinkServerFrame } from "../../protocol/link.ts";
import type { Session } from "../../protocol/session.ts";
import { aChat, chatOn, decide, output } from "./support/chat.ts";
import { call, enrolHost, FakeDaemon } from "./support/edge.ts";
import { partly, runAlarms, without } from "./support/faults.ts";

type CommandFrame = Extract<LinkServerFrame, { type: "command" }>;

/** A chat with a command that went to its host; the test says what becomes of it. */
async function aCommand() {
  const chat = await aChat();
  await chat.say("run npm start");
  const [approval] = await chat.pending();
  if (approval === undefined) throw new Error("no approval");
  await decide(approval, { decision: "allow" });
  const { id } = await chat.daemon.command();
  const session = async () => (await call(`/api/sessions/${chat.id}`)).json<Session>();
  const tell = (exit: Session["exit"], daemon: FakeDaemon = chat.daemon) =>
    daemon.tell({ kind: "background", id, session: chat.id, summary: "npm start", exit });
  const finish = () =>
    chat.daemon.tell({ kind: "result", id, session: chat.id, result: output("Runs in the background.") });
  const stop = (command?: string) =>
    call(`/api/sessions/${chat.id}/commands`, {
      body: { type: "stop_background", ...(command === undefined ? {} : { command }) },
    });
  const ends = async () =>
    (await chat.events()).flatMap((event) => (event.type === "background" ? [event.exit] : []));
  return { ...chat, command: id, session, tell, finish, stop, ends };
}
const EXIT = { code: 1, signal: null, message: null };

describe("a background command", () => {
  test("is listed while it runs, and its end is told", async ({ expect }) => {
    const { command, session, tell, finish, until, host, ends } = await aCommand();
    await tell(null);
    await finish();
    await until("idle");
    expect((await session()).background).toMatchObject([{ id: command, host, summary: "npm start" }]);
    await tell(EXIT);
    expect((await session()).background).toEqual([]);
    expect(await ends()).toEqual([null, EXIT]);
  });

  test("begins and ends in one batch without a trace in the list", async ({ expect }) => {
    const { daemon, command, id, session, ends } = await aCommand();
    const message = { kind: "background", id: command, session: id, summary: "npm start" } as const;
    await daemon.tell({ ...message, exit: null }, { ...message, exit: EXIT });
    expect((await session()).background).toEqual([]);
    expect(await ends()).toEqual([null, EXIT]);
  });

  test("is told of by its own host alone", async ({ expect }) => {
    const { tell, session, ends } = await aCommand();
    await tell(null);
    const other = await enrolHost("other");
    const { daemon } = await FakeDaemon.connect(other.token, `epoch-${other.id}`);
    await tell(EXIT, daemon);
    expect((await session()).background).toHaveLength(1);
    expect(await ends()).toEqual([null]);
  });

  test("is stopped by a person, where it runs", async ({ expect }) => {
    const { command, tell, finish, stop, daemon, id, until } = await aCommand();
    const none = await (await stop(command)).json<{ result: object }>();
    expect(none.result).toMatchObject({ status: "failed", code: "not_running" });
    await tell(null);
    await finish();
    await until("idle");
    expect((await stop(command)).status).toBe(200);
    const asked = await daemon.command();
    expect(asked.command).toEqual({ type: "stop_background", command });
    const done = { status: "done", value: { type: "nothing" } } as const;
    await daemon.tell({ kind: "result", id: asked.id, session: id, result: done });
  });

  test("ends with its chat, also one that is only about to begin, and when its host is away", async ({
    expect,
  }) => {
    for (const begun of [true, false]) {
      const { id, token, host, daemon, tell, finish, until } = await aCommand();
      if (begun) {
        await tell(null);
        await finish();
        await until("idle");
      }
      daemon.socket.close();
      await vi.waitUntil(
        async () =>
          (await (await call(`/api/hosts/${host}`)).json<{ presence: string }>()).presence === "offline",
      );
      expect((await call(`/api/sessions/${id}`, { method: "DELETE" })).status).toBe(204);
      const { daemon: again } = await FakeDaemon.connect(token, `epoch-${host}`);
      let asked: CommandFrame;
      do asked = await again.command();
      while (asked.command.type !== "stop_background");
      expect(asked).toMatchObject({ session: id, command: { type: "stop_background" } });
      const done = { status: "done", value: { type: "nothing" } } as const;
      await again.tell({ kind: "result", id: asked.id, session: id, result: done });
    }
  });

  test("is over when its host is removed, wherever the chat is by then; the chat is told once", async ({
    expect,
  }) => {
    const { id, host, command, tell, finish, until, session, ends, events, stop } = await aCommand();
    await tell(null);
    await finish();
    await until("idle");
    const stays = await chatOn(host);
    const other = await enrolHost("other");
    await call(`/api/sessions/${id}/commands`, {
      body: { type: "hop", host: other.id, workspace: "/elsewhere" },
    });
    const notices = async (chat: typeof events) =>
      (await chat()).flatMap((event) => (event.type === "notice" ? [event.message] : []));
    const away = env.HOST.getByName(`main/${host}`);
    await without(
      away,
      ["SESSION"],
      async () => {
        await call(`/api/hosts/${host}`, { method: "DELETE" });
        for (let i = 0; i < 3; i++) await runAlarms(away);
        expect(await notices(stays.events)).toHaveLength(1);
        expect((await session()).background).toMatchObject([{ id: command }]);
      },
      (sessions) => partly(sessions, (name) => name.endsWith(id)),
    );
    await runAlarms(away);
    expect((await session()).background).toEqual([]);
    expect(await ends()).toMatchObject([null, { message: "The host was removed." }]);
    expect(await notices(events)).toEqual([]);
    expect(await notices(stays.events)).toHaveLength(1);
    expect(await (await stop(command)).json()).toMatchObject({ result: { code: "not_running" } });
  });
});
