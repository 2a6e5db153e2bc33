import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, onTestFinished, test } from "vitest";
import { readAgentStatus } from "../agentStatus.ts";
import { freePort } from "../testing/freePort.ts";
import { eventually, lives, processesNaming, runProgram, startProgram } from "../testing/program.ts";
import { writeStandInDist } from "../testing/standInDist.ts";
import type { StandIn } from "../testing/standInDist.ts";
import { readFileIfThere } from "../system/readFileIfThere.ts";
import { findChildren } from "./findChildren.ts";
import { homeFiles } from "./homeFiles.ts";
import { readRunRecord, writeRunRecord } from "./runRecord.ts";
import type { RunRecord } from "./runRecord.ts";

const LINE = /^Signalbox runs at (http:\/\/127\.0\.0\.1:\d+) — sign in once with \S+\/sign-in\?code=\S+$/m;

async function makeHome(standIn: StandIn = {}) {
  const dir = mkdtempSync(join(tmpdir(), "signalbox-one-"));
  mkdirSync(join(dir, "tmux"), { mode: 0o700 });
  const port = await freePort();
  const files = homeFiles(join(dir, "home"));
  const { TMUX: _tmux, TMUX_PANE: _pane, ...inherited } = process.env;
  const env: NodeJS.ProcessEnv = {
    ...inherited,
    SIGNALBOX_HOME: files.home,
    SIGNALBOX_PORT: String(port),
    SIGNALBOX_DIST: writeStandInDist(dir, standIn),
    TMUX_TMPDIR: join(dir, "tmux"),
    HOME: dir,
  };
  onTestFinished(async () => {
    await runProgram(["down"], env);
    rmSync(dir, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const record = (): RunRecord => {
    const found = readRunRecord(files.run);
    if (found === null) throw new Error("there is no run.json");
    return found;
  };
  const pids = (): number[] => {
    const { supervisor, edge, agent } = record();
    return [supervisor, edge.process, agent.process, ...edge.children].flatMap((each) =>
      each === null ? [] : [each.pid],
    );
  };
  return {
    dir,
    files,
    env,
    port,
    url,
    record,
    pids,
    async up() {
      const program = await startProgram(["up"], env);
      return {
        ...program,
        ready: () =>
          eventually(
            () =>
              `up is ready; it said: ${program.output()}, and its log: ${readFileIfThere(join(files.logs, "supervisor.log"))}`,
            () => LINE.exec(program.output())?.[1],
          ),
      };
    },
    run: (...args: string[]) => runProgram(args, env),
    online: () =>
      eventually("the daemon is online", () => {
        const agent = readAgentStatus(files.agent);
        return agent?.running === true && agent.status.link.state === "online" && agent.status;
      }),
    answers: () =>
      eventually("the edge answers", async () => (await fetch(`${url}/health`).catch(() => null))?.ok),
    hosts: async () => {
      const token = readFileSync(files.ownerToken, "utf8").trim();
      const response = await fetch(`${url}/api/hosts`, { headers: { authorization: `Bearer ${token}` } });
      return (await response.json()) as { items: { id: string }[] };
    },
    allGone: (which: number[]) =>
      eventually("all processes are gone", async () =>
        (await Promise.all(which.map(lives))).every((alive) => !alive),
      ),
  };
}

describe("up", { timeout: 60_000 }, () => {
  test("starts everything, prints one line, keeps its secrets to itself, and ends everything on Ctrl-C", async ({
    expect,
  }) => {
    const home = await makeHome();
    const up = await home.up();
    expect(await up.ready()).toBe(home.url);
    expect(up.output().trim().split("\n")).toHaveLength(1);
    const mode = (path: string) => statSync(path).mode & 0o777;
    expect([
      mode(home.files.home),
      mode(home.files.ownerToken),
      mode(join(home.files.agent, "token")),
    ]).toEqual([0o700, 0o600, 0o600]);
    expect(readFileSync(home.files.ownerToken, "utf8")).toMatch(/^[\w-]{43}\n$/);
    expect(await (await fetch(`${home.url}/health`)).json()).toEqual({
      ok: true,
      version: "0",
      mode: "local",
      extra: "a text module",
    });
    expect(await (await fetch(`${home.url}/some/page`)).text()).toContain("stand-in");
    expect((await home.online()).host?.id).toBe((await home.hosts()).items[0]?.id);
    const pids = home.pids();
    expect(pids).toHaveLength(4);
    up.child.kill("SIGINT");
    expect(await up.exit).toBe(0);
    await home.allGone(pids);
  });

  test("a second one says that it runs, with a fresh sign-in link, and changes nothing", async ({
    expect,
  }) => {
    const home = await makeHome();
    await (await home.up()).ready();
    const before = home.pids();
    const [one, two] = await Promise.all([home.run("up"), home.run("up", "--detach")]);
    for (const { code, output } of [one, two]) {
      expect(code).toBe(0);
      expect(output).toMatch(
        new RegExp(
          `^Signalbox already runs at ${home.url} — sign in once with ${home.url}/sign-in\\?code=\\S+\n$`,
        ),
      );
    }
    expect(one.output).not.toBe(two.output);
    expect(home.pids()).toEqual(before);
  });

  test("two at the same moment: one runs, the other says so", async ({ expect }) => {
    const home = await makeHome();
    const both = await Promise.all([home.up(), home.up()]);
    await eventually("both spoke", () => both.every((each) => each.output().includes("Signalbox ")));
    expect(both.map((each) => each.output().split(" at ")[0]).sort()).toEqual([
      "Signalbox already runs",
      "Signalbox runs",
    ]);
    expect((await home.hosts()).items).toHaveLength(1);
  });

  test("says in one sentence that the port is taken, and leaves its owner alone", async ({ expect }) => {
    const home = await makeHome();
    const other = createServer((_request, response) => response.end("other"));
    other.listen(home.port, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { code, output } = await home.run("up");
    expect(code).toBe(1);
    expect(output).toBe(
      `Port ${home.port} is taken by another program. End it, or choose another port: SIGNALBOX_PORT=${home.port + 1} npm start\n`,
    );
    expect(await (await fetch(home.url)).text()).toBe("other");
    expect((await home.run("up", "--detach")).output).toBe(output);
  });

  test("says what is wrong when the edge cannot start, and leaves nothing running", async ({ expect }) => {
    const home = await makeHome({ worker: "this is not JavaScript" });
    const { code, output } = await home.run("up");
    expect(code).toBe(1);
    expect(output).toMatch(/^The edge could not start/);
    await home.allGone(home.pids());
  });

  test("says that nothing was built", async ({ expect }) => {
    const home = await makeHome();
    rmSync(join(home.dir, "dist/worker/manifest.json"));
    const { code, output } = await home.run("up");
    expect([code, output]).toEqual([1, expect.stringMatching(/^The edge is not built .*Run: npm start\n$/)]);
  });

  test("says that the home cannot be written", async ({ expect }) => {
    const home = await makeHome();
    writeFileSync(join(home.dir, "file"), "");
    const { code, output } = await runProgram(["up"], {
      ...home.env,
      SIGNALBOX_HOME: join(home.dir, "file/home"),
    });
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/^Signalbox cannot use .*\/file\/home \(.*\)\. Set SIGNALBOX_HOME/),
    ]);
  });

  test("interrupted at any moment of its start leaves nothing behind, and starts the next time", async ({
    expect,
  }) => {
    const home = await makeHome();
    for (const ms of [50, 250, 500, 800, 1_100, 1_500]) {
      const up = await home.up();
      await sleep(ms);
      up.child.kill("SIGTERM");
      expect([0, null]).toContain(await up.exit); // null: before it could listen for signals
      await eventually(
        "nothing of it runs",
        async () => (await processesNaming(home.files.home)).length === 0,
      );
    }
    const up = await home.up();
    await up.ready();
    await home.online();
    expect((await home.hosts()).items).toHaveLength(1);
  });
});

describe("processes that die", { timeout: 120_000 }, () => {
  test("the edge and the daemon are started again, on the same state", async ({ expect }) => {
    const home = await makeHome();
    await (await home.up()).ready();
    await home.online();
    const before = await home.hosts();
    for (const part of ["edge", "agent", "edge"] as const) {
      const was = home.record()[part].process?.pid ?? 0;
      process.kill(was, "SIGKILL");
      await eventually("another one runs", () => {
        const now = home.record()[part];
        return now.state === "running" && now.process !== null && now.process.pid !== was;
      });
      await home.answers();
      await home.online();
    }
    expect(await home.hosts()).toEqual(before);
    expect([home.record().edge.restarts, home.record().agent.restarts]).toEqual([2, 1]);
  });

  test("workerd alone is started again too", async ({ expect }) => {
    const home = await makeHome();
    await (await home.up()).ready();
    await home.online();
    const workerd = home.record().edge.children[0]?.pid ?? 0;
    process.kill(workerd, "SIGKILL");
    await eventually("another workerd is known", () => {
      const now = home.record().edge.children[0]?.pid;
      return now !== undefined && now !== workerd;
    });
    await home.answers();
    await home.online();
    expect((await home.hosts()).items).toHaveLength(1);
  });

  test("a runtime that dies again before it is up is started again all the same", async ({ expect }) => {
    const home = await makeHome();
    await (await home.up()).ready();
    const edge = home.record().edge.process?.pid ?? 0;
    for (let kills = 0; kills < 2; kills++) {
      const [runtime] = await eventually("a runtime", async () => {
        const children = await findChildren(edge);
        return children.length > 0 && children;
      });
      process.kill(runtime?.pid ?? 0, "SIGKILL");
      await eventually("it is gone", async () => !(await lives(runtime?.pid ?? 0)));
    }
    await home.answers();
    await home.online();
    expect((await home.hosts()).items).toHaveLength(1);
  });

  test("when the supervisor is killed, its children end by themselves", async ({ expect }) => {
    const home = await makeHome();
    const up = await home.up();
    await up.ready();
    await home.online();
    const pids = home.pids();
    up.child.kill("SIGKILL");
    await up.exit;
    await home.allGone(pids);
    expect((await home.run("status")).output).toContain("Signalbox is not running here.");
  });

  test("kill -9 of any of them, alone or together, and the next start cleans up exactly what was ours", async ({
    expect,
  }) => {
    const home = await makeHome();
    const bystander = spawn("sleep", ["600"]);
    onTestFinished(() => void bystander.kill("SIGKILL"));
    const combinations = [
      ["supervisor"],
      ["supervisor", "edge"],
      ["supervisor", "edge", "agent"],
      ["supervisor", "agent"],
    ] as const;
    for (const [round, victims] of combinations.entries()) {
      const up = await home.up();
      await up.ready();
      await home.online();
      const { supervisor, edge, agent } = home.record();
      const pids = home.pids();
      // Stopped, a process cannot notice that its supervisor is gone: it must be found by the next start.
      if (!victims.some((name) => name === "agent")) process.kill(agent.process?.pid ?? 0, "SIGSTOP");
      for (const name of victims)
        process.kill({ supervisor, edge: edge.process, agent: agent.process }[name]?.pid ?? 0, "SIGKILL");
      await up.exit;
      if (round === 0) {
        // What the record says of a process that is not ours any more (its number was given away) is not believed.
        const record = home.record();
        record.agent.process = { pid: bystander.pid ?? 0, started: "another" };
        record.edge.children.push({ pid: process.pid, started: "another" });
        writeRunRecord(home.files.run, record);
        process.kill(agent.process?.pid ?? 0, "SIGKILL");
      }
      const next = await home.up();
      await next.ready();
      await home.online();
      await home.allGone(pids);
      next.child.kill("SIGTERM");
      expect(await next.exit).toBe(0);
    }
    expect(bystander.exitCode).toBeNull();
    expect(await lives(bystander.pid ?? 0)).toBe(true);
    expect(combinations).toHaveLength(4);
  });

  test("an orphaned workerd that nobody could record is found by its group and its run", async ({
    expect,
  }) => {
    const home = await makeHome();
    const up = await home.up();
    await up.ready();
    const { supervisor, edge } = home.record();
    const workerd = edge.children[0]?.pid ?? 0;
    for (const pid of [supervisor.pid, edge.process?.pid ?? 0]) process.kill(pid, "SIGKILL");
    await up.exit;
    writeRunRecord(home.files.run, { ...home.record(), edge: { ...home.record().edge, children: [] } });
    expect(await lives(workerd)).toBe(true);
    await (await home.up()).ready();
    expect(await lives(workerd)).toBe(false);
  });
});

describe("in the background", { timeout: 60_000 }, () => {
  test("up --detach, status, restart and down do what they say", async ({ expect }) => {
    const home = await makeHome();
    expect(await home.run("down")).toEqual({ code: 0, output: "Signalbox is not running here.\n" });
    const started = await home.run("up", "--detach");
    expect([started.code, LINE.test(started.output)]).toEqual([0, true]);
    await home.online();
    const status = await home.run("status");
    expect(status.code).toBe(0);
    expect(status.output).toMatch(
      new RegExp(
        `^Signalbox  runs at ${home.url} .*\nedge       runs\ndaemon     online as .*\n(?:.*\n)*sign in    ${home.url}/sign-in\\?code=\\S+\n$`,
      ),
    );
    const json = await home.run("status", "--json");
    expect(JSON.parse(json.output)).toMatchObject({
      healthy: true,
      local: { running: true, record: { ready: true } },
    });
    const before = home.pids();
    const restarted = await home.run("restart");
    expect([restarted.code, LINE.test(restarted.output)]).toEqual([0, true]);
    await home.allGone(before);
    await home.online();
    const after = home.pids();
    expect(await home.run("down")).toEqual({ code: 0, output: "Signalbox stopped. Panes and jobs go on.\n" });
    await home.allGone(after);
    const stopped = await home.run("status");
    expect([stopped.code, stopped.output]).toEqual([
      1,
      "Signalbox is not running here. Start it: npm start\n",
    ]);
  });

  test("a detached start that fails says why and ends with its code", async ({ expect }) => {
    const home = await makeHome({ worker: "export default 7" });
    const { code, output } = await home.run("up", "--detach");
    expect([code, output]).toEqual([1, expect.stringMatching(/^The edge could not start/)]);
  });
});

describe("state", { timeout: 60_000 }, () => {
  test("migrations that are new are applied before anybody is answered, once", async ({ expect }) => {
    const home = await makeHome();
    const first = await home.up();
    await first.ready();
    first.child.kill("SIGTERM");
    await first.exit;
    writeStandInDist(home.dir, {
      migrations: [
        {
          name: "0001_more.sql",
          statements: [
            "ALTER TABLE hosts ADD COLUMN more TEXT NOT NULL DEFAULT 'm'",
            "UPDATE hosts SET name = name || '+'",
          ],
        },
      ],
    });
    for (let round = 0; round < 2; round++) {
      const again = await home.up();
      await again.ready();
      const { items } = (await home.hosts()) as { items: { name?: string }[] };
      expect(items.map(({ name }) => name?.endsWith("+") === true && !name.endsWith("++"))).toEqual([true]);
      again.child.kill("SIGTERM");
      await again.exit;
    }
    expect(
      readFileSync(join(home.files.logs, "supervisor.log"), "utf8").match(/Migrations were applied/g),
    ).toHaveLength(2);
  });

  test("a migration that fails leaves nothing half done, and says so", async ({ expect }) => {
    const home = await makeHome();
    const first = await home.up();
    await first.ready();
    first.child.kill("SIGTERM");
    await first.exit;
    writeStandInDist(home.dir, {
      migrations: [{ name: "0001_bad.sql", statements: ["CREATE TABLE half (x)", "NOT SQL"] }],
    });
    expect(await home.run("up")).toEqual({
      code: 1,
      output: expect.stringMatching(/^The edge could not start: .*NOT/),
    });
    writeStandInDist(home.dir, {
      migrations: [{ name: "0001_bad.sql", statements: ["CREATE TABLE half (x)"] }],
    });
    await (await home.up()).ready();
  });

  test("when the edge's storage is removed, this machine enrols anew", async ({ expect }) => {
    const home = await makeHome();
    const first = await home.up();
    await first.ready();
    const before = (await home.online()).host?.id;
    first.child.kill("SIGTERM");
    await first.exit;
    rmSync(home.files.edge, { recursive: true });
    await (await home.up()).ready();
    const after = (await home.online()).host?.id;
    expect(after).not.toBe(before);
    expect((await home.hosts()).items.map(({ id }) => id)).toEqual([after]);
  });

  test("when its token was taken back, the next start fetches a new one for the same host", async ({
    expect,
  }) => {
    const home = await makeHome();
    const first = await home.up();
    await first.ready();
    const before = (await home.online()).host?.id;
    first.child.kill("SIGTERM");
    await first.exit;
    const tokenFile = join(home.files.agent, "token");
    writeFileSync(tokenFile, readFileSync(tokenFile, "utf8").replace(/.{5}\n$/, "xxxxx\n"));
    const second = await home.up();
    await second.ready();
    await eventually(
      "the daemon is refused",
      () => readAgentStatus(home.files.agent)?.status.link.problem?.code === "refused",
    );
    second.child.kill("SIGTERM");
    await second.exit;
    await (await home.up()).ready();
    expect((await home.online()).host?.id).toBe(before);
  });
});
