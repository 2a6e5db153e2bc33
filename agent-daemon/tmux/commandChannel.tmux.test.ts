import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openCommandChannel, type CommandChannel } from "./commandChannel.ts";
import { STAGES } from "./commandProcess.ts";
import { makeRig, noTmux, type Rig } from "./rig/tmuxRig.ts";

let rig: Rig;
let channel: CommandChannel | null = null;
beforeEach(() => {
  rig = makeRig();
});
afterEach(async () => {
  channel?.stop();
  channel = null;
  await rig.end();
});

function socketPath(): string {
  return join(rig.directory, `tmux-${process.getuid?.() ?? 0}`, "default");
}

function open(
  tmux: readonly [string, ...string[]] = ["tmux", "-u", "-S", socketPath()],
  onEnd = () => {},
): CommandChannel {
  channel = openCommandChannel({
    tmux,
    env: rig.env,
    directory: join(rig.directory, "channel"),
    log: () => {},
    onEnd,
  });
  return channel;
}

/** Processes that still have the rig's directory in their arguments. */
async function processes(): Promise<string> {
  const ps = spawn("ps", ["-axo", "args="]);
  let text = "";
  ps.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => ps.on("close", resolve));
  return text
    .split("\n")
    .filter((line) => line.includes(`-S ${socketPath()}`) && line.includes("source-file"))
    .join("\n");
}

describe.skipIf(noTmux !== null)(`a command channel (${noTmux ?? "real tmux"})`, () => {
  it("says whom it speaks with, gives what each command printed, and is no client that people see", async () => {
    rig.tmux("default", "new-session", "-d", "-s", "it's", "cat");
    const own = open();
    expect(own.server()).toBeNull();
    const reply = await own.send([
      ["display-message", "-p", "-t", "%0", "#{session_name};$HOME"],
      ["copy-mode", "-q", "-t", "%0"],
      ["capture-pane", "-p", "-t", "%0"],
    ]);
    if (!reply.ok) throw new Error(reply.error);
    expect(reply.outputs.map((output) => output.toString().replace(/\n+$/, ""))).toEqual([
      "it's;$HOME",
      "",
      "",
    ]);
    expect(own.server()).toBe(rig.tmux("default", "display-message", "-p", "#{pid} #{start_time}").trim());
    expect(rig.tmux("default", "list-clients")).toBe("");
    expect(rig.tmux("default", "display-message", "-p", "-t", "%0", "#{session_attached}").trim()).toBe("0");
  });

  it("says why a command failed, does not run those after it, and goes on", async () => {
    rig.tmux("default", "new-session", "-d", "cat");
    const own = open();
    const [bad, unparsable, good] = await Promise.all([
      own.send([
        ["send-keys", "-t", "%99", "x"],
        ["set-option", "-g", "@ran", "yes"],
      ]),
      own.send([["no-such-command", "x"]]),
      own.send([["display-message", "-p", "fine"]]),
    ]);
    expect(bad).toEqual({ ok: false, error: expect.stringMatching(/can't find pane: %99/) });
    expect(unparsable).toMatchObject({ ok: false });
    expect(good).toEqual({ ok: true, outputs: [Buffer.from("fine\n")] });
    expect(rig.tmux("default", "show-options", "-gqv", "@ran")).toBe("");
  });

  it(
    "keeps the order of ten thousand commands over many processes, and is quick",
    { timeout: 60_000 },
    async () => {
      const file = join(rig.directory, "got");
      rig.tmux("default", "new-session", "-d", "sh", "-c", `stty raw -echo; exec cat > ${file}`);
      await vi.waitFor(() => expect(existsSync(file)).toBe(true));
      const own = open();
      const sent: Promise<unknown>[] = [];
      let wanted = "";
      for (let i = 0; i < 10_000; i++) {
        wanted += `${i} `;
        sent.push(own.send([["send-keys", "-t", "%0", "-l", `${i} `]]));
        // also one at a time, which uses up a stage each
        if (i % 15 === 0) await sent.at(-1);
      }
      await Promise.all(sent);
      await vi.waitFor(() => expect(readFileSync(file, "utf8")).toBe(wanted), 5_000);
      const began = performance.now();
      for (let i = 0; i < 2 * STAGES; i++) await own.send([["display-message", "-p", "x"]]);
      console.log(`a command over the channel: ${((performance.now() - began) / 2 / STAGES).toFixed(3)} ms`);
      expect((await processes()).split("\n").length).toBeLessThanOrEqual(2);
    },
  );

  it("takes lines larger than a FIFO, and prints what is larger than one", async () => {
    rig.tmux("default", "new-session", "-d", "-x", "500", "-y", "300", "sh", "-c", "seq 20000; cat");
    const own = open();
    const long = "x".repeat(200_000);
    expect(await own.send([["set-option", "-g", "@long", long]])).toMatchObject({ ok: true });
    const reply = await own.send([["show-options", "-gv", "@long"]]);
    expect(reply.ok && reply.outputs[0]?.toString()).toBe(`${long}\n`);
  });

  it("writes again what a process came too late for", async () => {
    // A stand-in for tmux that misses the first two files.
    const program = join(rig.directory, "late.mjs");
    writeFileSync(
      program,
      `import { readFileSync } from "node:fs";
       const nonce = /@\\w+@/.exec(process.argv.join(" "))[0];
       console.log(nonce + "!1 2");
       const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
       for (let n = 0; n < 50; n++) {
         if (n < 2) await wait(100);
         else for (const line of readFileSync(String(n % 2), "utf8").split("\\n")) {
           for (const [, text] of line.matchAll(/display-message -p '([^']*)'/g)) console.log(text);
         }
         console.log(nonce + "=" + n);
       }`,
    );
    const own = open([process.execPath, program]);
    const replies = await Promise.all(
      ["one", "two"].map((text) => own.send([["display-message", "-p", `${text}!`]])),
    );
    expect(replies).toEqual([
      { ok: true, outputs: [Buffer.from("one!\n")] },
      { ok: true, outputs: [Buffer.from("two!\n")] },
    ]);
  });

  it("ends with its server, answering everything, and never starts one", async () => {
    rig.tmux("default", "new-session", "-d", "cat");
    const onEnd = vi.fn();
    const own = open(undefined, onEnd);
    await own.ready;
    rig.tmux("default", "kill-server");
    const replies = await Promise.all(Array.from({ length: 5 }, () => own.send([["list-sessions"]])));
    expect(replies.every((reply) => !reply.ok)).toBe(true);
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(existsSync(join(rig.directory, "channel"))).toBe(false);

    await vi.waitFor(() =>
      expect(() => rig.tmux("default", "list-sessions")).toThrow(/no server|error connecting/),
    );
    const none = open(undefined, onEnd);
    expect(await none.send([["list-sessions"]])).toMatchObject({ ok: false });
    expect(() => rig.tmux("default", "list-sessions")).toThrow(/no server|error connecting/);
  });

  it("leaves nothing behind when it stops, nor when its daemon is killed", async () => {
    rig.tmux("default", "new-session", "-d", "cat");
    const own = open();
    await own.ready;
    expect(await processes()).not.toBe("");
    own.stop();
    await vi.waitFor(async () => expect(await processes()).toBe(""), 3_000);

    const child = spawn(process.execPath, [join(import.meta.dirname, "rig", "holdChannel.ts")], {
      env: { ...rig.env, RIG_SOCKET: socketPath(), RIG_DIRECTORY: join(rig.directory, "held") },
      stdio: "ignore",
    });
    await vi.waitFor(async () => expect(await processes()).not.toBe(""), 5_000);
    child.kill("SIGKILL");
    await vi.waitFor(async () => expect(await processes()).toBe(""), 5_000);
    expect(rig.tmux("default", "list-panes", "-F", "#{pane_id}").trim()).toBe("%0");
  });
});
