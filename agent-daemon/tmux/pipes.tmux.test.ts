import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { attachPane } from "./attachPane.ts";
import { execArguments } from "./command.ts";
import { pipeDirectory } from "./panePipe.ts";
import { Ring } from "./ring.ts";
import { makeRig, noTmux, sessionsByPane, type Rig } from "./rig/tmuxRig.ts";
import type { Attachment, TmuxPart } from "./tmuxPart.ts";

let rig: Rig;

beforeEach(() => {
  rig = makeRig();
});
afterEach(() => rig.end());

async function onePane(): Promise<{ part: TmuxPart; session: string }> {
  rig.tmux("default", "new-session", "-d", "sh", "-c", "while read x; do echo got $x; done");
  const part = await rig.start();
  const [session = ""] = sessionsByPane(rig.messages).values();
  return { part, session };
}

async function attach(part: TmuxPart, session: string, seen: string[] = []): Promise<Attachment> {
  const result = await part.attach(session, {
    history: false,
    onData: (bytes) => seen.push(bytes.toString()),
    onLost: () => {},
  });
  if (result.status !== "attached") throw new Error(JSON.stringify(result));
  return result.attachment;
}

const piped = () => rig.tmux("default", "display-message", "-p", "-t", "%0", "#{pane_pipe}").trim();

describe.skipIf(noTmux !== null)(`pipes (${noTmux ?? "real tmux"})`, () => {
  it("leaves nothing behind when it is let go of at once", async () => {
    const { part, session } = await onePane();
    for (let n = 0; n < 20; n++) await (await attach(part, session)).close();
    await sleep(500);
    expect(readdirSync(join(rig.directory, "state", "pipes"))).toEqual([]);
    expect(piped()).toBe("0");
    // nor a shell that waits for a reader that has gone
    const running = execFileSync("ps", ["-axo", "args="], { encoding: "utf8" });
    expect(running.split("\n").filter((line) => line.includes(`${rig.directory}/state/pipes`))).toEqual([]);
  });

  it("takes the pipe off again when only the answer was lost", async () => {
    rig.tmux("default", "new-session", "-d", "sleep", "1000");
    let answers = 0;
    const result = await attachPane({
      pane: "%0",
      send: async (commands) => {
        const outputs = [Buffer.from(rig.tmux("default", ...execArguments(commands)))];
        answers += 1;
        return answers === 2 ? { ok: false, error: "the connection to tmux broke" } : { ok: true, outputs };
      },
      pipes: pipeDirectory(join(rig.directory, "pipes")),
      ring: new Ring(),
      options: { history: false, onData: () => {}, onLost: () => {} },
      onPiped: () => {},
      isCurrent: () => true,
    });
    expect(result).toMatchObject({ status: "failed" });
    expect(piped()).toBe("0");
  });

  it("gives the pane to the later of two that come at once, whatever the earlier does", async () => {
    const { part, session } = await onePane();
    for (let round = 0; round < 10; round++) {
      const seen: string[] = [];
      const [first, second] = await Promise.all([attach(part, session), attach(part, session, seen)]);
      first.start();
      second.start();
      await first.close();
      await part.type(session, Buffer.from(`${round}\r`));
      await vi.waitFor(() => expect(seen.join("")).toContain(`got ${round}`), 3_000);
      await second.close();
    }
    expect(piped()).toBe("0");
  });

  it("lets one that comes while another goes have the pane", async () => {
    const { part, session } = await onePane();
    for (let round = 0; round < 20; round++) {
      const seen: string[] = [];
      const leaving = attach(part, session).then((attachment) => attachment.close());
      await sleep(round % 5);
      const staying = await attach(part, session, seen);
      staying.start();
      await leaving;
      await part.type(session, Buffer.from(`${round}\r`));
      await vi.waitFor(() => expect(seen.join("")).toContain(`got ${round}`), 3_000);
      await staying.close();
    }
  });
});
