import { readFileSync } from "node:fs";
import { Log, LogLevel, Miniflare } from "miniflare";
import * as z from "zod";
import { serveHelper } from "../../lib/serveHelper.ts";

/** Runs the worker of the peer as the edge runs ours: by the same runtime, with the same compatibility. */
const Start = z.object({ script: z.string() });
let runtime: Miniflare | null = null;

serveHelper(
  {
    async start(input) {
      const { convertV4MiniflareOptions } = await import("miniflare");
      runtime = new Miniflare(
        convertV4MiniflareOptions({
          host: "127.0.0.1",
          port: 0,
          cf: false,
          telemetry: { enabled: false },
          logRequests: false,
          log: new Log(LogLevel.WARN),
          workers: [
            {
              name: "ai-chat",
              modules: true,
              script: readFileSync(Start.parse(input).script, "utf8"),
              compatibilityDate: "2026-09-15",
              compatibilityFlags: ["nodejs_compat"],
              durableObjects: { Chat: { className: "Chat", useSQLite: true } },
            },
          ],
        }),
      );
      return (await runtime.ready).origin;
    },
  },
  () => runtime?.dispose(),
);
