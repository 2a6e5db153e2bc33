import { chmodSync, writeFileSync } from "node:fs";
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

/** A tmux server, as it is spoken with, and whom commands for one of its sessions are for. */
function speak(program = "tmux") {
  const [path = "", pid = "", start = ""] = rig
    .tmux("default", "display-message", "-p", "#{socket_path}|#{pid}|#{start_time}")
    .trim()
    .split("|");
  const server = startServer({
    program,
    socket: { path, name: "default" },
    env: rig.env,
    log: () => {},
    onNews: () => {},
  });
  servers.push(server);
  const to = (tmuxSession: string) => ({ tmuxSession, serverPid: Number(pid), serverStart: Number(start) });
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
    const { server, stop } = speak();
    server.keepClients([{ id: "$0", activity: 1 }]);
    expect(await server.list()).toMatchObject({ status: "ok" });
    stop();
    const began = performance.now();
    for (let look = 0; look < 3; look++) expect(await server.list()).toMatchObject({ status: "unreachable" });
    expect(performance.now() - began).toBeLessThan(3_000);
    process.kill(stoppedPid, "SIGCONT");
    await vi.waitFor(async () => expect(await server.list()).toMatchObject({ status: "ok" }), 10_000);
  });

  it("keeps the order of what is typed when a session gets a client of its own", async () => {
    // A client that is slow to pass on what it is told, as one is on a busy machine.
    const slow = join(rig.directory, "slow-tmux");
    writeFileSync(
      slow,
      `#!/bin/sh
case "$*" in
  *'-C '*'-t $0') while IFS= read -r line; do sleep 0.2; printf '%s\\n' "$line"; done | tmux "$@" ;;
  *) exec tmux "$@" ;;
esac
`,
    );
    chmodSync(slow, 0o755);
    rig.tmux("default", "new-session", "-d", "sleep", "1000");
    rig.tmux("default", "new-session", "-d", "cat");
    const { server, to } = speak(slow);
    server.keepClients([{ id: "$0", activity: 1 }]);
    await server.send([["list-sessions"]], to("$0"));
    const first = server.send([["send-keys", "-t", "%1", "first "]], to("$1"));
    server.keepClients([
      { id: "$0", activity: 1 },
      { id: "$1", activity: 2 },
    ]);
    await Promise.all([first, server.send([["send-keys", "-t", "%1", "second"]], to("$1"))]);
    await vi.waitFor(() => {
      expect(rig.tmux("default", "capture-pane", "-p", "-t", "%1")).toMatch(/first second/);
    });
  });
});
