import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Command, CommandResult, CommandValue } from "../../protocol/commands.ts";
import { newId } from "../../protocol/ids.ts";
import { eventsOf, factsOf, makeRig, noTmux, sessionsByPane, type Rig } from "./rig/tmuxRig.ts";
import type { TmuxPart } from "./tmuxPart.ts";

let rig: Rig;
beforeEach(() => {
  rig = makeRig();
});
afterEach(() => rig.end());

function valueOf<T extends CommandValue["type"]>(
  result: CommandResult,
  type: T,
): Extract<CommandValue, { type: T }> {
  if (result.status === "done" && result.value.type === type) {
    return result.value as Extract<CommandValue, { type: T }>;
  }
  throw new Error(`not ${type}: ${JSON.stringify(result)}`);
}

/** Starts a program in a pane of its own and gives its session. */
async function paneWith(part: TmuxPart, ...argv: string[]): Promise<string> {
  const session = newId("ses");
  const result = await rig.command(part, session, {
    type: "spawn",
    cwd: rig.directory,
    ...(argv.length > 0 ? { argv } : {}),
  });
  valueOf(result, "pane");
  return session;
}

async function text(part: TmuxPart, session: string): Promise<string> {
  return valueOf(await rig.command(part, session, { type: "snapshot" }), "snapshot").text;
}

async function shows(part: TmuxPart, session: string, what: RegExp): Promise<void> {
  await vi.waitFor(async () => expect(await text(part, session)).toMatch(what), {
    timeout: 5_000,
    interval: 50,
  });
}

/** A program that writes what it reads, byte for byte, into a file; `mode` is printed first. */
function recorder(file: string, mode = ""): string[] {
  return ["sh", "-c", `stty raw -echo; printf '${mode}ready'; exec cat > '${file}'`];
}

const done = { status: "done", value: { type: "nothing" } };

describe.skipIf(noTmux !== null)(`typing (${noTmux ?? "real tmux"})`, () => {
  it("types text, Unicode, arrows and Ctrl-C into a shell", async () => {
    const part = await rig.start();
    const session = await paneWith(part);
    const send = (command: Command) => rig.command(part, session, command);
    expect(
      await send({
        type: "send_input",
        text: "echo \"it's\" $((6*7)) ünïcode 世界 😀 ';' '~' #x",
        enter: true,
      }),
    ).toEqual(done);
    await shows(part, session, /^it's 42 ünïcode 世界 😀 ; ~/m);
    await send({ type: "send_input", text: "sleep 1000", enter: true });
    await vi.waitFor(async () => {
      await part.refresh();
      expect(eventsOf(rig.messages, session).at(-1)).toMatchObject({ status: "working" });
    });
    expect(await send({ type: "interrupt" })).toEqual(done);
    await vi.waitFor(async () => {
      await part.refresh();
      expect(eventsOf(rig.messages, session).at(-1)).toMatchObject({ status: "idle" });
    });
  });

  it("delivers every byte exactly, and keys as the program wants them", async () => {
    const part = await rig.start();
    const file = join(rig.directory, "got");
    const session = await paneWith(part, ...recorder(file, "\\033[?1h"));
    await shows(part, session, /ready/);
    const everything = Array.from({ length: 127 }, (_, i) => String.fromCharCode(i + 1)).join("");
    await rig.command(part, session, { type: "send_input", text: `${everything}ü世😀\\;'"` });
    await rig.command(part, session, {
      type: "send_keys",
      keys: ["Up", "C-c", "M-x", ";", "'", "F5", "~", "Enter", "BTab"],
    });
    const wanted = `${everything}ü世😀\\;'"\x1bOA\x03\x1bx;'\x1b[15~~\r\x1b[Z`;
    await vi.waitFor(() => expect(readFileSync(file, "utf8")).toBe(wanted));
  });

  it("types long text whole and in order, also when calls overlap", async () => {
    const part = await rig.start();
    const file = join(rig.directory, "got");
    const session = await paneWith(part, ...recorder(file));
    await shows(part, session, /ready/);
    const long = Array.from({ length: 6_000 }, (_, i) => `${i} `).join("");
    await Promise.all([
      rig.command(part, session, { type: "send_input", text: long }),
      rig.command(part, session, { type: "paste", text: "<paste>" }),
      rig.command(part, session, { type: "send_input", text: "<after>" }),
    ]);
    await vi.waitFor(() => expect(readFileSync(file, "utf8")).toBe(`${long}<paste><after>`), 5_000);
  });

  it("pastes 200 kB with brackets where they are wanted and without where not, markers taken out", async () => {
    const part = await rig.start();
    const lines = Array.from(
      { length: 4_000 },
      (_, i) => `line ${i} with some text, ünïcode and 'quotes' ;\n`,
    ).join("");
    expect(lines.length).toBeGreaterThan(190_000);
    for (const [mode, wrap] of [
      ["", (pasted: string) => pasted],
      ["\\033[?2004h", (pasted: string) => `\x1b[200~${pasted}\x1b[201~`],
    ] as const) {
      const file = join(rig.directory, `got${mode.length}`);
      const session = await paneWith(part, ...recorder(file, mode));
      await shows(part, session, /ready/);
      const result = await rig.command(part, session, {
        type: "paste",
        text: `a\x1b[20\x1b[201~1~b\r\n${lines}`,
        enter: true,
      });
      expect(result).toEqual(done);
      await vi.waitFor(() => expect(readFileSync(file, "utf8")).toBe(`${wrap(`ab\n${lines}`)}\r`), 10_000);
    }
    expect(rig.tmux("default", "list-buffers")).toBe("");
  });

  it("leaves copy mode and other modes before it types", async () => {
    const part = await rig.start();
    const session = await paneWith(part);
    const pane = rig.tmux("default", "list-panes", "-a", "-F", "#{pane_id}").trim();
    await shows(part, session, /[#$] *$/m);
    for (const mode of ["copy-mode", "choose-tree", "clock-mode"]) {
      rig.tmux("default", mode, "-t", pane);
      await rig.command(part, session, { type: "send_input", text: `echo after ${mode}`, enter: true });
      await shows(part, session, new RegExp(`^after ${mode}`, "m"));
      rig.tmux("default", mode, "-t", pane);
      await rig.command(part, session, { type: "paste", text: `echo pasted after ${mode}`, enter: true });
      await shows(part, session, new RegExp(`^pasted after ${mode}`, "m"));
    }
  });

  it("presses Escape to interrupt a coding agent", async () => {
    const part = await rig.start();
    const file = join(rig.directory, "got");
    const script = join(rig.directory, "codex.js");
    writeFileSync(
      script,
      `process.stdin.setRawMode(true); process.stdin.on("data", (d) => require("fs").appendFileSync(${JSON.stringify(file)}, d)); console.log("\\x1b[?2004hready");`,
    );
    const session = await paneWith(part, process.execPath, script);
    await shows(part, session, /ready/);
    await part.refresh();
    expect(factsOf(rig.messages, session)).toMatchObject({ facts: { agent: "codex" } });
    await rig.command(part, session, { type: "interrupt" });
    // codex submits only a paste, so text with Enter becomes one
    await rig.command(part, session, { type: "send_input", text: "hi\nthere", enter: true });
    await vi.waitFor(() => expect(readFileSync(file, "utf8")).toBe("\x1b\x1b[200~hi\nthere\x1b[201~\r"));
  });
});

describe.skipIf(noTmux !== null)(`reading (${noTmux ?? "real tmux"})`, () => {
  it("gives the screen with history, and searches it", async () => {
    const part = await rig.start();
    const session = await paneWith(part, "sh", "-c", "seq -f 'number %g is here' 300; sleep 1000");
    await shows(part, session, /number 300/);
    const shot = valueOf(await rig.command(part, session, { type: "snapshot", history: 100 }), "snapshot");
    expect([shot.cols, shot.rows, shot.cursor]).toEqual([120, 36, { x: 0, y: 35 }]);
    expect(shot.text.split("\n")[0]).toMatch(/^number \d+ is here$/);
    expect(shot.text.split("\n").length).toBeGreaterThan(100);

    const found = valueOf(
      await rig.command(part, session, {
        type: "search",
        pattern: "number (7|13) is",
        regex: true,
        before: 1,
        after: 1,
      }),
      "search",
    );
    expect(found).toMatchObject({
      source: "history",
      more: false,
      lines_searched: 300,
      matches: [
        { line: 287, text: "number 13 is here", before: ["number 12 is here"], after: ["number 14 is here"] },
        { line: 293, text: "number 7 is here" },
      ],
    });
    expect(await rig.command(part, session, { type: "search", pattern: "(", regex: true })).toMatchObject({
      code: "bad_pattern",
    });
  });

  it("resizes a pane alone in its window with the window, which follows a person's terminal afterwards", async () => {
    const part = await rig.start();
    const session = await paneWith(part);
    expect(await rig.command(part, session, { type: "resize", cols: 100, rows: 31 })).toEqual(done);
    const pane = rig.tmux("default", "list-panes", "-a", "-F", "#{pane_id}").trim();
    const show = () =>
      rig
        .tmux("default", "display-message", "-p", "-t", pane, "#{pane_width}x#{pane_height} #{window-size}")
        .trim();
    expect(show()).toBe("100x31 latest");
    rig.tmux("default", "split-window", "-d", "-h", "-t", pane);
    await part.refresh();
    expect(await rig.command(part, session, { type: "resize", cols: 30, rows: 31 })).toEqual(done);
    expect(show()).toBe("30x31 latest");
    await part.refresh();
    expect(sessionsByPane(rig.messages).size).toBe(2);
  });
});

describe.skipIf(noTmux !== null)(`spawn (${noTmux ?? "real tmux"})`, () => {
  const dump = "for a; do printf '[%s]' \"$a\"; done; printf '<%s>' \"$PWD\"; echo end";

  it("passes arguments exactly, whatever they hold, and in an exact directory", async () => {
    const part = await rig.start();
    const odd = join(rig.directory, "d #{pid} #[x] %H;ü '\"$HOME");
    mkdirSync(odd);
    const args = [
      "a b",
      "$HOME `id` $(id)",
      "'; exit",
      'say "x"',
      "",
      ";",
      "a;",
      "\\;",
      "#{pane_id}",
      "%H",
      "~",
      "*",
      "ü\nnext",
      "-t",
    ];
    const out = join(odd, "out");
    const session = newId("ses");
    const result = await rig.command(part, session, {
      type: "spawn",
      cwd: odd,
      argv: ["sh", "-c", `{ ${dump}; } > '${out.replaceAll("'", "'\\''")}'; sleep 1000`, "--", ...args],
      title: "my title",
      cols: 77,
      rows: 22,
    });
    expect(valueOf(result, "pane")).toMatchObject({
      session,
      worktree: null,
      pane: { socket: "default", cols: 77, rows: 22 },
    });
    await vi.waitFor(() =>
      expect(readFileSync(out, "utf8")).toBe(`${args.map((arg) => `[${arg}]`).join("")}<${odd}>end\n`),
    );
    expect(factsOf(rig.messages, session)).toMatchObject({
      kind: "session",
      title: "my title",
      facts: { cwd: odd, command: "sh" },
    });
    expect(rig.tmux("default", "list-sessions", "-F", "#{session_name}").trim()).toBe("my-title");
  });

  it("executes a vector of one element without a shell", async () => {
    const part = await rig.start();
    const program = join(rig.directory, "my $HOME; prog");
    const out = join(rig.directory, "out");
    writeFileSync(program, `#!/bin/sh\necho "$0:$#" > ${out}\nsleep 1000\n`, { mode: 0o755 });
    await paneWith(part, program);
    await vi.waitFor(() => expect(readFileSync(out, "utf8")).toBe(`${program}:0\n`));
    // a bare name with characters that a shell or env would take for something else
    const bin = join(rig.directory, "bin");
    mkdirSync(bin);
    rig.env.PATH = `${bin}:${process.env.PATH}`;
    await part.stop();
    const later = await rig.start();
    const bare = "A=b";
    writeFileSync(join(bin, bare), `#!/bin/sh\necho bare > ${out}\nsleep 1000\n`, { mode: 0o755 });
    await paneWith(later, bare);
    await vi.waitFor(() => expect(readFileSync(out, "utf8")).toBe("bare\n"));
  });

  it("starts a vector that is too long for tmux, and removes its file", async () => {
    const part = await rig.start();
    const out = join(rig.directory, "out");
    const args = Array.from({ length: 150 }, (_, i) => `${i}'${"x".repeat(400)}`);
    const session = await paneWith(part, "sh", "-c", `{ ${dump}; } > ${out}; sleep 1000`, "--", ...args);
    await vi.waitFor(() =>
      expect(readFileSync(out, "utf8")).toContain(args.map((arg) => `[${arg}]`).join("")),
    );
    expect(existsSync(join(rig.directory, "state", `spawn-${session}.sh`))).toBe(false);
  });

  it("makes one pane for one session, however often it is asked, also after a restart that forgot", async () => {
    const part = await rig.start();
    const session = newId("ses");
    const command: Command = { type: "spawn", cwd: rig.directory, socket: "extra" };
    const made = valueOf(await rig.command(part, session, command), "pane");
    expect(made.pane.socket).toBe("extra");
    expect(valueOf(await rig.command(part, session, command), "pane").pane.pane).toBe(made.pane.pane);
    await part.stop();
    // the daemon died between making the pane and noting where it is
    rig
      .store()
      .db.exec("UPDATE tmux_sessions SET pane = NULL, server_pid = NULL, server_start = NULL, facts = NULL");
    const again = await rig.start();
    expect(valueOf(await rig.command(again, session, command), "pane").pane.pane).toBe(made.pane.pane);
    expect(rig.tmux("extra", "list-panes", "-a", "-F", "#{@signalbox}").trim()).toBe(session);
  });

  it("tells the exit of what it spawned, and clears the dead pane away", async () => {
    const part = await rig.start();
    const keep = await paneWith(part);
    const broken = join(rig.directory, "broken");
    writeFileSync(broken, "#!/no/such/interpreter\n", { mode: 0o755 });
    const ends: [string[], object][] = [
      [["sh", "-c", "echo last words; exit 0"], { status: "done", exit: { code: 0, signal: null } }],
      [["sh", "-c", "exit 7"], { status: "trouble", exit: { code: 7 } }],
      [["sh", "-c", "kill -9 $$"], { status: "trouble", exit: { code: null, signal: "SIGKILL" } }],
      [[broken], { status: "trouble", exit: { code: 127 } }],
    ];
    for (const [argv, end] of ends) {
      const session = newId("ses");
      const result = await rig.command(part, session, { type: "spawn", cwd: rig.directory, argv });
      expect(result.status).toBe("done");
      await vi.waitFor(async () => {
        await part.refresh();
        expect(eventsOf(rig.messages, session).at(-1)).toMatchObject({ type: "ended", ...end });
      }, 5_000);
      expect(
        rig.messages.find((message) => message.kind === "session" && message.session === session),
      ).toBeDefined();
      expect(part.paneState(session)).toMatchObject({ state: "ended" });
    }
    expect(factsOf(rig.messages, sessionsByTitle("broken"))).toMatchObject({
      facts: { pane: null, preview: expect.stringMatching(/broken.*No such file/) },
    });
    expect(rig.tmux("default", "list-panes", "-a", "-F", "#{@signalbox}").trim()).toBe(keep);
  });

  function sessionsByTitle(part: string): string {
    const found = rig.messages.find((message) => message.kind === "session" && message.title.includes(part));
    return found?.kind === "session" ? found.session : "";
  }

  it("runs an agent by its name, and says which program is missing", async () => {
    const agent = join(rig.directory, "my-claude");
    writeFileSync(agent, "#!/bin/sh\nsleep 1000\n", { mode: 0o755 });
    const part = await rig.start({}, { claude: agent, codex: "no-codex-here" });
    const session = newId("ses");
    expect(
      (await rig.command(part, session, { type: "spawn", cwd: rig.directory, agent: "claude" })).status,
    ).toBe("done");
    expect(factsOf(rig.messages, session)).toMatchObject({ title: expect.stringMatching(/^claude in /) });
    const spawn = (command: object) =>
      rig.command(part, newId("ses"), { type: "spawn", cwd: rig.directory, ...command });
    expect(await spawn({ agent: "codex" })).toMatchObject({
      code: "no_such_program",
      message: expect.stringMatching(/agents.codex/),
    });
    expect(await spawn({ argv: ["./nope"] })).toMatchObject({ code: "no_such_program" });
    expect(await spawn({ argv: ["no-such-program-here"] })).toMatchObject({ code: "no_such_program" });
    expect(await spawn({ argv: ["sh", "a\0b"] })).toMatchObject({ code: "no_such_program" });
    expect(await spawn({ cwd: "/no/such/dir" })).toMatchObject({ code: "no_such_directory" });
    expect(await spawn({ cwd: agent })).toMatchObject({ code: "no_such_directory" });
    expect(await spawn({ socket: "a/b" })).toMatchObject({ code: "bad_socket" });
    expect(await spawn({ worktree: { branch: "x" } })).toMatchObject({ code: "not_a_repository" });
    expect(rig.messages.filter((message) => message.kind === "session")).toHaveLength(1);
  });
});

describe.skipIf(noTmux !== null)(`kill and worktrees (${noTmux ?? "real tmux"})`, () => {
  function makeRepo(): string {
    const repo = join(rig.directory, "repo");
    mkdirSync(repo);
    git(repo, "init", "-q");
    git(repo, "commit", "-q", "--allow-empty", "-m", "x");
    return repo;
  }
  function git(directory: string, ...args: string[]): void {
    const identity = ["-c", "user.name=t", "-c", "user.email=t@e", "-c", "init.defaultBranch=main"];
    execFileSync("git", ["-C", directory, ...identity, ...args]);
  }

  it("kills only that pane, once is enough, and never the server", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "mine");
    rig.tmux("default", "split-window", "-d", "-t", "%0");
    const part = await rig.start();
    const session = sessionsByPane(rig.messages).get("default %1") ?? "";
    expect(await rig.command(part, session, { type: "kill" })).toEqual(done);
    expect(eventsOf(rig.messages, session).at(-1)).toMatchObject({
      type: "ended",
      status: "done",
      exit: { message: "Ended by a command." },
    });
    expect(rig.tmux("default", "list-panes", "-a", "-F", "#{pane_id}").trim()).toBe("%0");
    expect(await rig.command(part, session, { type: "kill" })).toEqual(done);
    expect(await rig.command(part, session, { type: "send_input", text: "x" })).toMatchObject({
      code: "ended",
    });
    expect(part.handles({ type: "kill" }, newId("ses"))).toBe(false);
    const spawned = await paneWith(part, "sleep", "1000");
    expect(await rig.command(part, spawned, { type: "kill" })).toEqual(done);
    expect(eventsOf(rig.messages, spawned).at(-1)).toMatchObject({ type: "ended", status: "done" });
  });

  it("has killed what it killed, also when nothing can be stored at the moment", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "mine");
    rig.tmux("default", "split-window", "-d", "-t", "%0");
    const part = await rig.start();
    const session = sessionsByPane(rig.messages).get("default %1") ?? "";
    rig.setFull(true);
    expect(await rig.command(part, session, { type: "kill" })).toEqual(done);
    rig.setFull(false);
    await part.refresh();
    expect(eventsOf(rig.messages, session).at(-1)).toMatchObject({
      type: "ended",
      status: "done",
      exit: { message: "Ended by a command." },
    });
  });

  it("lives in a tmux that destroys what nobody is attached to", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "mine", ";", "set-option", "destroy-unattached", "off");
    rig.tmux("default", "set-option", "-g", "destroy-unattached", "on");
    const part = await rig.start();
    const session = await paneWith(part, "sleep", "1000");
    await part.refresh();
    expect(part.paneState(session)).toEqual({ state: "live" });
  });

  it("leaves no worktree behind when a spawn cannot be noted", async () => {
    const repo = makeRepo();
    const part = await rig.start();
    rig.store().db.exec("PRAGMA query_only = 1");
    const spawn = rig.command(part, newId("ses"), { type: "spawn", cwd: repo, worktree: { branch: "b" } });
    expect(await spawn).toMatchObject({ status: "failed" });
    rig.store().db.exec("PRAGMA query_only = 0");
    expect(execFileSync("git", ["-C", repo, "branch", "--list", "b"], { encoding: "utf8" })).toBe("");
    expect(existsSync(join(rig.directory, "worktrees", "repo", "b"))).toBe(false);
  });

  it("refuses to kill while work would be lost, says what, keeps the worktree, and removes it when it is clean", async () => {
    const repo = makeRepo();
    const part = await rig.start();
    const session = newId("ses");
    const command: Command = { type: "spawn", cwd: repo, worktree: { branch: "task/one" } };
    const made = valueOf(await rig.command(part, session, command), "pane");
    const worktree = made.worktree ?? { path: "", branch: "", base: "", repo: "" };
    expect(worktree).toMatchObject({
      branch: "task/one",
      repo,
      path: join(rig.directory, "worktrees", "repo", "task-one"),
    });
    await vi.waitFor(async () => {
      await part.refresh();
      expect(factsOf(rig.messages, session)).toMatchObject({ facts: { cwd: worktree.path, worktree } });
    });
    writeFileSync(join(worktree.path, "notes.txt"), "x");
    expect(await rig.command(part, session, { type: "kill" })).toMatchObject({
      status: "failed",
      code: "would_lose_work",
      details: ["uncommitted: ?? notes.txt"],
    });
    git(worktree.path, "add", ".");
    git(worktree.path, "commit", "-qm", "only here");
    expect(await rig.command(part, session, { type: "kill" })).toMatchObject({
      code: "would_lose_work",
      details: [expect.stringMatching(/^only here: [0-9a-f]+ only here$/)],
    });
    expect(part.paneState(session)).toEqual({ state: "live" });
    expect(await rig.command(part, session, { type: "remove_worktree" })).toMatchObject({ code: "running" });
    expect(await rig.command(part, session, { type: "kill", force: true })).toEqual(done);
    expect(existsSync(join(worktree.path, "notes.txt"))).toBe(true);
    expect(await rig.command(part, session, { type: "remove_worktree" })).toMatchObject({
      code: "would_lose_work",
    });
    git(repo, "merge", "-q", "task/one");
    expect(await rig.command(part, session, { type: "remove_worktree" })).toEqual(done);
    expect(existsSync(worktree.path)).toBe(false);
    expect(factsOf(rig.messages, session)).toMatchObject({ kind: "facts", facts: { worktree: null } });
    expect(await rig.command(part, session, { type: "remove_worktree" })).toMatchObject({
      code: "no_worktree",
    });
  });
});
