// Plain JavaScript without dependencies: this runs on whatever Node the machine has (18 or newer), before anything is installed.
import { spawn } from "node:child_process";
import { existsSync, lstatSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const LEAST_NODE = 18;

/**
 * Brings the checkout to where the project can run: dependencies are installed when they are missing or the lock file
 * asks for others. Ends the process with a sentence when something is missing that it cannot provide.
 */
export async function setUp({ root = ROOT, log = (line) => console.error(line) } = {}) {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < LEAST_NODE)
    fail(`Node ${process.versions.node} is too old to set up Signalbox. It needs ${LEAST_NODE} or newer.`);
  if (!onPath("git")) fail("git is not installed. Signalbox needs git and npm.");
  if (!needsInstall(root)) return;
  const modules = join(root, "node_modules");
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink())
    fail(`${modules} is a link, and npm would empty what it points to. Install there, or remove the link.`);
  if (!onPath("npm")) fail("npm is not installed. Signalbox needs git and npm.");
  log("Installing dependencies (once; they are installed again when package-lock.json changes) …");
  const code = await run("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"], { cwd: root });
  if (code !== 0) fail(`npm ci failed (${code}). Nothing was started.`);
}

/** Whether node_modules is not what package-lock.json asks for. npm writes down itself what it installed. */
export function needsInstall(root) {
  const installed = readJson(join(root, "node_modules/.package-lock.json"));
  const wanted = readJson(join(root, "package-lock.json"));
  if (wanted === null) return installed === null;
  if (installed === null || !existsSync(nodeOf(root))) return true;
  const have = installed.packages ?? {};
  return Object.entries(wanted.packages ?? {}).some(([path, { version, link, optional }]) => {
    if (path === "" || link) return false;
    // An optional package may be for another platform; one that is there must be the right one.
    if (have[path] === undefined) return !optional;
    return have[path].version !== version;
  });
}

/** The Node that npm installed for the project. */
export function nodeOf(root = ROOT) {
  return join(root, "node_modules/.bin/node");
}

/**
 * Runs this script again on the project's own Node, unless that is where it runs already; never comes back then.
 * Signals are passed on, and its exit code becomes ours.
 */
export async function useProjectNode(script, root = ROOT) {
  const node = nodeOf(root);
  if (realpathSync(node) === realpathSync(process.execPath)) return;
  process.exit(await run(node, [script, ...process.argv.slice(2)], {}));
}

/** Runs a program with this terminal; its exit code. */
export function run(program, args, options) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: "inherit", ...options });
    const pass = (signal) => child.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, pass);
    const done = (code) => {
      for (const signal of signals) process.off(signal, pass);
      resolve(code);
    };
    child.on("error", (error) => {
      console.error(`${program} could not be started: ${error.message}`);
      done(127);
    });
    child.on("exit", (code, signal) => done(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}

export function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

function onPath(name) {
  return (process.env.PATH ?? "").split(delimiter).some((dir) => existsSync(join(dir, name)));
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null; // missing, or half written by an install that was interrupted
  }
}
