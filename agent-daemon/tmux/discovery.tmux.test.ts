import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newId } from "../../protocol/ids.ts";
import { eventsOf, factsOf, makeRig, noTmux, sessionsByPane, type Rig } from "./rig/tmuxRig.ts";

let rig: Rig;
beforeEach(() => {
  rig = makeRig();
});
afterEach(() => rig.end());

function mark(socket: string, pane: string): string {
  return rig.tmux(socket, "display-message", "-p", "-t", pane, "#{@signalbox}").trim();
}

describe.skipIf(noTmux !== null)(`discovery (${noTmux ?? "real tmux"})`, () => {
  it("sees the panes of two sockets, however odd their titles and directories", async () => {
    const odd = join(rig.directory, "a\tb\nc #{pid} 'ü");
    mkdirSync(odd);
    rig.tmux("default", "new-session", "-d", "-s", "my work", "-x", "90", "-y", "20", "-c", rig.directory);
    rig.tmux("other", "new-session", "-d", "-s", "second");
    rig.tmux("default", "split-window", "-d", "-t", "%0", "sleep", "1000");
    execFileSync("tmux", ["-u", "-L", "default", "new-window", "-d", "-t", "my work:", "sleep", "1001"], {
      env: rig.env,
      cwd: odd,
    });
    rig.tmux("default", "select-pane", "-t", "%1", "-T", "tab\there");
    const part = await rig.start();
    expect(part.version).toMatch(/^\d/);
    expect(part.problems()).toEqual([]);
    const sessions = sessionsByPane(rig.messages);
    expect([...sessions.keys()].sort()).toEqual(["default %0", "default %1", "default %2", "other %0"]);
    for (const [place, session] of sessions) {
      const [socket = "", pane = ""] = place.split(" ");
      expect(mark(socket, pane)).toBe(session);
    }
    const plain = sessions.get("default %0") ?? "";
    expect(factsOf(rig.messages, plain)).toMatchObject({
      provider: "tmux",
      title: expect.stringMatching(/^sh in sbx-/),
      facts: {
        cwd: rig.directory,
        command: "sh",
        agent: "shell",
        pane: { tmux_session: "my work", cols: 90 },
      },
    });
    expect(eventsOf(rig.messages, plain)).toEqual([{ type: "status", status: "idle", reason: null }]);
    const sleeper = sessions.get("default %2") ?? "";
    expect(factsOf(rig.messages, sleeper)).toMatchObject({
      facts: { cwd: odd, command: "sleep", agent: "other" },
    });
    expect(eventsOf(rig.messages, sleeper)).toEqual([{ type: "status", status: "working", reason: null }]);

    const before = rig.messages.length;
    await part.refresh();
    await part.refresh();
    expect(rig.messages.slice(before).filter((message) => message.kind !== "facts")).toEqual([]);
  });

  it("keeps ids over restarts of the daemon, tells again nothing that was told, and sees what ended meanwhile", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "a");
    rig.tmux("default", "new-session", "-d", "-s", "b");
    const first = await rig.start();
    const sessions = sessionsByPane(rig.messages);
    await first.stop();
    rig.tmux("default", "kill-pane", "-t", "%1");
    const before = rig.messages.length;
    await rig.start();
    const later = rig.messages.slice(before);
    expect(later.filter((message) => message.kind === "session")).toEqual([]);
    expect(eventsOf(later, sessions.get("default %0") ?? "")).toEqual([]);
    expect(eventsOf(later, sessions.get("default %1") ?? "")).toMatchObject([
      {
        type: "ended",
        status: "done",
        exit: { code: null, message: expect.stringMatching(/while the daemon was away/) },
      },
    ]);
  });

  it("takes ids from the panes when the daemon's store was lost", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "a");
    const first = await rig.start();
    const session = sessionsByPane(rig.messages).get("default %0");
    await first.stop();
    rig.store().db.exec("DELETE FROM tmux_sessions");
    rig.messages.length = 0;
    await rig.start({ adopt: "none" });
    expect(sessionsByPane(rig.messages).get("default %0")).toBe(session);
  });

  it("survives the server's end and restart, and never mistakes the new %0 for the old", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "a", "sleep", "1000");
    const part = await rig.start();
    const old = sessionsByPane(rig.messages).get("default %0") ?? "";
    rig.tmux("default", "kill-server");
    await vi.waitFor(() => rig.tmux("default", "new-session", "-d", "-s", "a", "sleep", "1000"));
    // also before anybody has looked again
    const refused = await rig.command(part, old, { type: "send_keys", keys: ["C-c"] });
    expect(refused).toMatchObject({ status: "failed" });
    await part.refresh();
    const fresh = sessionsByPane(rig.messages).get("default %0") ?? "";
    expect(fresh).not.toBe(old);
    expect(eventsOf(rig.messages, old).at(-1)).toMatchObject({ type: "ended" });
    expect(part.paneState(old)).toMatchObject({ state: "ended" });
    expect(part.paneState(fresh)).toEqual({ state: "live" });
    expect(rig.tmux("default", "list-panes", "-a", "-F", "#{pane_current_command}").trim()).toBe("sleep");

    rig.tmux("default", "kill-server");
    // a server on its way out is not yet a dead one
    await vi.waitFor(async () => {
      await part.refresh();
      expect(eventsOf(rig.messages, fresh).at(-1)).toMatchObject({
        type: "ended",
        status: "trouble",
        exit: { message: "The tmux server ended." },
      });
    }, 5_000);
    expect(part.problems()).toEqual([]);
  });

  it("tells by itself what comes and goes", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "a", "-x", "80", "-y", "24");
    rig.tmux("default", "split-window", "-d", "-t", "%0", "sleep", "1000");
    await rig.start({ poll_ms: 300 });
    const session = sessionsByPane(rig.messages).get("default %1") ?? "";
    rig.tmux("default", "kill-pane", "-t", "%1");
    await vi.waitFor(
      () => expect(eventsOf(rig.messages, session).at(-1)).toMatchObject({ type: "ended" }),
      3_000,
    );
    rig.tmux("default", "new-window", "-d", "-t", "a:");
    await vi.waitFor(() => expect(sessionsByPane(rig.messages).has("default %2")).toBe(true), 3_000);
  });

  it("says how a dead pane ended that its owner keeps, leaves it, and takes it as new when it lives again", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "a");
    rig.tmux("default", "set-option", "-g", "remain-on-exit", "on");
    rig.tmux("default", "new-window", "-d", "-t", "a:", "sh -c 'sleep 0.5; exit 3'");
    const part = await rig.start();
    const session = sessionsByPane(rig.messages).get("default %1") ?? "";
    await vi.waitFor(async () => {
      await part.refresh();
      expect(eventsOf(rig.messages, session).at(-1)).toMatchObject({
        type: "ended",
        status: "trouble",
        exit: { code: 3 },
      });
    }, 3_000);
    await part.refresh();
    expect(rig.tmux("default", "list-panes", "-a", "-F", "#{pane_id} #{pane_dead}")).toContain("%1 1");
    rig.tmux("default", "respawn-pane", "-t", "%1", "sleep", "1000");
    await part.refresh();
    expect(sessionsByPane(rig.messages).get("default %1")).not.toBe(session);
  });

  it("adopts what the configuration says, tells the rest, and adopts on command, once", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "a");
    rig.tmux("default", "new-session", "-d", "-s", "b", "sleep", "1000");
    const part = await rig.start({ adopt: "agents" });
    expect(sessionsByPane(rig.messages).size).toBe(0);
    expect(rig.messages).toMatchObject([
      {
        kind: "unadopted",
        panes: [
          { socket: "default", pane: "%0", command: "sh" },
          { pane: "%1", command: "sleep" },
        ],
      },
    ]);
    const session = newId("ses");
    const adopted = await rig.command(part, session, { type: "adopt", socket: "default", pane: "%1" });
    expect(adopted).toMatchObject({ status: "done", value: { type: "pane", session, pane: { pane: "%1" } } });
    expect(rig.messages.at(-1)).toMatchObject({ kind: "unadopted", panes: [{ pane: "%0" }] });
    expect(await rig.command(part, session, { type: "adopt", socket: "default", pane: "%1" })).toEqual(
      adopted,
    );
    expect(
      await rig.command(part, newId("ses"), { type: "adopt", socket: "default", pane: "%1" }),
    ).toMatchObject({
      status: "failed",
      code: "already_adopted",
      details: [session],
    });
    expect(
      await rig.command(part, newId("ses"), { type: "adopt", socket: "default", pane: "%9" }),
    ).toMatchObject({
      code: "no_such_pane",
    });
    expect(mark("default", "%1")).toBe(session);
  });

  it("recognises an agent behind node, and follows Claude's registry", async () => {
    const bin = join(rig.directory, "bin");
    mkdirSync(bin);
    const script = join(bin, "codex.js");
    writeFileSync(script, "setInterval(() => {}, 1000);\n");
    const claude = join(bin, "claude");
    writeFileSync(claude, "#!/bin/sh\nsleep 1000\n", { mode: 0o755 });
    rig.tmux("default", "new-session", "-d", "-s", "a", process.execPath, script);
    rig.tmux(
      "default",
      "new-session",
      "-d",
      "-s",
      "b",
      process.execPath,
      "-e",
      "process.title='claude';setInterval(()=>{},1000)",
    );
    await vi.waitFor(() =>
      expect(rig.tmux("default", "list-panes", "-a", "-F", "#{pane_current_command}")).toMatch(/claude/),
    );
    const part = await rig.start();
    const codex = sessionsByPane(rig.messages).get("default %0") ?? "";
    expect(factsOf(rig.messages, codex)).toMatchObject({ facts: { agent: "codex" } });
    const session = sessionsByPane(rig.messages).get("default %1") ?? "";
    expect(factsOf(rig.messages, session)).toMatchObject({ facts: { agent: "claude" } });

    const pid = Number(rig.tmux("default", "display-message", "-p", "-t", "%1", "#{pane_pid}"));
    const registry = join(rig.env.CLAUDE_CONFIG_DIR ?? "", "sessions");
    mkdirSync(registry, { recursive: true });
    const write = (over: object) =>
      writeFileSync(join(registry, `${pid}.json`), JSON.stringify({ pid, tmux: "b:@1.%1", ...over }));
    // a process of another pane does not count, even if it claims this one
    writeFileSync(join(registry, "1.json"), JSON.stringify({ pid: 1, tmux: "x:@1.%1", status: "waiting" }));
    write({ status: "busy" });
    await part.refresh();
    expect(eventsOf(rig.messages, session).at(-1)).toMatchObject({ status: "working" });
    write({ status: "waiting", waitingFor: "permission prompt" });
    // the change itself makes the daemon look
    await vi.waitFor(
      () =>
        expect(eventsOf(rig.messages, session).at(-1)).toEqual({
          type: "status",
          status: "waiting",
          reason: "permission prompt",
        }),
      3_000,
    );
  });

  it("tells git state, preview and changes, but facts no more than every two seconds", async () => {
    const repo = join(rig.directory, "repo");
    mkdirSync(repo);
    const git = (...args: string[]) =>
      execFileSync("git", [
        "-C",
        repo,
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@e",
        "-c",
        "init.defaultBranch=main",
        ...args,
      ]);
    git("init", "-q");
    git("commit", "-q", "--allow-empty", "-m", "x");
    rig.tmux("default", "new-session", "-d", "-s", "a", "-c", repo);
    const part = await rig.start();
    const session = sessionsByPane(rig.messages).get("default %0") ?? "";
    rig.tmux("default", "send-keys", "-t", "%0", "touch new; echo hello preview", "Enter");
    const began = Date.now();
    await vi.waitFor(
      async () => {
        await part.refresh();
        expect(factsOf(rig.messages, session)).toMatchObject({
          facts: { git: { root: repo, branch: "main" }, preview: expect.stringMatching(/\$|hello/) },
        });
      },
      { timeout: 10_000, interval: 100 },
    );
    for (let i = 0; i < 20; i++) {
      rig.tmux("default", "resize-window", "-t", "%0", "-x", String(80 + i));
      await part.refresh();
    }
    const facts = rig.messages.filter((message) => message.kind === "facts" && message.session === session);
    expect(facts.length).toBeLessThanOrEqual(1 + Math.ceil((Date.now() - began) / 2_000));
  });

  it("keeps what could not be stored for later", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "a");
    rig.tmux("default", "new-session", "-d", "-s", "b");
    const part = await rig.start();
    const sessions = sessionsByPane(rig.messages);
    rig.setFull(true);
    const before = rig.messages.length;
    rig.tmux("default", "kill-pane", "-t", "%0");
    rig.tmux("default", "new-session", "-d", "-s", "c");
    await part.refresh();
    expect(rig.messages.length).toBe(before);
    rig.setFull(false);
    await part.refresh();
    expect(eventsOf(rig.messages, sessions.get("default %0") ?? "").at(-1)).toMatchObject({ type: "ended" });
    expect(sessionsByPane(rig.messages).has("default %2")).toBe(true);
  });

  it(
    "is no danger to the server: sessions whose windows die together, while panes come and go",
    { timeout: 60_000 },
    async () => {
      rig.tmux("default", "new-session", "-d", "-s", "mine", "sleep", "1000");
      const pid = rig.tmux("default", "display-message", "-p", "#{pid}");
      const part = await rig.start({ poll_ms: 200 });
      const session = sessionsByPane(rig.messages).get("default %0") ?? "";
      for (let round = 0; round < 25; round++) {
        const spawned = newId("ses");
        await rig.command(part, spawned, {
          type: "spawn",
          cwd: "/",
          argv: ["sh", "-c", "while :; do seq 5000; done"],
        });
        const one = ["new-session", "-d", "-s", `many${round}`, "sleep", "1000", ";"];
        rig.tmux(
          "default",
          ...one,
          "new-window",
          "-t",
          `many${round}:`,
          "sleep",
          "1000",
          ";",
          "new-window",
          "-t",
          `many${round}:`,
          "sleep",
          "1000",
        );
        const pids = rig
          .tmux("default", "list-panes", "-s", "-t", `=many${round}`, "-F", "#{pane_pid}")
          .trim()
          .split("\n")
          .map(Number);
        const killed = rig.command(part, spawned, { type: "kill" });
        for (const each of pids) process.kill(each, "SIGKILL");
        expect(await killed).toMatchObject({ status: "done" });
        expect(await rig.command(part, session, { type: "snapshot" })).toMatchObject({ status: "done" });
      }
      expect(rig.tmux("default", "display-message", "-p", "#{pid}")).toBe(pid);
    },
  );

  it("says that tmux is missing and takes part again when it is there", async () => {
    const part = await rig.start({ path: join(rig.directory, "no-tmux") });
    expect(part.version).toBeNull();
    expect(part.problems()).toEqual([expect.stringMatching(/^tmux is not installed/)]);
    const answer = await rig.command(part, newId("ses"), { type: "spawn", cwd: "/" });
    expect(answer).toMatchObject({ status: "failed", code: "no_tmux" });
  });

  it("stays cheap with 500 panes", { timeout: 120_000 }, async () => {
    rig.tmux("default", "new-session", "-d", "-s", "s0", "-x", "200", "-y", "50", "sleep", "1000");
    for (let session = 1; session < 20; session++)
      rig.tmux("default", "new-session", "-d", "-s", `s${session}`, "sleep", "1000");
    const lines: string[] = [];
    for (let n = 20; n < 500; n++) lines.push("new-window", "-d", "-t", `s${n % 20}:`, "sleep", "1000", ";");
    for (let at = 0; at < lines.length; at += 700)
      rig.tmux("default", ...lines.slice(at, at + 700).slice(0, -1));
    const began = performance.now();
    const part = await rig.start();
    const firstMs = performance.now() - began;
    expect(sessionsByPane(rig.messages).size).toBe(500);
    const times: number[] = [];
    const cpuBefore = process.cpuUsage();
    const before = rig.messages.length;
    for (let i = 0; i < 20; i++) {
      const start = performance.now();
      await part.refresh();
      times.push(performance.now() - start);
    }
    const cpu = process.cpuUsage(cpuBefore);
    times.sort((a, b) => a - b);
    console.log(
      `500 panes: first look ${firstMs.toFixed(0)} ms; a look ${(times[10] ?? 0).toFixed(1)} ms (max ${(times[19] ?? 0).toFixed(1)}), CPU of the daemon ${((cpu.user + cpu.system) / 20_000).toFixed(1)} ms`,
    );
    expect(times[10]).toBeLessThan(500);
    // nothing changes, so nothing is told (but facts that a first look found late)
    expect(rig.messages.slice(before).every((message) => message.kind === "facts")).toBe(true);
  });
});
