import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startOpencodeLive } from "../../agent-daemon/agents/opencode-live/startOpencodeLive.ts";
import type { Part } from "../../agent-daemon/parts.ts";
import { freePort } from "../../agent-daemon/testing/freePort.ts";
import { eventsOf, makeRig, noTmux, type Rig, sessionsByPane } from "../../agent-daemon/tmux/rig/tmuxRig.ts";
import type { CommandOf } from "../../protocol/commands.ts";
import type { Item } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import type { DaemonMessage } from "../../protocol/link.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { makeOpencodeHome } from "../support/opencodeHome.ts";
import { until } from "../support/signalbox.ts";

const opencode = await findAgent("opencode");
if ("missing" in opencode) console.warn(`Skipped: ${opencode.missing}`);
const LONG_MS = 60_000;

describe.skipIf("missing" in opencode || noTmux !== null)("the real OpenCode in a pane, with a port", () => {
  const program = "path" in opencode ? opencode.path : "";
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let rig: Rig;
  let cwd: string;
  let part: Part;
  let session: string;

  beforeAll(async () => {
    model = await startFakeModel();
  });
  afterAll(() => model.stop());
  beforeEach(async () => {
    rig = makeRig();
    cwd = join(rig.directory, "work");
    mkdirSync(cwd);
    Object.assign(rig.env, makeOpencodeHome(rig.directory, model.url), {
      OPENCODE_SERVER_PASSWORD: "secret",
    });
    const port = String(await freePort());
    rig.tmux("default", "new-session", "-d", "-x", "120", "-y", "40", "-c", cwd, program, "--port", port);
    part = await start();
    session = sessionsByPane(rig.messages).get("default %0") ?? "";
    await shows(/Ask anything/);
  });
  afterEach(async () => {
    await part.stop();
    await rig.end();
  });

  async function start(): Promise<Part> {
    const panes = await rig.start({ poll_ms: 500 });
    return startOpencodeLive({ store: rig.store(), outlet: rig.outlet(), panes, log: () => {} });
  }
  const screen = () => rig.tmux("default", "capture-pane", "-p", "-t", "%0");
  const shows = (what: RegExp) => until(`${what} on the screen`, () => what.test(screen()), LONG_MS);
  async function say(text: string): Promise<void> {
    const asked = () => model.asked.filter(({ ask }) => ask.userText.includes(text)).length;
    const before = asked();
    rig.tmux("default", "set-buffer", text);
    rig.tmux("default", "paste-buffer", "-p", "-d", "-t", "%0");
    await until(
      `${text} to be taken`,
      async () => {
        if (asked() === before) rig.tmux("default", "send-keys", "-t", "%0", "Enter");
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        return asked() > before;
      },
      LONG_MS,
    );
  }
  const told = <K extends DaemonMessage["kind"]>(kind: K) =>
    rig.messages.filter((message): message is Extract<DaemonMessage, { kind: K }> => message.kind === kind);
  const request = (at = 0) => until("a request", () => told("request")[at]?.request, LONG_MS);
  const ending = (id: string) =>
    until("its end", () => told("request_ended").find((each) => each.request === id)?.end, LONG_MS);
  const items = () => {
    const byId = new Map<string, Item>();
    for (const event of eventsOf(rig.messages, session))
      if (event.type === "item") byId.set(event.id, event.item);
    return [...byId.values()];
  };
  const answered = (text: string) =>
    until(
      `the answer ${text}`,
      () => items().some((item) => item.kind === "message" && item.text.includes(text)),
      LONG_MS,
    );
  const status = (what: string) =>
    until(
      `the status ${what}`,
      () => {
        const last = eventsOf(rig.messages, session).findLast(({ type }) => type === "status");
        return last?.type === "status" && last.status === what;
      },
      LONG_MS,
    );
  const decide = (id: string, over: Partial<CommandOf<"decide">> = {}) =>
    part.run(
      { type: "decide", request: id, allow: true, ...over },
      { id: newId("cmd"), session, signal: new AbortController().signal },
    );
  const touch = (name: string) =>
    `CALL: bash ${JSON.stringify({ command: `touch ${join(cwd, name)}`, description: "for the test" })}`;
  const ended = (end: string) => ({ status: "done", value: { type: "decided", end } });
  const DIALOG = /Permission required/;

  it("tells the conversation, asks, and takes an answer from elsewhere while its dialog shows", async () => {
    await say("SAY: hello there");
    await answered("hello there");
    await status("idle");
    expect(items()).toMatchObject([
      { kind: "user_message", text: "SAY: hello there" },
      { kind: "message", text: "hello there" },
    ]);
    await say(touch("a"));
    const asked = await request();
    await shows(DIALOG);
    await status("waiting");
    expect(await decide(asked.id)).toEqual(ended("applied"));
    await answered("tool said");
    expect(existsSync(join(cwd, "a"))).toBe(true);
    expect(screen()).not.toMatch(DIALOG);
    // A late second word changes nothing.
    expect(await decide(asked.id, { allow: false })).toEqual(ended("applied"));
    await say(touch("b"));
    await decide((await request(1)).id, { allow: false, message: "phone said no" });
    await answered("phone said no");
    expect(existsSync(join(cwd, "b"))).toBe(false);
  });

  it("was answered at the terminal; and waits still when the daemon was away, told once", async () => {
    await say(touch("a"));
    const first = await request();
    await shows(DIALOG);
    rig.tmux("default", "send-keys", "-t", "%0", "Enter");
    expect(await ending(first.id)).toBe("stale");
    await answered("tool said");
    await say(touch("b"));
    const second = await request(1);
    await part.stop();
    await shows(DIALOG);
    part = await start();
    await until("it to be joined", async () => (await decide(second.id)).status === "done", LONG_MS);
    await until("the file", () => existsSync(join(cwd, "b")), LONG_MS);
    await until("both answers", () => items().filter(({ kind }) => kind === "message").length === 2, LONG_MS);
    expect(told("request").length).toBe(2);
    expect(items().filter(({ kind }) => kind === "user_message").length).toBe(2);
    await say(touch("c"));
    const third = await request(2);
    rig.tmux("default", "kill-server");
    expect(await ending(third.id)).toBe("gone");
  });
});
