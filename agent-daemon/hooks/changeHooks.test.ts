import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "vitest";
import { changeHooks, readClaudeHook } from "./changeHooks.ts";

let dir: string;
let settings: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "hooks-"));
  settings = join(dir, "settings.json");
});
afterEach(() => rmSync(dir, { recursive: true }));

const change = (action: "install" | "remove" | "status", socket = "/state/hooks.sock") =>
  changeHooks(action, { env: { CLAUDE_CONFIG_DIR: dir }, node: "/n o'de", program: "/agent.mjs", socket });
const text = () => readFileSync(settings, "utf8");

/** Settings as people have them. */
const SETTINGS: Record<string, string> = {
  empty: "{}",
  "two spaces": '{\n  "model": "opus",\n  "permissions": {"allow": ["Bash(ls:*)"]}\n}\n',
  tabs: '{\n\t"model": "opus"\n}\n',
  "no line end": '{ "a": [1,2,   3] }',
  "Windows lines": '{\r\n  "a": 1\r\n}\r\n',
  comments: '{\n  // mine\n  "a": 1,\n}\n',
  "other hooks": '{"hooks": {"Stop": [{"hooks": [{"type":"command","command":"say done"}]}]}}\n',
  "hooks of the same kind":
    '{\n    "hooks": {\n        "PermissionRequest": [\n            {"matcher": "Bash", "hooks": [{"type": "command", "command": "log"}]}\n        ]\n    }\n}\n',
};

describe("Claude Code's settings", () => {
  for (const [name, before] of Object.entries(SETTINGS)) {
    test(`keep every other byte: ${name}`, ({ expect }) => {
      writeFileSync(settings, before, { mode: 0o640 });
      expect(change("install")).toMatchObject({ changed: true, state: "installed" });
      expect(text()).toContain("claude-hook");
      expect(change("install")).toMatchObject({ changed: false });
      expect(change("install", "/other.sock")).toMatchObject({ changed: true, state: "installed" });
      expect(text().match(/claude-hook/g)).toHaveLength(1);
      expect(change("remove")).toMatchObject({ changed: true, state: "missing" });
      expect(text()).toBe(before);
      expect(statSync(settings).mode & 0o777).toBe(0o640);
      expect(change("remove")).toMatchObject({ changed: false });
    });
  }

  test("that were not there are not there afterwards", ({ expect }) => {
    change("install");
    expect(existsSync(settings)).toBe(true);
    change("remove");
    expect(existsSync(settings)).toBe(false);
  });

  test("changed meanwhile keep the change", ({ expect }) => {
    writeFileSync(settings, '{\n  "a": 1\n}\n');
    change("install");
    writeFileSync(settings, text().replace('"a": 1', '"a": 2'));
    change("remove");
    expect(JSON.parse(text())).toEqual({ a: 2 });
  });

  test("kept elsewhere are changed there", ({ expect }) => {
    const real = join(dir, "dotfiles.json");
    writeFileSync(real, "{}");
    symlinkSync(real, settings);
    change("install");
    expect(lstatSync(settings).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, "utf8")).toContain("claude-hook");
  });

  test("that are not JSON, or of another shape, are left alone", ({ expect }) => {
    for (const odd of ["{ not json", '{"hooks": []}', "[]"]) {
      writeFileSync(settings, odd);
      expect(() => change("install")).toThrow();
      expect(text()).toBe(odd);
    }
  });

  test("tell what is to be done, and nothing when they cannot be read", ({ expect }) => {
    const place = { env: { CLAUDE_CONFIG_DIR: dir }, node: "/n o'de", program: "/agent.mjs", socket: "/s" };
    expect(readClaudeHook(place)).toEqual({
      state: "missing",
      install: `'/n o'\\''de' '/agent.mjs' 'hooks' 'install'`,
    });
    writeFileSync(settings, "{ not json");
    expect(readClaudeHook(place)).toBeUndefined();
  });

  test("a directory that is missing is made", ({ expect }) => {
    rmSync(dir, { recursive: true });
    expect(change("install").state).toBe("installed");
    mkdirSync(dir, { recursive: true });
  });
});
