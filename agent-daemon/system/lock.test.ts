import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished, test } from "vitest";
import { tempDir } from "../testing/tempDir.ts";
import { isLocked, takeLock } from "./lock.ts";

async function holder(path: string) {
  const code = `import { takeLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
    process.stdout.write(takeLock(${JSON.stringify(path)}) === null ? "none" : "held");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return { child, said: said.toString() };
}

test("is held by one, and free after its release", ({ expect }) => {
  const path = join(tempDir(), "state/a.lock");
  expect(isLocked(path)).toBe(false);
  const lock = takeLock(path);
  expect([lock === null, isLocked(path), takeLock(path)]).toEqual([false, true, null]);
  lock?.release();
  expect(isLocked(path)).toBe(false);
  takeLock(path)?.release();
});

test("is free the moment its owner is killed, every time", async ({ expect }) => {
  const path = join(tempDir(), "a.lock");
  for (let round = 0; round < 5; round++) {
    const { child, said } = await holder(path);
    expect([said, isLocked(path), takeLock(path)]).toEqual(["held", true, null]);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isLocked(path)).toBe(false);
  }
  takeLock(path)?.release();
});

test("of several that try at once, exactly one gets it", async ({ expect }) => {
  const path = join(tempDir(), "a.lock");
  const said = (await Promise.all([1, 2, 3, 4].map(() => holder(path)))).map((each) => each.said);
  expect(said.sort()).toEqual(["held", "none", "none", "none"]);
});

test("looking at it does not keep anybody from taking it", async ({ expect }) => {
  const path = join(tempDir(), "a.lock");
  takeLock(path)?.release();
  const looking = setInterval(() => isLocked(path), 0);
  onTestFinished(() => clearInterval(looking));
  for (let i = 0; i < 5; i++) {
    const { said, child } = await holder(path);
    expect(said).toBe("held");
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

test("of a place that cannot be written throws", ({ expect }) => {
  const dir = tempDir();
  writeFileSync(join(dir, "file"), "");
  expect(() => takeLock(join(dir, "file/a.lock"))).toThrow();
});
