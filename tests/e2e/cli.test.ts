import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import * as z from "zod";
import { Approval } from "../../protocol/approvals.ts";
import { Session } from "../../protocol/session.ts";
import { AGENT, Signalbox, until } from "../support/signalbox.ts";

let signalbox: Signalbox;

beforeAll(async () => {
  signalbox = await Signalbox.start();
  const shell = ["bash", "--norc", "--noprofile"];
  await signalbox.tmux("new-session", "-d", "-s", "one", "-x", "100", "-y", "30", ...shell);
  await signalbox.tmux("new-session", "-d", "-s", "two", "-x", "80", "-y", "20", ...shell);
  await until("both sessions", async () => (await sessions()).length === 2);
});
afterAll(() => signalbox?.stop());

async function sessions(...args: string[]): Promise<Session[]> {
  const { out } = await signalbox.cli("sessions", "--json", ...args);
  return z.array(Session).parse(JSON.parse(out));
}

async function sessionOf(name: string): Promise<Session> {
  return until(`the session of ${name}`, async () =>
    (await sessions()).find(({ pane }) => pane?.tmux_session === name),
  );
}

/** A terminal of its own, outside what Signalbox sees: `attach` runs in it, and its screen can be read. */
function openTerminal(...args: string[]) {
  const dir = join(signalbox.home, "../viewer");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const env = { ...signalbox.env, TMUX_TMPDIR: dir };
  const tmux = (...words: string[]) =>
    execFileSync("tmux", ["-L", "viewer", "-f", "/dev/null", ...words], { env, encoding: "utf8" });
  tmux("new-session", "-d", "-s", "v", "-x", "110", "-y", "40", process.execPath, AGENT, ...args);
  tmux("set-option", "-g", "remain-on-exit", "on");
  return {
    type: (...keys: string[]) => tmux("send-keys", "-t", "v", ...keys),
    screen: () => tmux("capture-pane", "-p", "-t", "v"),
    async shows(text: string | RegExp) {
      let screen = "";
      const look = () => {
        screen = tmux("capture-pane", "-p", "-t", "v");
        return typeof text === "string" ? screen.includes(text) : text.test(screen);
      };
      await until(`the terminal to show ${text}`, look).catch((error: unknown) => {
        throw new Error(`${String(error)} It shows:\n${screen}`, { cause: error });
      });
    },
    close: () => tmux("kill-server"),
  };
}

describe("signalbox on the command line", () => {
  test("lists sessions, and filters them", async ({ expect }) => {
    const table = await signalbox.cli("sessions");
    expect(table.code).toBe(0);
    expect(table.out.trim().split("\n")).toHaveLength(3);
    expect(await sessions("--ended")).toEqual([]);
    expect(await sessions("--provider", "codex")).toEqual([]);
    expect(await sessions("no-such-word-anywhere")).toEqual([]);
    expect(await sessions("--running", "bash")).toHaveLength(2);
  });

  test("keeps, runs, pauses and removes what begins by the clock", async ({ expect }) => {
    const { id } = await sessionOf("two");
    const cli = (...words: string[]) => signalbox.cli("schedule", ...words);
    const empty = await cli();
    expect([empty.code, empty.out]).toEqual([0, "Nothing begins by the clock.\n"]);
    const when = ["--cron", "0 9 * * MON", "--zone", "Europe/Berlin"];
    const made = await cli("add", "monday", ...when, "--session", id, "echo", "monday-$((6*7))");
    expect([made.code, made.out]).toEqual([0, expect.stringContaining("0 9 * * MON in Europe/Berlin")]);
    expect((await cli("run", "monday")).code).toBe(0);
    await until("the pane to show it", async () =>
      (await signalbox.tmux("capture-pane", "-p", "-t", "two:")).includes("monday-42"),
    );
    await until("its history to say so", async () => (await cli()).out.includes("last started"));
    expect((await cli("pause", "monday")).out).toContain("(paused");
    expect((await cli("resume", "monday")).out).toContain("(next ");
    const wrong = await cli("add", "x", "--cron", "every day", "say hello");
    expect([wrong.code, wrong.out]).toEqual([1, expect.stringContaining("not a cron expression")]);
    expect((await cli("add", "x", "say hello")).code).toBe(2);
    expect((await cli("remove", "monday")).out).toBe("Removed.\n");
    expect((await cli("run", "monday")).out).toContain("There is no schedule monday");
  });

  test("sends text to a session by part of its id", async ({ expect }) => {
    const { id } = await sessionOf("one");
    const sent = await signalbox.cli("send", id.slice(-8), "echo", "sent-$((40+2))");
    expect([sent.code, sent.out]).toEqual([0, expect.stringMatching(/^Sent to /)]);
    await until("the pane to show it", async () =>
      (await signalbox.tmux("capture-pane", "-p", "-t", "one:")).includes("sent-42"),
    );
    const unknown = await signalbox.cli("send", "nobody", "x");
    expect([unknown.code, unknown.out]).toEqual([
      1,
      "There is no session nobody. `signalbox sessions` lists them.\n",
    ]);
  });

  test("attaches to a session: what it shows, what is typed, what is pasted, and leaving", async ({
    expect,
  }) => {
    const { id } = await sessionOf("two");
    const terminal = openTerminal("attach", id);
    try {
      await terminal.shows(/^\S*[$#]/m);
      terminal.type("-l", "echo café-$((6*7)) 日本");
      terminal.type("Enter");
      await terminal.shows("café-42 日本");
      expect(await signalbox.tmux("capture-pane", "-p", "-t", "two:")).toContain("café-42 日本");
      // More than the window of credit: it must go on to the end.
      terminal.type("-l", "seq 1 30000; echo do''ne");
      terminal.type("Enter");
      await terminal.shows(/30000\n.*done/s);
      // The daemon dies: the terminal comes back by itself.
      await signalbox.kill("agent");
      await until("the terminal to take input again", async () => {
        terminal.type("-l", "#");
        terminal.type("BSpace");
        terminal.type("-l", "echo ba''ck");
        terminal.type("Enter");
        await new Promise((resolve) => setTimeout(resolve, 500));
        return terminal.screen().includes("back");
      });
      terminal.type("C-]");
      await terminal.shows("it goes on.");
      expect(await signalbox.tmux("list-panes", "-t", "two:", "-F", "#{pane_dead}")).toBe("0");
    } finally {
      terminal.close();
    }
  });

  test("says that a session ended while it was attached", async () => {
    await signalbox.tmux(
      "new-session",
      "-d",
      "-s",
      "three",
      "-x",
      "80",
      "-y",
      "20",
      "bash",
      "--norc",
      "--noprofile",
    );
    const { id } = await sessionOf("three");
    const terminal = openTerminal("attach", id);
    try {
      await terminal.shows(/^\S*[$#]/m);
      terminal.type("-l", "exit 3");
      terminal.type("Enter");
      await terminal.shows("The session ended");
    } finally {
      terminal.close();
    }
  });

  test("knows how it is: status and doctor", async ({ expect }) => {
    await until("the daemon to be online", async () => (await signalbox.cli("status")).code === 0);
    const status = await signalbox.cli("status");
    expect(status.out).toMatch(/^daemon +online as /m);
    expect(status.out).toMatch(/^sign in +http:\/\/127\.0\.0\.1:\d+\/sign-in\?code=\S+$/m);
    const doctor = await signalbox.cli("doctor", "--json");
    const findings = z.array(z.object({ state: z.string(), what: z.string() })).parse(JSON.parse(doctor.out));
    expect([doctor.code, findings.filter(({ state }) => state === "bad")]).toEqual([0, []]);
    expect(findings.find(({ what }) => what === "tmux")?.state).toBe("ok");
  });

  test("serves its own daemon and the script that installs it", async ({ expect }) => {
    const script = await (await fetch(`${signalbox.url}/install.sh`)).text();
    expect(script).toContain(`SIGNALBOX_URL="${signalbox.url}"`);
    const program = join(signalbox.work, "agent.mjs");
    writeFileSync(program, await (await fetch(`${signalbox.url}/agent.mjs`)).text());
    expect(execFileSync(process.execPath, [program, "--version"], { encoding: "utf8" })).toMatch(
      /^signalbox \d/,
    );
  });

  test("writes to a chat, lists what waits, and decides it", async ({ expect }) => {
    const host = (
      await signalbox.api(z.object({ items: z.array(z.object({ id: z.string() })) }), "/api/hosts")
    ).items[0]?.id;
    const chat = await signalbox.api(Session, "/api/sessions", {
      body: { provider: "edge", host, cwd: signalbox.work },
    });
    expect((await signalbox.cli("approve")).out).toContain("Nothing waits for you.");
    expect(await signalbox.cli("send", chat.id, "run touch by-the-command-line")).toMatchObject({ code: 0 });
    const waiting = await until("what waits", async () => {
      const { out } = await signalbox.cli("approve", "--json");
      return z.array(Approval).parse(JSON.parse(out))[0];
    });
    expect((await signalbox.cli("approve")).out).toContain("run_command touch by-the-command-line");
    expect((await signalbox.cli("approve", "nothing-like-it")).code).not.toBe(0);
    const decided = await signalbox.cli("approve", waiting.id.slice(22, 30), "--deny", "-m", "not now");
    expect(decided).toMatchObject({ code: 0, out: expect.stringContaining("denied") });
    expect((await signalbox.cli("approve", waiting.id)).code).not.toBe(0);
  });
});
