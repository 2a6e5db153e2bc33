import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import * as z from "zod";
import { serveHelper } from "../lib/serveHelper.ts";

/** The same kind of server (an object with a hibernating socket in workerd) that sends bytes it holds in memory as one message. */
const WORKER = `
import { DurableObject } from "cloudflare:workers";
let bulk = "";
export class Bulk extends DurableObject {
  async fetch(request) {
    if (request.method === "POST") { bulk = await request.text(); return new Response("ok"); }
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }
  webSocketMessage(ws) { ws.send(bulk); }
  webSocketClose(ws) { ws.close(1000); }
}
export default { fetch: (request, env) => env.BULK.getByName("bulk").fetch(request) };
`;

const Start = z.object({ text: z.string() });
let server: Miniflare | null = null;

serveHelper(
  {
    async start(input) {
      const { text } = Start.parse(input);
      server = new Miniflare(
        convertV4MiniflareOptions({
          host: "127.0.0.1",
          port: 0,
          cf: false,
          telemetry: { enabled: false },
          log: new Log(LogLevel.WARN),
          workers: [
            {
              name: "bulk",
              compatibilityDate: "2026-09-15",
              modules: [{ type: "ESModule", path: "bulk.mjs", contents: WORKER }],
              durableObjects: { BULK: { className: "Bulk", useSQLite: true } },
            },
          ],
        }),
      );
      const { origin } = await server.ready;
      await (await fetch(origin, { method: "POST", body: text })).text();
      return origin.replace(/^http/, "ws");
    },
  },
  () => server?.dispose(),
);
