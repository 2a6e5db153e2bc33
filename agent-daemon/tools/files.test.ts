import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { makeToolRig } from "./testing/toolRig.ts";

describe("read_file", () => {
  it("gives lines with their numbers, from where and as many as asked for", async () => {
    const rig = makeToolRig();
    writeFileSync(join(rig.root, "a.txt"), "one\r\ntwo\n\nfour");
    expect(await rig.output("read_file", { path: "a.txt" })).toEqual({
      ok: true,
      text: "     1\tone\n     2\ttwo\n     3\t\n     4\tfour",
      cut: 0,
    });
    expect((await rig.output("read_file", { path: "a.txt", from_line: 2, lines: 1 })).text).toBe(
      "     2\ttwo\n[5 more bytes follow; go on with from_line 3]",
    );
    expect(await rig.output("read_file", { path: "a.txt", from_line: 9 })).toMatchObject({
      ok: false,
      text: "a.txt has 4 lines; there is no line 9.",
    });
    writeFileSync(join(rig.root, "empty"), "");
    expect(await rig.output("read_file", { path: "empty" })).toMatchObject({
      ok: true,
      text: "empty is empty.",
    });
    expect(await rig.output("read_file", { path: "none" })).toMatchObject({
      ok: false,
      text: "There is no none.",
    });
    expect(await rig.output("read_file", { path: "." })).toMatchObject({
      ok: false,
      text: ". is a directory; list_files shows what is in it.",
    });
  });

  it("stays in its bounds with a large file, a long line, a character at the edge", async () => {
    const rig = makeToolRig();
    const lines = Array.from({ length: 300_000 }, (_, n) => `line ${n + 1} ü`);
    writeFileSync(join(rig.root, "large"), `${lines.join("\n")}\n`);
    const first = await rig.output("read_file", { path: "large" });
    expect(Buffer.byteLength(first.text)).toBeLessThanOrEqual(32 * 1024);
    const next = /\[(\d+) more bytes follow; go on with from_line (\d+)\]$/.exec(first.text);
    expect(first.cut).toBe(Number(next?.[1]));
    const second = await rig.output("read_file", { path: "large", from_line: Number(next?.[2]), lines: 2 });
    expect(second.text).toMatch(new RegExp(`^ *${next?.[2]}\tline ${next?.[2]} ü\n`));
    expect((await rig.output("read_file", { path: "large", from_line: 299_999 })).text).toBe(
      "299999\tline 299999 ü\n300000\tline 300000 ü",
    );
    writeFileSync(join(rig.root, "long"), `${"ü".repeat(3_000_000)}\nend`);
    const long = await rig.output("read_file", { path: "long" });
    expect(long.text).toMatch(/^ {5}1\tü+ \[… \d+ bytes cut …\]\n {5}2\tend$/);
    expect(Buffer.byteLength(long.text)).toBeLessThan(2_200);
    expect(long.cut).toBeGreaterThan(5_990_000);
  });

  it("knows what is no text, and is not held up by what is no file", async () => {
    const rig = makeToolRig();
    writeFileSync(join(rig.root, "bin"), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]));
    expect(await rig.output("read_file", { path: "bin" })).toMatchObject({
      ok: false,
      text: expect.stringMatching(/^bin is not text: \[binary, 6 bytes.*\n7f 45 4c 46 00 01$/),
    });
    execFileSync("mkfifo", [join(rig.root, "fifo")]);
    expect(await rig.output("read_file", { path: "fifo" })).toMatchObject({
      ok: false,
      text: "fifo is not a regular file.",
    });
    expect(await rig.output("write_file", { path: "fifo", text: "x" })).toMatchObject({
      ok: false,
      text: "fifo is not a regular file.",
    });
  });

  it("reads outside only what was granted, and never the daemon's own files", async () => {
    const rig = makeToolRig();
    writeFileSync(join(rig.outside, "secret"), "s");
    symlinkSync(join(rig.outside, "secret"), join(rig.root, "leak"));
    for (const path of ["leak", "../out/secret", join(rig.outside, "secret")]) {
      expect(await rig.run("read_file", { path }), path).toMatchObject({
        status: "failed",
        code: "outside_workspace",
      });
    }
    const granted = { outside: [join(rig.outside, "secret")] };
    expect(await rig.output("read_file", { path: join(rig.outside, "secret") }, granted)).toMatchObject({
      text: "     1\ts",
    });
    expect(
      await rig.run("read_file", { path: join(rig.state, "agent.db") }, { outside: [rig.directory] }),
    ).toMatchObject({ status: "failed", code: "closed" });
  });
});

describe("write_file and edit_file", () => {
  it("makes a file with its directories, changes it, keeps its mode, and shows what changed", async () => {
    const rig = makeToolRig();
    expect(await rig.output("write_file", { path: "new/dir/a.txt", text: "one\ntwo\n" })).toEqual({
      ok: true,
      text: "--- /dev/null\n+++ b/new/dir/a.txt\n@@ -0,0 +1,2 @@\n+one\n+two",
      cut: 0,
    });
    const path = join(rig.root, "new/dir/a.txt");
    chmodSync(path, 0o750);
    expect(
      (await rig.output("edit_file", { path: "new/dir/a.txt", old_text: "two", new_text: "2" })).text,
    ).toBe("--- a/new/dir/a.txt\n+++ b/new/dir/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2");
    expect(statSync(path).mode & 0o777).toBe(0o750);
    expect(await rig.output("write_file", { path: "new/dir/a.txt", text: "one\n2\n" })).toMatchObject({
      ok: true,
      text: "new/dir/a.txt holds exactly this already.",
    });
    expect(await rig.output("write_file", { path: "none", text: "" })).toMatchObject({
      ok: true,
      text: "none was made, and is empty.",
    });
    expect(readFileSync(path, "utf8")).toBe("one\n2\n");
    expect(readdirSync(join(rig.root, "new/dir"))).toEqual(["a.txt"]);
  });

  it("edits only text that occurs exactly once, and says where it is otherwise", async () => {
    const rig = makeToolRig();
    const path = join(rig.root, "a");
    writeFileSync(path, "\ufeffx = 1;\r\ny = 1;\r\naaa\r\n");
    const edit = (old_text: string, new_text: string) =>
      rig.output("edit_file", { path: "a", old_text, new_text });
    expect(await edit("= 1", "= 2")).toMatchObject({
      ok: false,
      text: "The old text occurs 2 times in a (lines 1, 2); give more of what is around it.",
    });
    expect(await edit("aa", "b")).toMatchObject({ ok: false });
    expect(await edit("z", "b")).toMatchObject({ ok: false, text: "The old text does not occur in a." });
    expect(await edit("x = 1;\ny", "b")).toMatchObject({
      ok: false,
      text: "The old text does not occur in a. Its lines end in CR LF.",
    });
    expect(await edit("x = 1", "x = 1")).toMatchObject({ ok: false });
    expect(await edit("x = 1", "$& $1")).toMatchObject({ ok: true });
    expect(readFileSync(path, "utf8")).toBe("\ufeff$& $1;\r\ny = 1;\r\naaa\r\n");
    // Twice: the second finds nothing to do, and breaks nothing.
    expect(await edit("x = 1", "$& $1")).toMatchObject({ ok: false });
    expect(await rig.output("edit_file", { path: "none", old_text: "a", new_text: "b" })).toMatchObject({
      ok: false,
      text: "There is no none.",
    });
  });

  it("leaves alone what is no text, read-only, a directory, outside, or git's", async () => {
    const rig = makeToolRig();
    writeFileSync(join(rig.root, "latin"), Buffer.from([0x66, 0xfc, 0x72]));
    writeFileSync(join(rig.root, "fixed"), "a");
    chmodSync(join(rig.root, "fixed"), 0o444);
    mkdirSync(join(rig.root, "dir"));
    for (const path of ["latin", "fixed", "dir"]) {
      expect(await rig.output("write_file", { path, text: "x" }), path).toMatchObject({ ok: false });
    }
    expect(await rig.run("write_file", { path: "fixed/x", text: "x" })).toMatchObject({ code: "bad_path" });
    symlinkSync(rig.outside, join(rig.root, "away"));
    for (const path of ["away/x", "../x", "/etc/x", join(rig.outside, "x"), ".git/config", "away/new/x"]) {
      expect(
        await rig.run("write_file", { path, text: "x" }, { outside: [rig.outside] }),
        path,
      ).toMatchObject({ status: "failed" });
    }
    expect(readdirSync(rig.outside)).toEqual([]);
    expect(readdirSync(rig.root).sort()).toEqual(["away", "dir", "fixed", "latin"]);
  });

  it("writes through a link to the file it leads to, when that is inside", async () => {
    const rig = makeToolRig();
    writeFileSync(join(rig.root, "real"), "a\n");
    symlinkSync("real", join(rig.root, "link"));
    expect(await rig.output("edit_file", { path: "link", old_text: "a", new_text: "b" })).toMatchObject({
      ok: true,
    });
    expect(readFileSync(join(rig.root, "real"), "utf8")).toBe("b\n");
    expect(existsSync(join(rig.root, "link"))).toBe(true);
  });

  it("never writes outside while a parent directory is swapped for a link", async () => {
    const rig = makeToolRig();
    mkdirSync(join(rig.root, "sub"));
    const swaps = new AbortController();
    const swapper = (async () => {
      while (!swaps.signal.aborted) {
        renameSync(join(rig.root, "sub"), join(rig.root, "was"));
        symlinkSync(rig.outside, join(rig.root, "sub"));
        await sleep(1);
        renameSync(join(rig.root, "sub"), join(rig.root, "link"));
        renameSync(join(rig.root, "was"), join(rig.root, "sub"));
        await sleep(1);
      }
    })();
    let written = 0;
    for (let n = 0; n < 150; n++) {
      const result = await rig.run("write_file", { path: `sub/d${n}/f`, text: "x" });
      if (result.status === "done" && result.value.type === "tool" && result.value.output.ok) written++;
    }
    swaps.abort();
    await swapper;
    expect(readdirSync(rig.outside)).toEqual([]);
    expect(written).toBeGreaterThan(0);
  });

  it("removes a half-written file that a dead daemon left", async () => {
    const rig = makeToolRig();
    const temp = join(rig.root, ".signalbox-0.tmp");
    writeFileSync(temp, "half");
    rig.store.db.prepare("INSERT INTO tool_calls (id, temp) VALUES ('cmd_x', ?)").run(temp);
    const next = rig.start();
    await next.stop();
    expect(existsSync(temp)).toBe(false);
    expect(rig.store.db.prepare("SELECT count(*) AS n FROM tool_calls").get()).toEqual({ n: 0 });
  });
});

describe("list_files", () => {
  it("lists a tree, names links without following them, and skips .git and node_modules", async () => {
    const rig = makeToolRig();
    mkdirSync(join(rig.root, "b/c/d"), { recursive: true });
    mkdirSync(join(rig.root, ".git/objects"), { recursive: true });
    mkdirSync(join(rig.root, "node_modules/x"), { recursive: true });
    writeFileSync(join(rig.root, "b/c/file"), "12345");
    writeFileSync(join(rig.root, "a\nb"), "");
    symlinkSync(rig.outside, join(rig.root, "z"));
    writeFileSync(join(rig.outside, "secret"), "");
    expect((await rig.output("list_files", { depth: 5 })).text).toBe(
      [
        ".git/",
        '"a\\nb"  0',
        "b/",
        "  c/",
        "    d/",
        "    file  5",
        "node_modules/",
        `z -> ${rig.outside}`,
      ].join("\n"),
    );
    expect((await rig.output("list_files", {})).text.split("\n")).toHaveLength(5);
    expect((await rig.output("list_files", { path: "b/c/d" })).text).toBe("b/c/d is empty.");
    expect(await rig.output("list_files", { path: "b/c/file" })).toMatchObject({ ok: false });
    expect(await rig.run("list_files", { path: "z" })).toMatchObject({ status: "failed" });
    expect((await rig.output("list_files", { path: rig.outside }, { outside: [rig.outside] })).text).toBe(
      "secret  0",
    );
  });

  it("ends at its bounds and says how much is left", async () => {
    const rig = makeToolRig();
    for (let n = 0; n < 1_200; n++) writeFileSync(join(rig.root, `f${n}`), "");
    const { text } = await rig.output("list_files", {});
    expect(text).toMatch(/\n\[200 more entries are not shown/);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(32 * 1024);
  });
});
