import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { callApi, type ApiAccess, type ApiRequest } from "../../agent-daemon/cli/callApi.ts";
import { homeFiles } from "../../agent-daemon/edge/homeFiles.ts";
import { readSecret } from "../../agent-daemon/edge/secretFiles.ts";
import { CreatedHost, Enrolled } from "../../protocol/api.ts";
import { run } from "../../agent-daemon/run.ts";
import { cleanUpLater } from "./cleanUp.ts";
import { startHelper } from "./startHelper.ts";

export const ROOT = join(import.meta.dirname, "../..");

export type EdgeHandle = {
  /** Address for HTTP. */
  url: string;
  /** The owner's token. */
  token: string;
  home: string;
  /** The runtime's process, whose memory is the edge's memory. */
  workerdPid: number;
  /** Calls the API as the owner. */
  call<T>(request: ApiRequest<T>): Promise<T>;
  /** Makes and enrols a host; its token. */
  enrolHost(name: string): Promise<{ host: string; token: string }>;
  /** Address of a socket. */
  socketUrl(path: string): string;
  stop(): Promise<void>;
};

/** Starts the edge as `signalbox up` runs it (the same module, the built worker), with storage of its own, in a process of its own. */
export async function startEdge(dist?: string, env: NodeJS.ProcessEnv = {}): Promise<EdgeHandle> {
  if (dist === undefined) await buildTarget("worker");
  const home = mkdtempSync(join(tmpdir(), "signalbox-bench-"));
  const helper = startHelper("lib/edgeProcess.ts", env);
  const stop = async () => {
    forget();
    await helper.stop();
    rmSync(home, { recursive: true, force: true });
  };
  const forget = cleanUpLater(stop);
  const started = z.object({ url: z.string(), workerd: z.array(z.number()) });
  const { url, workerd } = await helper.ask("start", { home, dist: dist ?? join(ROOT, "dist") }, started);
  const token = readSecret(homeFiles(home).ownerToken) ?? "";
  const access: ApiAccess = { url, token };
  return {
    url,
    token,
    home,
    workerdPid: workerd[0] ?? 0,
    call: (request) => callApi(access, request),
    async enrolHost(name) {
      const { code } = await callApi(access, {
        method: "POST",
        path: "/api/hosts",
        body: { name },
        schema: CreatedHost,
      });
      const body = { code, hostname: name };
      const enrolled = await callApi(access, { method: "POST", path: "/api/enrol", body, schema: Enrolled });
      return { host: enrolled.host, token: enrolled.token };
    },
    socketUrl: (path) => `${url.replace(/^http/, "ws")}${path}`,
    stop,
  };
}

/** Builds what is out of date. */
export async function buildTarget(name: "worker" | "agent" | "web"): Promise<void> {
  const argv = [process.execPath, join(ROOT, "scripts/build.mjs"), name] as const;
  const built = await run({ argv, cwd: ROOT, timeoutMs: 120_000 });
  if (built.status !== "exited" || built.code !== 0)
    throw new Error(`The ${name} could not be built: ${built.stderr.toString("utf8")}`);
}
