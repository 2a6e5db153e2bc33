import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, test } from "vitest";
import { tempDir } from "../agent-daemon/testing/tempDir.ts";

const SETUP = join(import.meta.dirname, "setup.mjs");

type Lock = Record<string, { version?: string; optional?: boolean; link?: boolean }>;

function checkout(wanted: Lock | null, installed: Lock | string | null): string {
  const root = tempDir();
  mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
  symlinkSync(process.execPath, join(root, "node_modules/.bin/node"));
  if (wanted !== null)
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: { "": {}, ...wanted } }));
  const text = typeof installed === "string" ? installed : JSON.stringify({ packages: installed });
  if (installed !== null) writeFileSync(join(root, "node_modules/.package-lock.json"), text);
  return root;
}

/** Asked in a process of its own: the script is plain JavaScript for any Node. */
function needsInstall(root: string): boolean {
  const code = `import { needsInstall } from ${JSON.stringify(pathToFileURL(SETUP).href)}; console.log(needsInstall(process.argv[1]))`;
  return (
    execFileSync(process.execPath, ["--input-type=module", "-e", code, root], { encoding: "utf8" }).trim() ===
    "true"
  );
}

describe("dependencies are installed", () => {
  const hono = { "node_modules/hono": { version: "1.0.0" } };

  test("when they are missing, or the install was interrupted", ({ expect }) => {
    expect(needsInstall(checkout(hono, null))).toBe(true);
    expect(needsInstall(checkout(hono, "{ half"))).toBe(true);
    expect(needsInstall(checkout(hono, {}))).toBe(true);
  });

  test("when the lock file asks for another version", ({ expect }) => {
    expect(needsInstall(checkout(hono, { "node_modules/hono": { version: "1.0.1" } }))).toBe(true);
  });

  test("not when they are what it asks for, optional ones for other machines aside", ({ expect }) => {
    const optional = { "node_modules/other-os": { version: "3.0.0", optional: true } };
    expect(needsInstall(checkout({ ...hono, ...optional }, hono))).toBe(false);
    expect(
      needsInstall(
        checkout(
          { ...hono, ...optional },
          { ...hono, "node_modules/other-os": { version: "2.0.0", optional: true } },
        ),
      ),
    ).toBe(true);
    expect(needsInstall(checkout({ ...hono, "packages/x": { link: true } }, hono))).toBe(false);
  });

  test("not for this checkout", ({ expect }) => {
    expect(needsInstall(join(import.meta.dirname, ".."))).toBe(false);
  });
});

test("dependencies that are only linked here are left alone", ({ expect }) => {
  const root = tempDir();
  const elsewhere = checkout({ "node_modules/hono": { version: "1.0.0" } }, {});
  symlinkSync(join(elsewhere, "node_modules"), join(root, "node_modules"));
  cpSync(join(elsewhere, "package-lock.json"), join(root, "package-lock.json"));
  const code = `import { setUp } from ${JSON.stringify(pathToFileURL(SETUP).href)}; await setUp({ root: process.argv[1] })`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code, root], {
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([1, expect.stringContaining("node_modules is a link")]);
  expect(existsSync(join(elsewhere, "node_modules/.package-lock.json"))).toBe(true);
});

test("the scripts that run before anything is installed need nothing", ({ expect }) => {
  for (const name of ["setup.mjs", "start.mjs"]) {
    const text = readFileSync(join(import.meta.dirname, name), "utf8");
    const imports = [...text.matchAll(/^import .* from "(.*)";$/gm)].map((match) => match[1]);
    expect(imports.filter((from) => !from?.startsWith("node:") && !from?.startsWith("./"))).toEqual([]);
  }
});
