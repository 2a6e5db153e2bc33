import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newId } from "../../protocol/ids.ts";
import { TestTerminal } from "./rig/terminal.ts";
import { makeRig, noTmux, sessionsByPane, type Rig } from "./rig/tmuxRig.ts";
import type { Attachment, TmuxPart } from "./tmuxPart.ts";

let rig: Rig;
let part: TmuxPart;
beforeEach(async () => {
  rig = makeRig();
  part = await rig.start();
});
afterEach(() => rig.end());

async function paneWith(
  argv: string[],
  size: { cols?: number; rows?: number } = {},
): Promise<{ session: string; pane: string }> {
  const session = newId("ses");
  const result = await rig.command(part, session, { type: "spawn", cwd: rig.directory, argv, ...size });
  if (result.status !== "done" || result.value.type !== "pane") throw new Error(JSON.stringify(result));
  return { session, pane: result.value.pane.pane };
}

async function attach(session: string, onData: (bytes: Buffer) => void = () => {}): Promise<Attachment> {
  const result = await part.attach(session, {
    history: true,
    onData,
    onLost(reason) {
      throw new Error(reason);
    },
  });
  if (result.status !== "attached") throw new Error(JSON.stringify(result));
  return result.attachment;
}

function tmuxScreen(pane: string): string[] {
  return rig
    .tmux("default", "capture-pane", "-p", "-t", pane)
    .split("\n")
    .slice(0, -1)
    .map((row) => row.trimEnd());
}

function tmuxCursor(pane: string): { x: number; y: number } {
  const [x = 0, y = 0] = rig
    .tmux("default", "display-message", "-p", "-t", pane, "#{cursor_x} #{cursor_y}")
    .split(" ")
    .map(Number);
  return { x, y };
}

/** Without colours tmux prints line drawing as the letters it is made of. */
function plainDrawing(row: string): string {
  const letters: Record<string, string> = { "┌": "l", "─": "q", "┐": "k", "│": "x" };
  return row.replace(/[┌─┐│]/g, (line) => letters[line] ?? line);
}

async function draw(bytes: Uint8Array, cols: number, rows: number): Promise<TestTerminal> {
  const terminal = new TestTerminal(cols, rows);
  await terminal.write(bytes);
  return terminal;
}

/** A terminal that saw everything from the program's start, and the snapshot beside it. */
async function follow(argv: string[], size: { cols: number; rows: number }) {
  // The program starts when the terminal already looks on.
  const { session, pane } = await paneWith(["sh", "-c", `read go; exec "$@"`, "--", ...argv], size);
  const live = new TestTerminal(size.cols, size.rows);
  const writes: Promise<void>[] = [];
  const attachment = await attach(session, (bytes) => writes.push(live.write(bytes)));
  await live.write(attachment.screen.fresh());
  attachment.start();
  await part.type(session, Buffer.from("\r"));
  const settle = async () => {
    let before = -1;
    while (before !== writes.length) {
      before = writes.length;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await Promise.all(writes);
  };
  return { session, pane, live, settle };
}

async function expectSame(
  seen: { session: string; pane: string; live: TestTerminal },
  size: { cols: number; rows: number },
) {
  const captured = await part.capture(seen.session, { history: true });
  if (!captured.ok) throw new Error(captured.reason);
  const fresh = await draw(captured.screen.fresh(), size.cols, size.rows);
  // a redraw must come right on top of anything: another screen, odd modes, a region
  const dirty = await draw(
    Buffer.from(
      "\x1b[?1049h\x1b[41;1mRUBBISH\x1b[5;9r\x1b[?6h\x1b[4h\x1b[?7l\x1b[?25l\x1b[?1003h\x1b[?1h\x1b=\x0e\x1b(0lqk",
    ),
    size.cols,
    size.rows,
  );
  await dirty.write(captured.screen.redraw());
  for (const terminal of [fresh, dirty]) {
    expect(terminal.screen().map(plainDrawing)).toEqual(tmuxScreen(seen.pane));
    expect(terminal.cells()).toEqual(seen.live.cells());
    expect(terminal.alternate).toBe(seen.live.alternate);
    expect(terminal.modes).toEqual(seen.live.modes);
    expect(terminal.cursor).toEqual(seen.live.cursor);
    expect(terminal.answers).toBe("");
  }
  expect(seen.live.answers).toBe("");
  const { x, y } = tmuxCursor(seen.pane);
  expect(fresh.cursor).toEqual({ x, y });
  return fresh;
}

describe.skipIf(noTmux !== null)(`attaching (${noTmux ?? "real tmux"})`, () => {
  it("has no gap and no overlap under a flood, each of 25 times", { timeout: 60_000 }, async () => {
    const { session } = await paneWith([
      "sh",
      "-c",
      "i=0; while :; do seq $((i*5000)) $((i*5000+4999)); i=$((i+1)); done",
    ]);
    for (let round = 0; round < 25; round++) {
      const chunks: Buffer[] = [];
      const attachment = await attach(session, (bytes) => chunks.push(bytes));
      attachment.start();
      const terminal = await draw(attachment.screen.fresh(), attachment.screen.cols, attachment.screen.rows);
      await vi.waitFor(
        () => expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBeGreaterThan(200_000),
        5_000,
      );
      await attachment.close();
      for (const chunk of chunks) await terminal.write(chunk);
      const numbers = terminal
        .lines()
        .filter((line) => line !== "")
        .slice(0, -1)
        .map(Number);
      expect(numbers.length).toBeGreaterThan(10_000);
      const first = numbers[0] ?? 0;
      expect(numbers).toEqual(numbers.map((_, i) => first + i));
    }
    // nothing stays behind
    expect(rig.tmux("default", "list-panes", "-a", "-F", "#{pane_pipe}[#{@signalbox_pipe}]").trim()).toBe(
      "0[]",
    );
    expect(readdirSync(join(rig.directory, "state", "pipes"))).toEqual([]);
  });

  it("lets a second attachment take the place of the first, which then changes nothing", async () => {
    const { session, pane } = await paneWith(["sh", "-c", "while read x; do echo got $x; done"]);
    const first: string[] = [];
    const second: string[] = [];
    const one = await attach(session, (bytes) => first.push(bytes.toString()));
    one.start();
    await part.type(session, Buffer.from("a\r"));
    await vi.waitFor(() => expect(first.join("")).toContain("got a"));
    const two = await attach(session, (bytes) => second.push(bytes.toString()));
    two.start();
    await part.type(session, Buffer.from("b\r"));
    await vi.waitFor(() => expect(second.join("")).toContain("got b"));
    expect(first.join("")).not.toContain("got b");
    await one.close();
    expect(rig.tmux("default", "display-message", "-p", "-t", pane, "#{pane_pipe}").trim()).toBe("1");
    await part.type(session, Buffer.from("c\r"));
    await vi.waitFor(() => expect(second.join("")).toContain("got c"));
    await two.close();
    expect(rig.tmux("default", "display-message", "-p", "-t", pane, "#{pane_pipe}").trim()).toBe("0");
  });

  it("leaves somebody else's pipe alone, and replaces one that a killed daemon of ours left", async () => {
    const { session, pane } = await paneWith(["sh", "-c", "while read x; do echo got $x; done"]);
    const log = join(rig.directory, "their.log");
    rig.tmux("default", "pipe-pane", "-O", "-t", pane, `cat >> ${log}`);
    expect(await part.attach(session, { history: true, onData: () => {}, onLost: () => {} })).toEqual({
      status: "occupied",
    });
    rig.tmux("default", "pipe-pane", "-t", pane);

    const left = await attach(session);
    left.start();
    // what a killed daemon leaves: the pipe, its mark and the process
    const orphan = rig
      .tmux("default", "display-message", "-p", "-t", pane, "#{pane_pipe} #{@signalbox_pipe}")
      .trim();
    expect(orphan).toMatch(/^1 \//);
    const later = await rig.start();
    const seen: string[] = [];
    const result = await later.attach(session, {
      history: true,
      onData: (bytes) => seen.push(bytes.toString()),
      onLost: () => {},
    });
    if (result.status !== "attached") throw new Error(JSON.stringify(result));
    result.attachment.start();
    await later.type(session, Buffer.from("x\r"));
    await vi.waitFor(() => expect(seen.join("")).toContain("got x"));
  });

  it("says that its pipe was taken, and does not end the other's", async () => {
    const { session, pane } = await paneWith(["sh", "-c", "while read x; do echo got $x; done"]);
    const onLost = vi.fn();
    const result = await part.attach(session, { history: true, onData: () => {}, onLost });
    if (result.status !== "attached") throw new Error(JSON.stringify(result));
    result.attachment.start();
    rig.tmux("default", "pipe-pane", "-O", "-t", pane, `cat >> ${join(rig.directory, "their.log")}`);
    await vi.waitFor(() => expect(onLost).toHaveBeenCalled(), 6_000);
    await result.attachment.close();
    expect(rig.tmux("default", "display-message", "-p", "-t", pane, "#{pane_pipe}").trim()).toBe("1");
  });

  it("says when the pane is gone", async () => {
    const { session, pane } = await paneWith(["sleep", "1000"]);
    rig.tmux("default", "kill-pane", "-t", pane);
    expect(
      (await part.attach(session, { history: true, onData: () => {}, onLost: () => {} })).status,
    ).not.toBe("attached");
    await part.refresh();
    expect(await part.attach(session, { history: true, onData: () => {}, onLost: () => {} })).toEqual({
      status: "gone",
      reason: "The pane is gone.",
    });
    expect(await part.type(session, Buffer.from("x"))).toEqual({ ok: false, reason: "The pane is gone." });
  });
});

describe.skipIf(noTmux !== null)(`screens (${noTmux ?? "real tmux"})`, () => {
  const size = { cols: 80, rows: 24 };

  it.each([
    [
      "vim with syntax colours and a selection",
      [
        "vim",
        "-u",
        "NONE",
        "-N",
        "-c",
        "syntax on|set nu ruler laststatus=2 hlsearch|normal! /retu\r",
        "code.c",
      ],
      "Vjj",
    ],
    ["less", ["less", "long.txt"], "  j"],
  ])("%s", { timeout: 30_000 }, async (_, argv, keys) => {
    writeFileSync(
      join(rig.directory, "code.c"),
      "/* a comment äöü 世界 */\n#include <stdio.h>\nint main(void) {\n\treturn 0; // ok\n}\n".repeat(20),
    );
    writeFileSync(
      join(rig.directory, "long.txt"),
      Array.from({ length: 500 }, (_, i) => `line ${i} ${"wide ".repeat(i % 30)}\n`).join(""),
    );
    const seen = await follow(argv, size);
    await seen.settle();
    await part.type(seen.session, Buffer.from(keys));
    await seen.settle();
    expect(seen.live.alternate).toBe(true);
    await expectSame(seen, size);
  });

  it("colours, attributes, line drawing, wide characters and background to the edge", async () => {
    const file = join(rig.directory, "art");
    writeFileSync(
      file,
      [
        "\x1b[1mbold\x1b[0m \x1b[2mdim\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4munder\x1b[0m \x1b[7mreverse\x1b[0m \x1b[9mstrike\x1b[0m",
        "\x1b[31mred \x1b[42mon green\x1b[0m \x1b[38;5;208mpalette\x1b[0m \x1b[38;2;10;20;30;48;2;200;100;50mtrue\x1b[0m \x1b[95mbright\x1b[0m",
        // (cells that are only erased to a colour are not in what tmux 3.3 captures)
        `\x1b[44m${"blue to the edge".padEnd(80)}`,
        `${"still blue".padEnd(80)}\x1b[0m`,
        "\x1b(0lqqqk\x1b(B and \x1b(0x\x1b(B",
        `wide 世界 and a full row ${"=".repeat(56)}|`,
        "\x1b[7m                              \x1b[0m",
        "last \x1b[33myellow runs on",
      ].join("\n"),
    );
    const seen = await follow(["sh", "-c", `cat ${file}; printf '\\033[0m'; sleep 1000`], size);
    await seen.settle();
    await expectSame(seen, size);
  });

  it(
    "cursor at the edge, scroll region, origin, insert, no wrap, keypad, mouse, hidden cursor, tab stops",
    { timeout: 30_000 },
    async () => {
      const programs = [
        `printf '%080d' 7`,
        `printf 'a\\033[5;10r\\033[?6h\\033[2;3Hx'`,
        `printf '\\033[4h\\033[?7l\\033[?1h\\033=ins'`,
        `printf '\\033[?1002h\\033[?1006h\\033[?25lmouse'`,
        `printf '\\033[3g\\033[5G\\033H\\033[11G\\033H\\ra\\tb\\tc'`,
      ];
      for (const program of programs) {
        const seen = await follow(["sh", "-c", `${program}; sleep 1000`], size);
        await seen.settle();
        const captured = await part.capture(seen.session, { history: true });
        if (!captured.ok) throw new Error(captured.reason);
        const fresh = await draw(captured.screen.fresh(), size.cols, size.rows);
        expect(fresh.cursor).toEqual(seen.live.cursor);
        expect(fresh.modes).toEqual(seen.live.modes);
        // what is printed next lands in the same place
        for (const terminal of [fresh, seen.live]) await terminal.write("\tNEXT\r\n\tmore\x1b[?1;1Hend");
        expect(fresh.screen()).toEqual(seen.live.screen());
        expect(fresh.cursor).toEqual(seen.live.cursor);
      }
    },
  );

  it("comes with history, wrapped lines joined, and the main screen under the alternate one", async () => {
    const program =
      "seq -f 'row %g' 100; printf '%0200d\\n' 5; seq 200 240; printf 'prompt'; printf '\\033[?1049hALTERNATE'; sleep 1000";
    const seen = await follow(["sh", "-c", program], size);
    await seen.settle();
    const fresh = await expectSame(seen, size);
    expect(fresh.screen()).toContain("      ALTERNATE");
    await fresh.write("\x1b[?1049l");
    await seen.live.write("\x1b[?1049l");
    expect(fresh.screen()).toEqual(seen.live.screen());
    expect(fresh.cursor).toEqual(seen.live.cursor);
    const lines = fresh.lines();
    expect(lines).toContain("row 1");
    expect(lines).toContain("5".padStart(200, "0"));
    expect(lines.slice(-2)).toEqual(["240", "prompt"]);
    // a redraw keeps scrollback
    const captured = await part.capture(seen.session, { history: true });
    if (!captured.ok) throw new Error(captured.reason);
    const before = fresh.lines().length;
    await fresh.write(captured.screen.redraw());
    await fresh.write("\x1b[?1049l");
    expect(fresh.lines()).toHaveLength(before);
  });

  it("takes the title sequence and questions out of the stream", async () => {
    const { session } = await paneWith([
      "sh",
      "-c",
      "read go; printf '\\033ktitle\\033\\\\\\033[6n\\033[c\\033]11;?\\007shown'; cat",
    ]);
    const terminal = new TestTerminal(120, 36);
    const attachment = await attach(session, (bytes) => void terminal.write(bytes));
    attachment.start();
    await part.type(session, Buffer.from("\r"));
    await vi.waitFor(() => expect(terminal.screen().join("")).toContain("shown"));
    expect(terminal.screen().join("")).not.toContain("title");
    expect(terminal.answers).toBe("");
  });
});

describe.skipIf(noTmux !== null)(`size and search of a watched pane (${noTmux ?? "real tmux"})`, () => {
  it("fits the pane to its viewer, unless a person looks at it with tmux", async () => {
    const { session, pane } = await paneWith(["sh"]);
    const news = vi.fn();
    part.listen(session, news);
    expect(await part.fit(session, 101, 33)).toMatchObject({ ok: true });
    expect(news).toHaveBeenCalledWith({ type: "resized", cols: 101, rows: 33 });
    const size = () =>
      rig.tmux("default", "display-message", "-p", "-t", pane, "#{pane_width}x#{pane_height}").trim();
    expect(size()).toBe("101x33");
    // a person's terminal: tmux in a pane of another server
    rig.tmux(
      "outer",
      "new-session",
      "-d",
      "-x",
      "90",
      "-y",
      "31",
      `env -u TMUX tmux -L default attach -t ${pane}`,
    );
    await vi.waitFor(() => expect(size()).toBe("90x30"));
    await part.refresh();
    expect(await part.fit(session, 60, 20)).toMatchObject({ ok: true });
    expect(size()).toBe("90x30");
  });

  it("searches the ring once it reaches further back than tmux's history", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "other");
    rig.tmux("default", "set-option", "-g", "history-limit", "50");
    const { session } = await paneWith(["sh", "-c", "read go; seq -f 'needle %g' 400; read end; clear; cat"]);
    const attachment = await attach(session);
    attachment.start();
    await part.type(session, Buffer.from("\r"));
    await vi.waitFor(async () => {
      const found = await rig.command(part, session, {
        type: "search",
        pattern: "^needle 1\\d$",
        regex: true,
      });
      expect(found).toMatchObject({ status: "done", value: { source: "ring", matches: { length: 10 } } });
    });
    await attachment.close();
    expect(await rig.command(part, session, { type: "search", pattern: "needle 1" })).toMatchObject({
      value: { source: "history", matches: [] },
    });
    expect(sessionsByPane(rig.messages).size).toBe(2);
  });
});
