import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ripgrepArgv } from "./searchByRipgrep.ts";
import { makeToolRig } from "./testing/toolRig.ts";

describe.each([
  ["ripgrep", "rg"],
  ["the walk", "no-such-ripgrep"],
])("search_files by %s", (_name, ripgrep) => {
  it("finds lines by a regular expression, in order, and nothing in what is skipped or led to", async () => {
    const rig = makeToolRig({ ripgrep });
    mkdirSync(join(rig.root, "b/.hidden"), { recursive: true });
    mkdirSync(join(rig.root, ".git"));
    mkdirSync(join(rig.root, "node_modules"));
    for (const file of ["a.txt", "b/x.txt", "b/.hidden/y", ".git/config", "node_modules/z"]) {
      writeFileSync(join(rig.root, file), "no\nneedle 12\nno\nneedle 3\n");
    }
    writeFileSync(join(rig.root, "binary"), "needle 1\0needle 2");
    writeFileSync(join(rig.outside, "secret"), "needle 9\n");
    symlinkSync(rig.outside, join(rig.root, "away"));
    symlinkSync(join(rig.outside, "secret"), join(rig.root, "leak"));
    expect((await rig.output("search_files", { pattern: "needle \\d+$" })).text.split("\n")).toEqual([
      "a.txt:2: needle 12",
      "a.txt:4: needle 3",
      "b/.hidden/y:2: needle 12",
      "b/.hidden/y:4: needle 3",
      "b/x.txt:2: needle 12",
      "b/x.txt:4: needle 3",
    ]);
    expect((await rig.output("search_files", { pattern: "12", path: "b/x.txt" })).text).toBe(
      "b/x.txt:2: needle 12",
    );
    expect((await rig.output("search_files", { pattern: "12", path: "b" })).text).toBe(
      "b/.hidden/y:2: needle 12\nb/x.txt:2: needle 12",
    );
    expect((await rig.output("search_files", { pattern: "absent" })).text).toBe("Nothing was found.");
    for (const path of ["away", "leak", "..", "/etc"]) {
      expect(await rig.run("search_files", { pattern: "needle", path }), path).toMatchObject({
        status: "failed",
        code: "outside_workspace",
      });
    }
  });

  it("takes no part of a pattern for an option, and says what is wrong with one", async () => {
    const rig = makeToolRig({ ripgrep });
    writeFileSync(join(rig.root, "a"), "--files\n--pre=touch x\n");
    expect((await rig.output("search_files", { pattern: "--files" })).text).toBe("a:1: --files");
    expect((await rig.output("search_files", { pattern: "--pre=touch" })).text).toBe("a:2: --pre=touch x");
    expect(await rig.output("search_files", { pattern: "(" })).toMatchObject({ ok: false });
    expect(await rig.output("search_files", { pattern: "(?=a)" })).toMatchObject({ ok: false });
  });

  it("stays in its bounds: many matches, long lines, a pattern made to take forever, a closed directory, a cancel", async () => {
    const rig = makeToolRig({ ripgrep });
    writeFileSync(join(rig.root, "many"), "x\n".repeat(100_000));
    const many = await rig.output("search_files", { pattern: "x" });
    expect(many.text.split("\n")).toHaveLength(101);
    expect(many.text).toMatch(/\n\[there are more; search in less, or for less\]$/);
    writeFileSync(join(rig.root, "many"), `${"y".repeat(100_000)}\n`.repeat(20));
    const long = await rig.output("search_files", { pattern: "y", limit: 500 });
    expect(Buffer.byteLength(long.text)).toBeLessThanOrEqual(32 * 1024);
    expect(long.text).toMatch(/(?:bytes cut …|more matches)\]\n/);
    writeFileSync(join(rig.root, "many"), `${"a".repeat(50_000)}!\n`);
    const began = Date.now();
    await rig.output("search_files", { pattern: "^(a+)+$" });
    expect(Date.now() - began).toBeLessThan(5_000);
    const closed = makeToolRig({ ripgrep });
    writeFileSync(join(closed.state, "token"), "needle\n");
    expect(
      (
        await closed.output(
          "search_files",
          { pattern: "needle", path: closed.directory },
          { outside: [closed.directory] },
        )
      ).text,
    ).toBe("Nothing was found.");
    expect(await rig.run("search_files", { pattern: "a" }, { signal: AbortSignal.abort() })).toEqual({
      status: "cancelled",
    });
  });
});

it("gives ripgrep no configuration and ends its options before the path", () => {
  const argv = ripgrepArgv("rg", "--pre=x");
  expect(argv.slice(0, 2)).toEqual(["rg", "--no-config"]);
  expect(argv.slice(-4)).toEqual(["-e", "--pre=x", "--", "."]);
});
