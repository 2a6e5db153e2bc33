import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { agentFiles } from "./agentStatus.ts";
import { openState } from "./openState.ts";
import { tempDir } from "./testing/tempDir.ts";

test("a state directory has one daemon at a time", ({ expect }) => {
  const dir = join(tempDir(), "a/b");
  const state = openState(dir);
  expect(() => openState(dir)).toThrow(`A daemon already runs on the state directory ${dir}.`);
  state.close();
  openState(dir).close();
});

test("one that cannot be used says why, and is free for the next try", ({ expect }) => {
  const dir = tempDir();
  writeFileSync(join(dir, "file"), "");
  expect(() => openState(join(dir, "file/state"))).toThrow(
    /\/file\/state cannot be written: .*Set state_dir in agent\.yaml/,
  );
  writeFileSync(agentFiles(dir).database, "this is not a database, it only stands where one should be");
  for (let i = 0; i < 2; i++) {
    expect(() => openState(dir)).toThrow(
      /^The journal .*agent\.db is damaged \(.*\)\. Move it away; the daemon then begins a new one\.$/,
    );
  }
});
