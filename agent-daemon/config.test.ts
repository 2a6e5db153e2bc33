import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { readConfig } from "./config.ts";
import { tempDir } from "./testing/tempDir.ts";

test("every value has a default, and what is given wins", ({ expect }) => {
  const path = join(tempDir(), "agent.yaml");
  expect(readConfig(path)).toMatchObject({
    url: "http://127.0.0.1:8787",
    tmux: { sockets: "auto", adopt: "all" },
    workspaces: [homedir()],
  });
  writeFileSync(path, "# only comments\n");
  expect(readConfig(path)).toEqual(readConfig("/nowhere/agent.yaml"));
  writeFileSync(path, "url: https://box.example.com\ntmux:\n  sockets: [default, work]\n");
  const config = readConfig(path, { state_dir: "/s" });
  expect([config.url, config.tmux.sockets, config.tmux.path, config.state_dir]).toEqual([
    "https://box.example.com",
    ["default", "work"],
    "tmux",
    "/s",
  ]);
});

test("a file that is wrong is refused with its path and what is wrong in it", ({ expect }) => {
  const path = join(tempDir(), "agent.yaml");
  const says = (text: string) => {
    writeFileSync(path, text);
    return () => readConfig(path);
  };
  expect(says("a: [")).toThrow(/agent\.yaml cannot be read: /);
  expect(says("- a\n- b\n")).toThrow(/agent\.yaml is not valid:\n.*expected object/);
  expect(says("just words")).toThrow(/is not valid/);
  expect(says("stat_dir: /x")).toThrow(/stat_dir/);
  expect(says("url: ftp://x")).toThrow(/url/);
  expect(says("journal_max_bytes: 5")).toThrow(/journal_max_bytes/);
  expect(says("agents: { acp: { goose: goose acp } }")).toThrow(/expected tuple/);
  expect(says("agents: { acp: { goose: [] } }")).toThrow(/goose/);
  expect(says('agents: { acp: { "a b": [x] } }')).toThrow(/agents\.acp/);
  expect(() => readConfig(tempDir())).toThrow(/cannot be read: .*EISDIR/);
});
