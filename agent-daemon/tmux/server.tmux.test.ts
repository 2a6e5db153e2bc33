import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeRig, noTmux, type Rig } from "./rig/tmuxRig.ts";
import { startServer, type TmuxServer } from "./server.ts";

let rig: Rig;
let servers: TmuxServer[] = [];
let stoppedPid = 0;

beforeEach(() => {
  rig = makeRig();
});
afterEach(async () => {
  if (stoppedPid !== 0) process.kill(stoppedPid, "SIGCONT");
  stoppedPid = 0;
  for (const server of servers) server.stop();
  servers = [];
  await rig.end();
});

/** A tmux server, as it is spoken with, and whom commands for it are for. */
function speak() {
  const [path = "", pid = "", start = ""] = rig
    .tmux("default", "display-message", "-p", "#{socket_path}|#{pid}|#{start_time}")
    .trim()
    .split("|");
  const server = startServer({
    program: "tmux",
    socket: { path, name: "default" },
    env: rig.env,
    log: () => {},
    directory: join(rig.directory, "channels"),
  });
  servers.push(server);
  const to = { serverPid: Number(pid), serverStart: Number(start) };
  const stop = () => {
    stoppedPid = Number(pid);
    process.kill(stoppedPid, "SIGSTOP");
  };
  return { server, path, to, stop };
}

describe.skipIf(noTmux !== null)(`one server (${noTmux ?? "real tmux"})`, () => {
  it("takes a server whose queue is full for busy, never for dead", { timeout: 30_000 }, async () => {
    rig.tmux("default", "new-session", "-d", "sleep", "1000");
    const { server, path, stop } = speak();
    stop();
    const queue: Socket[] = [];
    const refusal = await new Promise<string>((resolve) => {
      const knock = () => {
        const socket = connect(path, knock);
        socket.on("error", (error) => resolve(String(error)));
        queue.push(socket);
      };
      knock();
    });
    expect(refusal).toMatch(/EAGAIN/);
    expect(await server.list()).toMatchObject({ status: "unreachable" });
    for (const socket of queue) socket.destroy();
    process.kill(stoppedPid, "SIGCONT");
    await vi.waitFor(async () => expect(await server.list()).toMatchObject({ status: "ok" }), 10_000);
  });

  it("does not wait for a server that hangs, and asks it again when it answers", async () => {
    rig.tmux("default", "new-session", "-d", "sleep", "1000");
    const { server, to, stop } = speak();
    expect(await server.send([["list-sessions"]], to)).toMatchObject({ ok: true });
    expect(await server.list()).toMatchObject({ status: "ok" });
    stop();
    const began = performance.now();
    for (let look = 0; look < 3; look++) expect(await server.list()).toMatchObject({ status: "unreachable" });
    expect(performance.now() - began).toBeLessThan(3_000);
    process.kill(stoppedPid, "SIGCONT");
    await vi.waitFor(async () => expect(await server.list()).toMatchObject({ status: "ok" }), 10_000);
  });

  it("reaches nobody on a server that has taken the place of the one that is meant", async () => {
    rig.tmux("default", "new-session", "-d", "cat");
    const { server, to } = speak();
    expect(await server.send([["list-sessions"]], to)).toMatchObject({ ok: true });
    rig.tmux("default", "kill-server");
    await vi.waitFor(() => rig.tmux("default", "new-session", "-d", "cat"));
    for (let i = 0; i < 3; i++) {
      expect(await server.send([["send-keys", "-t", "%0", "wrong"]], to)).toMatchObject({ ok: false });
    }
    expect(rig.tmux("default", "capture-pane", "-p", "-t", "%0").trim()).toBe("");
  });

  it("lets a server end whose last session has ended, once it is released", async () => {
    rig.tmux("default", "new-session", "-d", "sleep", "1000");
    const { server, to } = speak();
    expect(await server.send([["list-sessions"]], to)).toMatchObject({ ok: true });
    rig.tmux("default", "kill-session", "-t", "$0");
    expect(await server.list()).toEqual({ status: "ok", panes: [] });
    server.release();
    await vi.waitFor(async () => expect(await server.list()).toEqual({ status: "dead" }), 3_000);
  });
});
