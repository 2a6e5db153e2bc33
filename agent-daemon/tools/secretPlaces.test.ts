import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeToolRig } from "./testing/toolRig.ts";

const SECRET = "hunter2";
/** Every kind of place, below the home directory. */
const PLACES = [
  ".ssh/id_ed25519",
  ".ssh/config",
  ".gnupg/private-keys-v1.d/x.key",
  ".aws/credentials",
  ".azure/msal_token_cache.json",
  ".config/gcloud/credentials.db",
  ".kube/config",
  ".docker/config.json",
  ".netrc",
  ".npmrc",
  ".pypirc",
  ".git-credentials",
  ".config/git/credentials",
  ".config/gh/hosts.yml",
  ".local/share/keyrings/login.keyring",
  ".mozilla/firefox/x.default/logins.json",
  ".config/google-chrome/Default/Login Data",
  "Library/Application Support/Google/Chrome/Default/Cookies",
  ".claude/.credentials.json",
  ".claude.json",
  ".codex/auth.json",
  ".config/signalbox/agent.yaml",
  ".bash_history",
  ".zsh_history",
  ".local/share/fish/fish_history",
  "project/.env",
  "project/.env.production",
  "project/deep/.SSH/id",
  "project/deploy/id_rsa",
];
const OPEN = ["project/.env.example", "project/notes", ".sshrc", "environment", ".config/other", ".claude/x"];

/** A home directory that is the workspace, as it is by default. */
function makeHome(more: Parameters<typeof makeToolRig>[0] = {}) {
  const rig = makeToolRig({ home: true, ...more });
  for (const path of [...PLACES, ...OPEN]) {
    mkdirSync(dirname(join(rig.root, path)), { recursive: true });
    writeFileSync(join(rig.root, path), `password=${SECRET}\n`);
  }
  return rig;
}

it("reads no secret of a home directory that is the workspace, and everything else", async () => {
  const { root, run, output } = makeHome();
  for (const path of PLACES) {
    for (const asked of [path, join(root, path), `project/../${path}`]) {
      expect(await run("read_file", { path: asked }), asked).toMatchObject({
        status: "failed",
        code: "secret",
        message: expect.stringMatching("request_read_access"),
      });
    }
    for (const [tool, input] of [
      ["write_file", { path, text: "x" }],
      ["edit_file", { path, old_text: "password", new_text: "x" }],
      ["search_files", { path, pattern: "." }],
      ["git_diff", { path }],
    ] as const)
      expect(await run(tool, input), `${tool} ${path}`).toMatchObject({ status: "failed", code: "secret" });
  }
  for (const path of OPEN) expect(await output("read_file", { path }), path).toMatchObject({ ok: true });
  for (const path of [".ssh", ".config/gh", "project/deep/.SSH"]) {
    expect(await run("list_files", { path }), path).toMatchObject({ code: "secret" });
    expect(await run("run_command", { argv: ["ls"], cwd: path }), path).toMatchObject({ code: "secret" });
    expect(await run("read_file", { path: "x" }, { root: join(root, path) }), path).toMatchObject({
      code: "not_a_workspace",
    });
  }
});

it.each(["rg", "no-such-ripgrep"])("finds and lists nothing of them (%s)", async (ripgrep) => {
  const { root, output } = makeHome({ ripgrep });
  symlinkSync(join(root, ".ssh"), join(root, "project/keys"));
  const found = (await output("search_files", { pattern: SECRET, limit: 500 })).text;
  expect(found.split("\n").map((line) => line.split(":")[0])).toEqual(
    expect.arrayContaining(["project/notes", "project/.env.example"]),
  );
  for (const path of PLACES) expect(found).not.toContain(`${path}:`);
  const listed = (await output("list_files", { depth: 5 })).text;
  // That they are there is no secret; what is in them is.
  expect(listed).toContain(".ssh/");
  for (const name of ["id_ed25519  ", "hosts.yml", "Login Data", "login.keyring", "x.key"])
    expect(listed).not.toContain(name);
});

it("resolves links before it judges, into them and of them", async () => {
  const { root, run, output } = makeHome();
  symlinkSync(join(root, ".ssh"), join(root, "project/keys"));
  symlinkSync("../.netrc", join(root, "project/leak"));
  for (const path of ["project/keys/config", "project/leak"])
    expect(await run("read_file", { path }), path).toMatchObject({ code: "secret" });
  // A place that is a link itself, as people have whose files are under version control.
  mkdirSync(join(root, "dotfiles/kube"), { recursive: true });
  writeFileSync(join(root, "dotfiles/kube/config"), SECRET);
  symlinkSync("dotfiles/kube", join(root, ".cargo"));
  expect(await output("read_file", { path: "dotfiles/kube/config" })).toMatchObject({ ok: true });
  mkdirSync(join(root, ".gem"));
  symlinkSync("../dotfiles/kube/config", join(root, ".gem/credentials"));
  expect(await run("read_file", { path: "dotfiles/kube/config" })).toMatchObject({ code: "secret" });
});

it("opens what was given by name, for reading alone; neither what is around it nor a link does", async () => {
  const { root, outside, run, output } = makeHome();
  const ssh = join(root, ".ssh");
  const given = { outside: [join(ssh, "config")] };
  expect(await output("read_file", { path: ".ssh/config" }, given)).toMatchObject({ ok: true });
  expect(await run("read_file", { path: ".ssh/id_ed25519" }, given)).toMatchObject({ code: "secret" });
  expect(await run("write_file", { path: ".ssh/config", text: "" }, given)).toMatchObject({ code: "secret" });
  const all = { outside: [ssh] };
  expect((await output("list_files", { path: ".ssh" }, all)).text).toContain("id_ed25519");
  expect((await output("search_files", { path: ".ssh", pattern: SECRET }, all)).text).toContain(
    ".ssh/config:1",
  );
  expect(await run("run_command", { argv: ["ls"], cwd: ".ssh" }, all)).toMatchObject({ code: "secret" });
  symlinkSync(ssh, join(root, "project/docs"));
  symlinkSync(ssh, join(outside, "docs"));
  for (const path of [root, dirname(root), join(root, "project/docs"), join(outside, "docs")]) {
    expect(await run("read_file", { path: ".ssh/config" }, { outside: [path] }), path).toMatchObject({
      code: "secret",
    });
  }
  // From a workspace elsewhere it is outside, and the same rule holds.
  const elsewhere = { root: join(root, "project"), outside: [ssh] };
  expect(await output("read_file", { path: join(ssh, "config") }, elsewhere)).toMatchObject({ ok: true });
  expect(
    await run("read_file", { path: join(ssh, "config") }, { ...elsewhere, outside: [root] }),
  ).toMatchObject({
    code: "secret",
  });
});

it("is configured: more places, and some taken back", async () => {
  const { run, output } = makeHome({
    secrets: { closed: ["~/project/notes", "*.key"], open: ["~/.ssh/config", ".env.production", "~/.kube"] },
  });
  for (const path of [".ssh/config", "project/.env.production", ".kube/config"])
    expect(await output("read_file", { path }), path).toMatchObject({ ok: true });
  for (const path of ["project/notes", "project/new.key", ".ssh/id_ed25519", "project/.env"])
    expect(await run("read_file", { path }), path).toMatchObject({ code: "secret" });
});

describe("git_diff", () => {
  it("leaves them out of a repository that has them, unless they were given", async () => {
    const { root, run, output } = makeHome();
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", root, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args]);
    git("init", "-q");
    git("add", "-Af", ".");
    git("commit", "-qm", "all of it");
    for (const path of [...PLACES, "project/notes"]) writeFileSync(join(root, path), "password=changed\n");
    const diff = (await output("git_diff", {})).text;
    expect(diff.match(/^diff --git .*$/gm)).toEqual(["diff --git a/project/notes b/project/notes"]);
    const below = (await output("git_diff", {}, { root: join(root, "project") })).text;
    expect(below.match(/^diff --git .*$/gm)).toEqual(["diff --git a/project/notes b/project/notes"]);
    const path = "project/.env";
    expect(await run("git_diff", { path })).toMatchObject({ code: "secret" });
    expect((await output("git_diff", { path }, { outside: [join(root, path)] })).text).toContain(
      "+password=changed",
    );
  });
});

it("knows what it cannot know: another name of the same file", async () => {
  const { root, output } = makeHome();
  // A hard link takes a right to write; who has it has been allowed a command or a write.
  linkSync(join(root, ".netrc"), join(root, "project/same"));
  expect(realpathSync(join(root, "project/same"))).toBe(join(root, "project/same"));
  expect(await output("read_file", { path: "project/same" })).toMatchObject({ ok: true });
});
