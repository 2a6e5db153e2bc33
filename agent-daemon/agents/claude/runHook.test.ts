import { linkSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { afterEach, beforeEach, describe, test } from "vitest";
import type { PermissionHook } from "./hookWire.ts";
import { runHook } from "./runHook.ts";
import { hookSocketPath } from "./startClaude.ts";
import { startHookServer, type WaitingHook } from "./startHookServer.ts";

const ASKED: PermissionHook = {
  session_id: "thread",
  cwd: "/work",
  hook_event_name: "PermissionRequest",
  tool_name: "Bash",
  tool_input: { command: "make" },
};

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "hook-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A server, and the first hook that comes to it. */
async function serve(path: string) {
  const { promise, resolve } = Promise.withResolvers<WaitingHook>();
  const server = await startHookServer({ path, onHook: resolve, log: () => {} });
  return { server, hook: promise };
}
const run = (path: string, asked: PermissionHook, stdout: Writable) =>
  runHook(path, {}, { stdin: Readable.from([JSON.stringify(asked)]), stdout });

describe("Claude Code's hook", () => {
  test("prints what it is given, and says that it has", async ({ expect }) => {
    const path = join(dir, "s.sock");
    const { server, hook } = await serve(path);
    const stdout = new PassThrough();
    const done = run(path, ASKED, stdout);
    expect(await (await hook).answer({ type: "print", text: "yes" })).toBe(true);
    await done;
    expect(String(stdout.read())).toBe("yes\n");
    await server.stop();
  });

  test("does not say that it printed what Claude no longer reads", async ({ expect }) => {
    const path = join(dir, "s.sock");
    const { server, hook } = await serve(path);
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    stdout.on("error", () => {});
    const done = run(path, ASKED, stdout);
    expect(await (await hook).answer({ type: "print", text: "yes" })).toBeNull();
    await done;
    await server.stop();
  });

  test("prints once, also when the daemon dies with the answer on its way", async ({ expect }) => {
    const path = join(dir, "s.sock");
    const { server, hook } = await serve(path);
    let printed = "";
    const stdout = new Writable({
      // Slower than the news that the connection is gone.
      write(chunk, _encoding, done) {
        printed += String(chunk);
        setTimeout(done, 200);
      },
    });
    const done = run(path, ASKED, stdout);
    void (await hook).answer({ type: "print", text: "yes" });
    await expect.poll(() => printed).toBe("yes\n");
    await server.stop();
    const next = await startHookServer({
      path,
      onHook: (again) => void again.answer({ type: "print", text: "yes" }),
      log: () => {},
    });
    await done;
    expect(printed).toBe("yes\n");
    await next.stop();
  });

  test("comes back to a daemon that was away, but not for a subagent, whose dialog waits for it", async ({
    expect,
  }) => {
    const path = join(dir, "s.sock");
    const first = await serve(path);
    const main = run(path, ASKED, new PassThrough());
    const { id } = (await first.hook).hello;
    await first.server.stop();
    const second = await serve(path);
    const back = await second.hook;
    expect(back.hello.id).toBe(id);
    await back.answer({ type: "leave" });
    await main;
    await second.server.stop();

    const third = await serve(path);
    const subagent = run(path, { ...ASKED, agent_id: "a1" }, new PassThrough());
    await third.hook;
    await third.server.stop();
    await subagent;
  });

  test("waits for a daemon that was killed before it came, but not for a subagent", async ({ expect }) => {
    const path = join(dir, "s.sock");
    const { server } = await serve(path);
    // What a killed daemon leaves behind: the path stands there, and nobody listens.
    linkSync(path, join(dir, "left.sock"));
    await server.stop();
    await run(join(dir, "left.sock"), { ...ASKED, agent_id: "a1" }, new PassThrough());
    const stdout = new PassThrough();
    const done = run(join(dir, "left.sock"), ASKED, stdout);
    const next = await startHookServer({
      path: join(dir, "left.sock"),
      onHook: (late) => void late.answer({ type: "print", text: "yes" }),
      log: () => {},
    });
    await done;
    expect(String(stdout.read())).toBe("yes\n");
    await next.stop();
  });

  test("leaves at once where no daemon is, and where what it is asked makes no sense", async () => {
    await run(join(dir, "none.sock"), ASKED, new PassThrough());
    await runHook(join(dir, "none.sock"), {}, { stdin: Readable.from(["{"]), stdout: new PassThrough() });
  });

  test("finds a daemon whose state has a long path", async ({ expect }) => {
    const path = hookSocketPath(join(dir, "x".repeat(120)));
    expect(Buffer.byteLength(path)).toBeLessThan(100);
    expect(hookSocketPath(join(dir, "y".repeat(120)))).not.toBe(path);
    const { server, hook } = await serve(path);
    const done = run(path, ASKED, new PassThrough());
    await (await hook).answer({ type: "leave" });
    await done;
    await server.stop();
    expect(dirname(path)).toContain("/tmp/signalbox-");
  });
});
