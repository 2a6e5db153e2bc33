import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, onTestFinished, test } from "vitest";
import { tempDir } from "../testing/tempDir.ts";

/** Says its version as the daemon does, and otherwise which words it was started with. */
const DAEMON = `#!/usr/bin/env node
if (process.argv[2] === "--version") console.log("signalbox 0.1.0");
else console.log("started with " + JSON.stringify(process.argv.slice(2)));
`;
const TOOLS = ["sh", "curl", "mkdir", "rm", "mv", "ln", "chmod", "env", "cat", "head"];

/** A fresh machine with just these programs, and an edge that serves this daemon. */
async function makeMachine({ daemon = DAEMON, without = [] as string[], node = process.execPath } = {}) {
  const dir = tempDir();
  const server = createServer((request, response) => {
    const { url } = request;
    if (url === "/agent.mjs") response.end(daemon);
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  // SAFETY: a server that listens on TCP has an address of this kind.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bin = join(dir, "bin");
  const home = join(dir, "home");
  mkdirSync(bin);
  mkdirSync(home);
  for (const tool of [...TOOLS, "tmux"]) {
    const path = ["/usr/bin", "/bin"].map((place) => join(place, tool)).find((each) => existsSync(each));
    if (path !== undefined && !without.includes(tool)) symlinkSync(path, join(bin, tool));
  }
  if (!without.includes("node")) symlinkSync(node, join(bin, "node"));
  const script = readFileSync(join(import.meta.dirname, "install.sh"), "utf8").replaceAll(
    "__SIGNALBOX_URL__",
    url,
  );
  return {
    url,
    home,
    script,
    installed: join(home, ".local/share/signalbox/agent.mjs"),
    async run(args: string[] = [], input = script) {
      const child = spawn("/bin/sh", ["-s", "--", ...args], { env: { PATH: bin, HOME: home }, cwd: dir });
      child.stdin.on("error", () => {}); // it may end before it has read everything
      child.stdin.end(input);
      const [out, err, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "close"),
      ]);
      return { code: Number(code), out, err };
    },
  };
}

describe("install.sh", () => {
  test("installs the daemon and connects with the code", async ({ expect }) => {
    const machine = await makeMachine();
    const { code, out, err } = await machine.run(["the-code", "--service", "--name", "my desk"]);
    expect([code, out]).toEqual([
      0,
      `started with ${JSON.stringify(["connect", machine.url, "--code", "the-code", "--name", "my desk", "--service"])}\n`,
    ]);
    expect(err).toContain("Installed signalbox 0.1.0 as ");
    expect([readFileSync(machine.installed, "utf8"), statSync(machine.installed).mode & 0o777]).toEqual([
      DAEMON,
      0o755,
    ]);
    expect(readFileSync(join(machine.home, ".local/bin/signalbox"), "utf8")).toBe(DAEMON);
    // Once more, over itself, and with the other ways to give a code.
    expect((await machine.run(["--code=x"])).out).toBe(
      `started with ${JSON.stringify(["connect", machine.url, "--code", "x"])}\n`,
    );
    expect(readdirSync(join(machine.home, ".local/share/signalbox"))).toEqual(["agent.mjs"]);
  });

  test("without a code only installs, and says what to do next", async ({ expect }) => {
    const machine = await makeMachine();
    const { code, out, err } = await machine.run();
    expect([code, out]).toEqual([0, ""]);
    expect(err).toContain(`then run: signalbox connect ${machine.url} --code CODE`);
  });

  test("says what is missing", async ({ expect }) => {
    expect(await (await makeMachine({ without: ["node"] })).run()).toEqual({
      code: 1,
      out: "",
      err: expect.stringMatching(/^Node\.js is not installed\. Signalbox needs 22\.13 or newer/),
    });
    expect((await (await makeMachine({ without: ["curl"] })).run()).err).toContain(
      "Neither curl nor wget is installed.",
    );
    const noTmux = await (await makeMachine({ without: ["tmux"] })).run(["c"]);
    expect([noTmux.code, noTmux.err]).toEqual([
      0,
      expect.stringContaining("tmux is not installed. The daemon is installed all the same"),
    ]);
  });

  test.for([
    ["v20.19.0", 1],
    ["v22.12.9", 1],
    ["v22.13.0", 0],
    ["v24.0.0-rc.1", 0],
    ["banana", 1],
  ] as const)("looks at the version of Node: %s", async ([version, code], { expect }) => {
    const dir = tempDir();
    const node = join(dir, "node");
    writeFileSync(
      node,
      `#!/bin/sh\n[ "$1" = --version ] && echo ${version} || exec ${process.execPath} "$@"\n`,
    );
    chmodSync(node, 0o755);
    const machine = await makeMachine({ node });
    expect((await machine.run()).code).toBe(code);
    expect(existsSync(machine.installed)).toBe(code === 0);
  });

  test("does not install what is not the daemon, and keeps what was there", async ({ expect }) => {
    for (const daemon of ["<html>Sign in to the hotel network</html>", "console.log('something else')", ""]) {
      const machine = await makeMachine({ daemon });
      mkdirSync(join(machine.installed, ".."), { recursive: true });
      writeFileSync(machine.installed, "older");
      const { code, out, err } = await machine.run(["c"]);
      expect([code, out, err]).toEqual([
        1,
        "",
        expect.stringMatching(/\/agent\.mjs served (does not run|is not the daemon)\.\n$/),
      ]);
      expect([readFileSync(machine.installed, "utf8"), readdirSync(join(machine.installed, ".."))]).toEqual([
        "older",
        ["agent.mjs"],
      ]);
    }
  });

  test("does nothing when its own download breaks off", async ({ expect }) => {
    const machine = await makeMachine();
    for (let part = 1; part < 16; part++) {
      await machine.run(["c"], machine.script.slice(0, Math.floor((machine.script.length * part) / 16)));
      expect(readdirSync(machine.home)).toEqual([]);
    }
    await machine.run(["c"], machine.script.slice(0, machine.script.lastIndexOf("main")));
    expect(readdirSync(machine.home)).toEqual([]);
  });

  test("refuses words that it does not know", async ({ expect }) => {
    const machine = await makeMachine();
    for (const args of [["--fast"], ["a", "b"], ["--code"]]) {
      const { code, out } = await machine.run(args);
      expect([code, out, existsSync(machine.installed)]).toEqual([1, "", false]);
    }
  });
});
