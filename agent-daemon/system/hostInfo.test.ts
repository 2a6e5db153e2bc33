import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { HostInfo } from "../../protocol/host.ts";
import { tempDir } from "../testing/tempDir.ts";
import { findProgram, makeVersionReader, readHostInfo, readVersion } from "./hostInfo.ts";

function program(path: string, script: string): string {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("a version is the first word that looks like one", ({ expect }) => {
  expect(["codex-cli 0.169.0", "2.1.328 (Claude Code)", "v1.2.3-beta.1\n", "none"].map(readVersion)).toEqual([
    "0.169.0",
    "2.1.328",
    "1.2.3-beta.1",
    "unknown",
  ]);
});

test("a program is found as a shell finds it", async ({ expect }) => {
  const dir = tempDir();
  mkdirSync(join(dir, "a/tool"), { recursive: true });
  mkdirSync(join(dir, "b"));
  writeFileSync(join(dir, "b/plain"), "");
  const tool = program(join(dir, "b/tool"), "exit 0");
  const path = `${join(dir, "a")}:${join(dir, "missing")}:${join(dir, "b")}`;
  expect(await findProgram("tool", path)).toBe(tool); // a directory of that name is none
  expect(await findProgram(tool, "")).toBe(tool);
  expect([await findProgram("plain", path), await findProgram("nothing", path)]).toEqual([null, null]);
});

test("versions are asked once per file, and anew when it was replaced", async ({ expect }) => {
  const dir = tempDir();
  const tool = join(dir, "tool");
  const count = join(dir, "count");
  program(tool, `echo x >> ${count}; echo 'tool 1.0.0'`);
  const read = makeVersionReader();
  expect([await read(tool), await read(tool)]).toEqual(["1.0.0", "1.0.0"]);
  await new Promise((resolve) => setTimeout(resolve, 10));
  program(tool, "echo 'tool 2.0.0' >&2");
  expect(await read(tool)).toBe("2.0.0");
  expect(await read(join(dir, "missing"))).toBeNull();
  expect(await read(program(join(dir, "fails"), "exit 3"))).toBe("unknown");
});

test("what the daemon says of its machine fits the protocol, however much there is", async ({ expect }) => {
  const info = await readHostInfo({
    config: {
      agents: {
        codex: "codex",
        claude: "claude",
        opencode: "opencode",
        gemini: "gemini",
        acp: { here: [process.execPath, "agent.mjs"], missing: ["/no/such/program"] },
      },
      workspaces: Array.from({ length: 300 }, (_, i) => `/w/${i}`),
    },
    readVersion: (name) => Promise.resolve(name === "codex" ? "0.169.0" : null),
    tmuxVersion: null,
    problems: Array.from({ length: 50 }, () => "p".repeat(2_000)),
  });
  expect(HostInfo.parse(info)).toEqual(info);
  expect(info.agents).toEqual({ codex: "0.169.0" });
  expect(info.acp).toEqual(["here"]);
});
