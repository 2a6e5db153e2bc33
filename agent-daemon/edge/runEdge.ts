import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createHash } from "node:crypto";
import type { Log, MiniflareOptions } from "miniflare";
import { hasCode, readFileIfThere } from "../system/readFileIfThere.ts";
import { MODEL_VARIABLES } from "../../worker/models/modelEnv.ts";
import { Sentence, say } from "../system/Sentence.ts";
import { writeFileSafely } from "../system/writeFileSafely.ts";
import type { EdgeManifest } from "./edgeManifest.ts";
import { readEdgeManifest } from "./edgeManifest.ts";
import type { EdgeMessage } from "./edgeMessages.ts";
import { findChildren } from "./findChildren.ts";
import { distFiles, homeFiles } from "./homeFiles.ts";
import { migrateD1 } from "./migrateD1.ts";
import { watchEdge } from "./watchEdge.ts";
import { ensureSecret, ownerTokenHash } from "./secretFiles.ts";

export type EdgeOptions = { home: string; dist: string; port: number };

/** Miniflare restarts workerd by itself when it dies; this is how soon its new number is told. */
const CHILDREN_INTERVAL_MS = 5_000;

export type RunningEdge = {
  /** Resolves when the runtime has ended and could not be started again, or hangs: then only a new process helps. */
  broken: Promise<void>;
  stop(): Promise<void>;
};

/** Runs the edge on this machine until it is told to end; tells the supervisor over the channel to it. */
export async function runEdge(
  { home, dist, port }: EdgeOptions,
  tell: (message: EdgeMessage) => void,
): Promise<RunningEdge> {
  const files = homeFiles(home);
  try {
    const manifest = readEdgeManifest(dist);
    const token = ensureSecret(files.ownerToken);
    const settingsSecret = ensureSecret(files.settingsSecret);
    mkdirSync(files.edge, { recursive: true, mode: 0o700 });
    // Workflow scripts bring regular expressions of their own; one that never ends would hold up everything here.
    process.env.MINIFLARE_WORKERD_V8_FLAGS ??= "--enable-experimental-regexp-engine-on-excessive-backtracks";
    // Only now: it takes longer to load than everything else here.
    const { Miniflare } = await import("miniflare");
    const migrated = await migrateFirst(manifest, files.edge);
    // A copy: a build while the edge runs must not take the page away from under it.
    const web = join(files.edge, "web");
    rmSync(web, { recursive: true, force: true });
    cpSync(distFiles(dist).web, web, { recursive: true });
    const config = await edgeConfig({
      manifest,
      dist,
      web,
      port,
      storage: files.edge,
      tokenHash: ownerTokenHash(token),
      settingsSecret,
    });
    const broken = Promise.withResolvers<void>();
    const edge = new Miniflare({ ...config, log: await makeLog(broken.resolve) });
    const url = await edge.ready;
    const over = new AbortController();
    void watchEdge(url.origin, over.signal).then((hangs) => {
      if (!hangs) return;
      console.error("The edge has answered nothing for half a minute: it is ended and started anew.");
      broken.resolve();
    });
    const tellChildren = async () => tell({ type: "children", children: await findChildren(process.pid) });
    await tellChildren();
    tell({ type: "ready", url: url.origin, migrated });
    const timer = setInterval(() => {
      tellChildren().catch(() => {}); // the supervisor keeps what it knows
    }, CHILDREN_INTERVAL_MS);
    return {
      broken: broken.promise,
      async stop() {
        clearInterval(timer);
        over.abort();
        await edge.dispose();
      },
    };
  } catch (error) {
    const taken = hasCode(error, "ERR_ADDRESS_IN_USE") || hasCode(error, "EADDRINUSE");
    tell({ type: "failed", code: taken ? "port_taken" : "other", message: say(error) });
    throw error instanceof Sentence ? error : new Error("The edge could not start.", { cause: error });
  }
}

/**
 * Brings D1 up to date before anybody can ask the edge anything. When nothing changed since the last start (the same
 * migrations, the same storage), the database need not be opened for that.
 */
async function migrateFirst(manifest: EdgeManifest, storage: string): Promise<string[]> {
  const stamp = join(storage, "migrated");
  const wanted = createHash("sha256").update(JSON.stringify(manifest.migrations)).digest("hex");
  if (readFileIfThere(stamp) === wanted && existsSync(join(storage, "d1"))) return [];
  const { Miniflare } = await import("miniflare");
  const bare: EdgeManifest = {
    ...manifest,
    options: {
      ...manifest.options,
      assets: undefined,
      durableObjects: {},
      workflows: {},
      queueConsumers: {},
      workerLoaders: {},
    },
  };
  const database = new Miniflare(
    await miniflareOptions(
      { ...bare.options, script: "export default {}", modules: true },
      { port: 0, storage },
    ),
  );
  try {
    const migrated = await migrateD1(await database.getD1Database("DB"), manifest.migrations);
    writeFileSafely(stamp, wanted);
    return migrated;
  } finally {
    await database.dispose();
  }
}

type EdgeConfigInput = {
  manifest: EdgeManifest;
  dist: string;
  /** The web app's files. */
  web: string;
  port: number;
  storage: string;
  tokenHash: string;
  settingsSecret: string;
};

async function edgeConfig(input: EdgeConfigInput): Promise<MiniflareOptions> {
  const { manifest, dist, web, port, storage, tokenHash, settingsSecret } = input;
  const { worker } = distFiles(dist);
  const { assets, bindings, ...options } = manifest.options;
  return miniflareOptions(
    {
      ...options,
      modules: manifest.modules.map(({ type, path }) => ({ type, path: join(worker, path) })),
      modulesRoot: worker,
      bindings: {
        ...(typeof bindings === "object" ? bindings : {}),
        ...settings(),
        OWNER_TOKEN_SHA256: tokenHash,
        SETTINGS_SECRET: settingsSecret,
        SIGNALBOX_MODE: "local",
      },
      ...(assets === undefined ? {} : { assets: { ...assets, directory: web } }),
    },
    { port, storage },
  );
}

/** What the environment says of models (worker/models/modelEnv.ts), of attachments, approvals and tasks. */
function settings(): Record<string, string> {
  return Object.fromEntries(
    [
      ...MODEL_VARIABLES,
      "ATTACHMENT_MAX_BYTES",
      "SIGNALBOX_APPROVAL_EXPIRY",
      "SIGNALBOX_KEEP_WORK",
      "SIGNALBOX_TASKS_AT_ONCE",
      "SIGNALBOX_TASKS_PER_HOST",
      "SIGNALBOX_TASKS_PER_WORKSPACE",
    ].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Miniflare's log, whose errors are the only word it gives of a runtime that died again before it was up again. */
async function makeLog(onBroken: () => void = () => {}): Promise<Log> {
  const miniflare = await import("miniflare");
  const log = new miniflare.Log(miniflare.LogLevel.WARN);
  const error = log.error.bind(log);
  log.error = (message) => {
    error(message);
    if (hasCode(message, "ERR_RUNTIME_FAILURE")) onBroken();
  };
  return log;
}

async function miniflareOptions(
  worker: Record<string, unknown>,
  at: { port: number; storage: string },
): Promise<MiniflareOptions> {
  const { convertV4MiniflareOptions } = await import("miniflare");
  return convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: at.port,
    resourcePersistencePath: at.storage,
    // Neither is needed, and both would speak to the network.
    cf: false,
    telemetry: { enabled: false },
    logRequests: false,
    log: await makeLog(),
    // SAFETY: the options are wrangler's own for Miniflare, read from the build's manifest; Miniflare checks them with its schema.
    workers: [{ name: "signalbox", ...worker } as never],
  });
}
