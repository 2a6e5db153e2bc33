import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:http";
import { join } from "node:path";
import { WebSocketServer } from "ws";
import * as z from "zod";
import { run } from "../../agent-daemon/run.ts";
import { serveHelper } from "../lib/serveHelper.ts";

/** tmux on a socket and nothing else: keys through one control client, bytes through pipe-pane and a FIFO, each chunk as it comes. */
const Start = z.object({ fifos: z.string() });

let fifos = "";
const clients: { kill(): void }[] = [];

async function tmux(...args: string[]): Promise<string> {
  const result = await run({ argv: ["tmux", ...args], timeoutMs: 10_000 });
  if (result.status !== "exited" || result.code !== 0)
    throw new Error(`tmux ${args.join(" ")}: ${result.stderr.toString()}`);
  return result.stdout.toString("utf8").trim();
}

async function makePane(): Promise<string> {
  return tmux("new-session", "-d", "-P", "-F", "#{pane_id}", "-x", "80", "-y", "24", "/bin/sh");
}

function startServer(): Promise<number> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  sockets.on("connection", (socket, request) => {
    const pane = decodeURIComponent(request.url?.slice(1) ?? "");
    const control = spawn("tmux", ["-C", "attach", "-f", "no-output", "-t", pane], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    clients.push(control);
    control.stdin.on("error", () => {}); // its pane has ended, and it with it
    const fifo = join(fifos, `fifo${pane.slice(1)}`);
    const attach = async () => {
      await run({ argv: ["mkfifo", fifo], timeoutMs: 5_000 });
      const bytes = createReadStream(fifo, { highWaterMark: 256 * 1024 });
      bytes.on("data", (chunk) => socket.send(chunk));
      control.stdin.write(`pipe-pane -O -t ${pane} 'exec cat > ${fifo}'\n`);
      socket.send("$ ");
    };
    attach().catch((error: unknown) => socket.close(1011, String(error)));
    socket.on("message", (data: Buffer) => {
      const hex = data.toString("hex").replaceAll(/(..)/g, " $1");
      control.stdin.write(`send-keys -t ${pane} -H${hex}\n`);
    });
    socket.on("close", () => {
      control.stdin.write(`pipe-pane -t ${pane}\n`);
      setTimeout(() => control.kill("SIGKILL"), 200);
    });
  });
  return new Promise((resolve) => {
    http.listen(0, "127.0.0.1", () => {
      // SAFETY: a server that listens on a TCP port has an address with a port.
      resolve((http.address() as AddressInfo).port);
    });
  });
}

serveHelper(
  {
    async start(input) {
      fifos = Start.parse(input).fifos;
      // tmux ends with its last session.
      await tmux("new-session", "-d", "-s", "base", "/bin/sh");
      return startServer();
    },
    pane: async () => `/${encodeURIComponent(await makePane())}`,
  },
  () => {
    for (const client of clients) client.kill();
  },
);
