import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { identify } from "../system/processIdentity.ts";
import type { SelfProgram } from "../agents/codex/launchSupervisor.ts";
import { callApi } from "../cli/callApi.ts";
import { DEFAULT_CONFIG_PATH } from "../config.ts";
import type { Log } from "../parts.ts";
import { launch } from "../run.ts";
import { EXIT } from "../system/exitCodes.ts";
import { hasCode } from "../system/readFileIfThere.ts";
import type { Lock } from "../system/lock.ts";
import { Sentence, say } from "../system/Sentence.ts";
import { EdgeMessage } from "./edgeMessages.ts";
import { enrolThisMachine } from "./enrolThisMachine.ts";
import type { HomeFiles } from "./homeFiles.ts";
import { openRotatingLog } from "./openRotatingLog.ts";
import type { RotatingLog } from "./openRotatingLog.ts";
import { ensureSecret } from "./secretFiles.ts";
import { portIsFree } from "./portIsFree.ts";
import { RUN_VARIABLE, readRunRecord, writeRunRecord } from "./runRecord.ts";
import type { RunRecord } from "./runRecord.ts";
import { RESTART_MOST_MS, restartDelay, superviseChild } from "./superviseChild.ts";
import type { Supervised } from "./superviseChild.ts";
import { killRest, sweep } from "./sweep.ts";

/** The hidden words by which this program becomes the edge, or the daemon, of one-machine mode. */
export const EDGE_WORD = "__edge";
export const DAEMON_WORD = "__daemon";

/** The edge answers within a second or two; after this long something is wrong. */
const READY_LIMIT_MS = 60_000;

/** Says, in milliseconds, how long a part that ends again and again waits at most before it is started again. */
const RESTART_MOST_VARIABLE = "SIGNALBOX_RESTART_MOST_MS";
const RestartMost = z.coerce.number().int().min(1).max(RESTART_MOST_MS).default(RESTART_MOST_MS);

export type SupervisorDeps = {
  files: HomeFiles;
  /** The build: `dist/` of the checkout. */
  dist: string;
  port: number;
  self: SelfProgram;
  /** The lock of the home, taken; released when the supervisor stops. */
  lock: Lock;
  log: Log;
  env?: NodeJS.ProcessEnv;
};

export type Supervisor = { url: string; signIn: string; stop(): Promise<void> };

/** Runs the edge and the daemon of this machine side by side and keeps them running. Throws a sentence when it cannot. */
export async function startSupervisor(deps: SupervisorDeps): Promise<Supervisor> {
  const { files, port, log } = deps;
  const env = deps.env ?? process.env;
  const restartMost = RestartMost.safeParse(env[RESTART_MOST_VARIABLE]);
  if (!restartMost.success)
    throw new Sentence(`${RESTART_MOST_VARIABLE} is a number from 1 to ${RESTART_MOST_MS}.`, EXIT.usage);
  const delayFor = (failures: number) => restartDelay(failures, restartMost.data);
  const before = readRunRecord(files.run);
  if (before !== null) await sweep(before, log);
  if (!(await portIsFree(port))) throw portTaken(port);
  const token = ensureSecret(files.ownerToken);
  mkdirSync(files.agent, { recursive: true, mode: 0o700 });

  const self = await identify(process.pid);
  if (self === null) throw new Error("this process cannot be told from others");
  const url = `http://127.0.0.1:${port}`;
  const record: RunRecord = {
    run: randomBytes(12).toString("hex"),
    supervisor: self,
    port,
    url,
    started_at: Date.now(),
    ready: false,
    edge: { state: "starting", restarts: 0, process: null, children: [] },
    agent: { state: "stopped", restarts: 0, process: null },
  };
  const write = () => {
    try {
      writeRunRecord(files.run, record);
    } catch (error) {
      log("warn", "What runs cannot be noted.", { error: String(error) }); // a full disk must not end it
    }
  };
  write();

  const logs: RotatingLog[] = [];
  let edge: Supervised | null = null;
  let agent: Supervised | null = null;
  const firstReady = Promise.withResolvers<void>();

  const startEdge = (): ChildProcess => {
    const child = startChild([EDGE_WORD, "--home", files.home, "--dist", deps.dist, "--port", String(port)], {
      ...env,
      [RUN_VARIABLE]: record.run,
    });
    child.on("message", (raw) => {
      const message = EdgeMessage.safeParse(raw);
      if (!message.success) return;
      switch (message.data.type) {
        case "children":
          record.edge.children = message.data.children;
          return write();
        case "ready":
          if (message.data.migrated.length > 0)
            log("info", "Migrations were applied.", { migrations: message.data.migrated });
          record.edge.state = "running";
          write();
          return firstReady.resolve();
        case "failed":
          return firstReady.reject(
            message.data.code === "port_taken"
              ? portTaken(port)
              : new Sentence(`The edge could not start: ${message.data.message}`),
          );
      }
    });
    child.on("exit", () =>
      firstReady.reject(new Sentence(`The edge could not start; ${join(files.logs, "edge.log")} says more.`)),
    );
    pipeToLog(child, edgeLog);
    return child;
  };

  function startChild(args: string[], childEnv: NodeJS.ProcessEnv): ChildProcess {
    return launch({
      argv: [process.execPath, ...(deps.self.execArgv ?? []), deps.self.selfPath, ...args],
      cwd: homedir(),
      env: childEnv,
      // The channel ends when this process dies, however it dies; the child then stops by itself.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
  }

  function openLog(name: string): RotatingLog {
    const opened = openRotatingLog(join(files.logs, name));
    logs.push(opened);
    return opened;
  }

  async function note(
    name: "edge" | "agent",
    state: "starting" | "restarting" | "stopped",
    child: ChildProcess | null,
  ): Promise<void> {
    const entry = record[name];
    entry.state = state;
    entry.process = null;
    if (state === "restarting") entry.restarts += 1;
    write();
    if (child?.pid === undefined) return;
    const identity = await identify(child.pid);
    if (identity === null || entry.state === "stopped") return;
    entry.process = identity;
    // The daemon is running as soon as it is there; the edge says so itself.
    if (name === "agent" && entry.state === "starting") entry.state = "running";
    write();
  }

  async function stop(): Promise<void> {
    // The daemon first: it says what it still has to say while the edge listens.
    await agent?.stop();
    await edge?.stop();
    record.ready = false;
    write();
    for (const each of logs) each.close();
    deps.lock.release();
  }

  const edgeLog = openLog("edge.log");
  const agentLog = openLog("agent.log");
  edge = superviseChild({
    name: "The edge",
    start: startEdge,
    log,
    afterExit: (pid) => killRest(pid, record.edge.children, record.run),
    onState: (state, child) => void note("edge", state, child),
    delayFor,
  });
  const limit = setTimeout(
    () => firstReady.reject(new Sentence("The edge did not start in time.")),
    READY_LIMIT_MS,
  );
  try {
    await firstReady.promise;
    clearTimeout(limit);
    await enrolThisMachine(files, { url, token });
    const { [RUN_VARIABLE]: _run, TMUX: _tmux, TMUX_PANE: _pane, ...agentEnv } = env;
    const config = existsSync(files.agentConfig) ? files.agentConfig : DEFAULT_CONFIG_PATH;
    agent = superviseChild({
      name: "The daemon",
      start: () => {
        const child = startChild(
          [DAEMON_WORD, "--config", config, "--url", url, "--state-dir", files.agent],
          agentEnv,
        );
        pipeToLog(child, agentLog);
        return child;
      },
      log,
      onState: (state, child) => void note("agent", state, child),
      delayFor,
    });
    const signIn = await makeSignInLink(url, token);
    record.ready = true;
    write();
    return { url, signIn, stop };
  } catch (error) {
    clearTimeout(limit);
    await stop();
    throw error;
  }
}

/** A link that signs a browser in, once. */
export async function makeSignInLink(url: string, token: string): Promise<string> {
  const made = await callApi(
    { url, token },
    { method: "POST", path: "/api/auth/codes", schema: z.object({ url: z.string() }) },
  );
  return made.url;
}

function portTaken(port: number): Sentence {
  return new Sentence(
    `Port ${port} is taken by another program. End it, or choose another port: SIGNALBOX_PORT=${port + 1} npm start`,
    EXIT.failed,
  );
}

function pipeToLog(child: ChildProcess, log: RotatingLog): void {
  child.stdout?.on("data", (chunk: Buffer) => log.write(chunk));
  child.stderr?.on("data", (chunk: Buffer) => log.write(chunk));
}

/** Makes the home for this person alone. Throws a sentence when it cannot be made or written. */
export function makeHome(files: HomeFiles): void {
  try {
    mkdirSync(files.home, { recursive: true, mode: 0o700 });
    mkdirSync(files.logs, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = hasCode(error, "EACCES") || hasCode(error, "EROFS") ? "it cannot be written" : say(error);
    throw new Sentence(
      `Signalbox cannot use ${files.home} (${why}). Set SIGNALBOX_HOME to a directory of yours.`,
    );
  }
}
