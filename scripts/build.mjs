// node scripts/build.mjs [web|worker|agent]…: builds what is older than its sources (--force: all of it).
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { fail, nodeOf, ROOT, run } from "./setup.mjs";

const DIST = join(ROOT, "dist");
const QUIET = { WRANGLER_SEND_METRICS: "false", CI: "1", WRANGLER_LOG: "warn" };

/** Each target: what it is made of, what proves that it is there, how it is made. */
const TARGETS = {
  web: {
    sources: ["web", "protocol", "package-lock.json"],
    made: ["dist/web/index.html"],
    make: makeWeb,
  },
  agent: {
    sources: ["agent-daemon", "protocol", "package.json", "package-lock.json"],
    made: ["dist/agent.mjs"],
    make: makeAgent,
  },
  worker: {
    sources: [
      "worker",
      "durable-objects",
      "protocol",
      "migrations",
      "agent-daemon/install",
      "wrangler.toml",
      "package.json",
      "package-lock.json",
    ],
    made: ["dist/worker/manifest.json"],
    make: makeWorker,
  },
};

/** Builds the targets that are out of date. Gives back their names. */
export async function build(
  names = Object.keys(TARGETS),
  { force = false, log = (line) => console.error(line) } = {},
) {
  const stale = names.filter((name) => force || isStale(name));
  for (const name of stale) {
    const began = performance.now();
    const stamp = fingerprint(name);
    rmSync(stampPath(name), { force: true });
    await TARGETS[name].make();
    // Written last: a build that was interrupted is built again.
    mkdirSync(dirname(stampPath(name)), { recursive: true });
    writeFileSync(stampPath(name), stamp);
    log(`Built the ${name} in ${((performance.now() - began) / 1000).toFixed(1)} s.`);
  }
  serveAgent();
  return stale;
}

function isStale(name) {
  if (TARGETS[name].made.some((path) => !existsSync(join(ROOT, path)))) return true;
  try {
    return readFileSync(stampPath(name), "utf8") !== fingerprint(name);
  } catch {
    return true; // never built, or not to its end
  }
}

function stampPath(name) {
  return join(DIST, ".stamps", name);
}

/** A hash over every source, by content: a checkout or a copy does not make a build old, an edit does. */
function fingerprint(name) {
  const hash = createHash("sha256").update(readFileSync(import.meta.filename));
  for (const path of TARGETS[name].sources.flatMap((source) => filesBelow(join(ROOT, source)))) {
    hash.update(`${relative(ROOT, path)}\0`).update(readFileSync(path));
  }
  return hash.digest("hex");
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function makeWeb() {
  await must([
    join(ROOT, "node_modules/vite/bin/vite.js"),
    "build",
    "--config",
    "web/vite.config.ts",
    "--logLevel",
    "warn",
  ]);
}

function makeAgent() {
  return bundleAgent(join(DIST, "agent.mjs"));
}

/** The daemon and command line as one file that needs nothing beside it. */
export async function bundleAgent(outfile) {
  const { build: bundle } = await import("esbuild");
  await bundle({
    entryPoints: [join(ROOT, "agent-daemon/main.ts")],
    outfile,
    bundle: true,
    // jsonc-parser: its other form cannot be bundled.
    mainFields: ["module", "main"],
    platform: "node",
    target: "node22.13",
    format: "esm",
    // One-machine mode alone needs it, and that runs from a checkout.
    external: ["miniflare"],
    banner: {
      js: '#!/usr/bin/env node\nimport { createRequire as signalboxRequire } from "node:module";\nconst require = signalboxRequire(import.meta.url);',
    },
    legalComments: "none",
    logLevel: "warning",
    plugins: [{ name: "sqlite", setup: loadSqliteLate }],
  });
}

/**
 * A static import of node:sqlite ends an older Node before any line of ours runs. Loaded by hand, the program can say
 * in a sentence what it needs; and Node 22's note that SQLite is experimental stays out of a person's terminal.
 */
function loadSqliteLate({ onResolve, onLoad }) {
  onResolve({ filter: /^node:sqlite$/ }, () => ({ path: "node:sqlite", namespace: "late" }));
  onLoad({ filter: /.*/, namespace: "late" }, () => ({
    contents: `
      const { emitWarning } = process;
      process.emitWarning = (warning, ...rest) => String(warning).includes("SQLite") || emitWarning.call(process, warning, ...rest);
      const sqlite = process.getBuiltinModule?.("node:sqlite");
      process.emitWarning = emitWarning;
      if (sqlite === undefined) {
        process.stderr.write("Signalbox needs Node 22.13 or newer; this is " + process.versions.node + " (" + process.execPath + ").\\n");
        process.exit(1);
      }
      export const { DatabaseSync } = sqlite;`,
  }));
}

/** The worker as wrangler bundles it, and beside it what Miniflare needs to run it: so bindings and rules live in wrangler.toml alone. */
async function makeWorker() {
  const out = join(DIST, "worker");
  const next = `${out}.${process.pid}`;
  rmSync(next, { recursive: true, force: true });
  mkdirSync(join(DIST, "web"), { recursive: true });
  await must(
    [join(ROOT, "node_modules/wrangler/bin/wrangler.js"), "deploy", "--dry-run", "--outdir", next],
    QUIET,
  );
  const { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } = await import("wrangler");
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(ROOT, "wrangler.toml"));
  const { rootPath: _root, modulesRules: _rules, ...options } = workerOptions;
  // Workflow scripts, and what runs beside them, are loaded as text too.
  const kinds = {
    ".sandbox.js": "Text",
    ".workflow.js": "Text",
    ".js": "ESModule",
    ".mjs": "ESModule",
    ".wasm": "CompiledWasm",
    ".bin": "Data",
    ".map": null,
    ".md": null,
  };
  const modules = readdirSync(next)
    .map((path) => {
      const [ending = ""] = /(\.(sandbox|workflow))?\.[^.]*$/.exec(path) ?? [];
      return { path, type: kinds[ending] === undefined ? "Text" : kinds[ending] };
    })
    .filter(({ type }) => type !== null)
    // Miniflare runs the first one.
    .sort((a, b) => Number(b.path === "index.js") - Number(a.path === "index.js"));
  const migrations = filesBelow(join(ROOT, "migrations"))
    .filter((path) => path.endsWith(".sql") && dirname(path) === join(ROOT, "migrations"))
    .map((path) => ({
      name: relative(join(ROOT, "migrations"), path),
      statements: unstable_splitSqlQuery(readFileSync(path, "utf8")),
    }));
  writeFileSync(join(next, "manifest.json"), JSON.stringify({ options, modules, migrations }, null, 1));
  rmSync(out, { recursive: true, force: true });
  renameSync(next, out);
}

/** The edge serves the daemon at /agent.mjs, out of its assets. */
function serveAgent() {
  const from = join(DIST, "agent.mjs");
  const to = join(DIST, "web/agent.mjs");
  if (!existsSync(from)) return;
  if (existsSync(to) && readFileSync(to).equals(readFileSync(from))) return;
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, `${to}.next`);
  renameSync(`${to}.next`, to);
}

async function must(args, env = {}) {
  const code = await run(nodeOf(), args, { cwd: ROOT, env: { ...process.env, ...env } });
  if (code !== 0)
    fail(`The build failed (${relative(ROOT, args[0])} ended with ${code}). Nothing was started.`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const words = process.argv.slice(2);
  const names = words.filter((word) => !word.startsWith("-"));
  const unknown = names.find((name) => !(name in TARGETS));
  if (unknown !== undefined)
    fail(`There is no target ${unknown}; there are ${Object.keys(TARGETS).join(", ")}.`);
  const built = await build(names.length > 0 ? names : undefined, { force: words.includes("--force") });
  if (built.length === 0) console.error("Everything is up to date.");
}
