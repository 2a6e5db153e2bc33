import { randomBytes } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { json } from "node:stream/consumers";
import { join } from "node:path";
import { describe, onTestFinished, test } from "vitest";
import * as z from "zod";
import { newId } from "../../protocol/ids.ts";
import { formatHostToken } from "../../protocol/tokens.ts";
import { agentFiles, readAgentStatus } from "../agentStatus.ts";
import { startFakeEdge } from "../testing/fakeEdge.ts";
import type { FakeEdgeOptions } from "../testing/fakeEdge.ts";
import { eventually, runProgram, startProgram } from "../testing/program.ts";
import { tempDir } from "../testing/tempDir.ts";

const CODE = "one-time-code";

/** A machine of its own: home directory, configuration, state; and an edge that knows one code. */
async function makeMachine(options: FakeEdgeOptions = {}) {
  const dir = tempDir();
  const host = newId("hst");
  let token = "";
  const codes = new Set([CODE]);
  const asked: unknown[] = [];
  const onRequest: RequestListener = (request, response) => {
    void (async () => {
      const body = z
        .object({ code: z.string() })
        .loose()
        .parse(await json(request));
      asked.push(body);
      token = formatHostToken(host, randomBytes(32).toString("base64url"));
      const good = request.url === "/api/enrol" && codes.delete(body.code);
      response.writeHead(good ? 201 : 401, { "content-type": "application/json" });
      const refusal = { error: { code: "code_not_valid", message: "This code was used, or is too old." } };
      response.end(JSON.stringify(good ? { host, name: "desk", token } : refusal));
    })();
  };
  const edge = await startFakeEdge({ ...options, onRequest });
  onTestFinished(() => edge.stop());
  const state = join(dir, "state");
  const config = join(dir, "agent.yaml");
  writeFileSync(config, `# mine\nstate_dir: ${state}\n`);
  const { TMUX: _tmux, TMUX_PANE: _pane, ...inherited } = process.env;
  const env = { ...inherited, HOME: dir, TMUX_TMPDIR: dir, SIGNALBOX_HOME: join(dir, "no-home") };
  const args = ["connect", "--config", config];
  return {
    dir,
    edge,
    state,
    config,
    env,
    asked,
    token: () => token,
    nextCode: (code: string) => void codes.add(code),
    tokenFile: agentFiles(state).token,
    run: (...more: string[]) => runProgram([...args, ...more], env),
    async start(...more: string[]) {
      const program = await startProgram([...args, ...more], env);
      onTestFinished(() => void program.child.kill("SIGKILL"));
      return program;
    },
    online: (at = state) =>
      eventually("the daemon is online", () => {
        const agent = readAgentStatus(at);
        return agent?.running === true && agent.status.link.state === "online" && agent.status;
      }),
  };
}

describe("connect", { timeout: 60_000 }, () => {
  test("enrols with the code, remembers address and token, and runs until it is told to end", async ({
    expect,
  }) => {
    const machine = await makeMachine();
    const daemon = await machine.start(machine.edge.url, "--code", CODE, "--name", "my desk");
    const status = await machine.online();
    expect(daemon.output()).toContain("This machine is enrolled as desk.");
    expect(machine.asked).toEqual([{ code: CODE, hostname: "my desk" }]);
    expect([readFileSync(machine.tokenFile, "utf8"), statSync(machine.tokenFile).mode & 0o777]).toEqual([
      `${machine.token()}\n`,
      0o600,
    ]);
    expect(readFileSync(machine.config, "utf8")).toBe(
      `# mine\nstate_dir: ${machine.state}\nurl: ${machine.edge.url}\n`,
    );
    expect([status.host?.name, status.url, status.pid]).toEqual(["test", machine.edge.url, daemon.child.pid]);
    expect(machine.edge.hellos[0]?.info.node_version).toBe(process.versions.node);
    daemon.child.kill("SIGTERM");
    expect(await daemon.exit).toBe(0);
    expect(readAgentStatus(machine.state)).toMatchObject({
      running: false,
      status: { link: { state: "stopped" } },
    });
    // Without a code and an address it goes on where it was.
    await machine.start();
    await machine.online();
    expect(machine.asked).toHaveLength(1);
  });

  test("a second daemon on the same state directory says that one runs", async ({ expect }) => {
    const machine = await makeMachine();
    const first = await machine.start(machine.edge.url, "--code", CODE);
    await machine.online();
    const says = `A daemon already runs on the state directory ${machine.state} (process ${first.child.pid}, for ${machine.edge.url}).\n`;
    expect(await machine.run()).toEqual({ code: 3, output: says });
    // A code for another Signalbox is not used up here.
    expect(await machine.run("http://127.0.0.1:9", "--code", "another-code")).toEqual({
      code: 3,
      output: says,
    });
    expect(machine.asked).toHaveLength(1);
  });

  test("with a new code beside a running daemon, that daemon goes on with the new token at once", async ({
    expect,
  }) => {
    let refuse = false;
    const machine = await makeMachine({
      refuse: () => (refuse ? { code: 4401, reason: "This token was rotated." } : null),
    });
    await machine.start(machine.edge.url, "--code", CODE);
    await machine.online();
    refuse = true;
    machine.edge.current()?.close(4401, "This token was rotated.");
    await eventually(
      "it is refused",
      () => readAgentStatus(machine.state)?.status.link.problem?.code === "refused",
    );
    refuse = false;
    machine.nextCode("code-after-rotation");
    const { code, output } = await machine.run(machine.edge.url, "--code", "code-after-rotation");
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(
        /^This machine is enrolled as desk\.\nThe daemon that runs here already \(process \d+\) goes on with this token\.\n$/,
      ),
    ]);
    await machine.online(); // its next attempt by itself would be a minute away
  });

  test("after kill -9 the next one takes over at once", async ({ expect }) => {
    const machine = await makeMachine();
    let args = [machine.edge.url, "--code", CODE];
    const epochs = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const daemon = await machine.start(...args);
      args = [];
      const connections = machine.edge.connections();
      await eventually(
        "it said hello",
        () => machine.edge.hellos.length > round && machine.edge.connections() >= connections,
      );
      await machine.online();
      epochs.add(machine.edge.hellos.at(-1)?.epoch ?? "");
      daemon.child.kill("SIGKILL");
      await daemon.exit;
      expect(readAgentStatus(machine.state)?.running).toBe(false);
    }
    expect(epochs.size).toBe(1);
  });

  test("a code that is used up does no harm where a token is, and says so where none is", async ({
    expect,
  }) => {
    const machine = await makeMachine();
    const refused = await machine.run(machine.edge.url, "--code", "a-wrong-code");
    expect(refused).toEqual({ code: 1, output: "This code was used, or is too old.\n" });
    expect(readFileSync(machine.config, "utf8")).not.toContain("url:");
    const first = await machine.start(machine.edge.url, "--code", CODE);
    await machine.online();
    first.child.kill("SIGTERM");
    await first.exit;
    const again = await machine.start(machine.edge.url, "--code", CODE);
    await machine.online();
    expect(again.output()).toContain(
      "This code was used, or is too old. This machine keeps the token that it has.",
    );
  });

  test("says what is missing or wrong, in a sentence", async ({ expect }) => {
    const machine = await makeMachine();
    expect(await machine.run(machine.edge.url)).toEqual({
      code: 1,
      output:
        "This machine is not enrolled. Make a code on the hosts page, then run: signalbox connect --code CODE\n",
    });
    const away = await machine.run("http://127.0.0.1:9", "--code", CODE);
    expect(away).toEqual({
      code: 1,
      output: expect.stringMatching(/^Signalbox cannot be reached at http:\/\/127\.0\.0\.1:9 \(.*\)\.\n$/),
    });
    writeFileSync(join(machine.dir, "file"), "");
    writeFileSync(machine.config, `state_dir: ${machine.dir}/file/state\n`);
    const unwritable = await machine.run(machine.edge.url, "--code", CODE);
    expect(unwritable).toEqual({
      code: 1,
      output: expect.stringMatching(
        /^The state directory .*\/file\/state cannot be written: .*\. Set state_dir in agent\.yaml to a directory of yours\.\n$/,
      ),
    });
    expect(machine.asked).toEqual([]); // the code is still good
    writeFileSync(machine.config, "stat_dir: x\n");
    expect((await machine.run()).output).toMatch(/agent\.yaml is not valid:\n.*stat_dir/);
  });

  test("does not use a token that others can read", async ({ expect }) => {
    const machine = await makeMachine();
    const daemon = await machine.start(machine.edge.url, "--code", CODE);
    await machine.online();
    daemon.child.kill("SIGTERM");
    await daemon.exit;
    const { chmodSync } = await import("node:fs");
    chmodSync(machine.tokenFile, 0o644);
    expect(await machine.run()).toEqual({
      code: 1,
      output: `Others can read the token in ${machine.tokenFile}. Run: chmod 600 ${machine.tokenFile}\n`,
    });
  });

  test("ends with a code of its own when another daemon with its identity takes over", async ({ expect }) => {
    const machine = await makeMachine();
    const first = await machine.start(machine.edge.url, "--code", CODE);
    await machine.online();
    const other = join(machine.dir, "other");
    const copy = join(machine.dir, "copy.yaml");
    writeFileSync(copy, `state_dir: ${other}\ntoken_file: ${machine.tokenFile}\nurl: ${machine.edge.url}\n`);
    const second = await startProgram(["connect", "--config", copy], machine.env);
    onTestFinished(() => void second.child.kill("SIGKILL"));
    expect(await first.exit).toBe(10);
    expect(first.output()).toMatch(/error Another daemon with the same identity took over\./);
    await machine.online(other);
  });

  test("ends with a code of its own when the edge speaks another version", async ({ expect }) => {
    const machine = await makeMachine({
      refuse: () => ({ code: 4426, reason: "This edge speaks version 9." }),
    });
    const { code, output } = await machine.run(machine.edge.url, "--code", CODE);
    expect(code).toBe(11);
    expect(output).toMatch(
      /error The edge speaks another version of the protocol than this daemon \(1\)\. The edge says: This edge speaks version 9\. Update the daemon/,
    );
  });
});
