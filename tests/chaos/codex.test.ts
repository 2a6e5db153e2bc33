import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { findAgent } from "../support/agentBinaries.ts";
import { codexVariables, makeCodexHome, stopAppServer } from "../support/codexHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { RemoteHost } from "../support/RemoteHost.ts";
import { Signalbox } from "../support/signalbox.ts";
import { strikeRequests } from "../support/strikeRequests.ts";
import { StruckCodex } from "../support/StruckCodex.ts";
import { tmuxOf } from "../support/tmuxOf.ts";

const CODEXES = 7;
/** Each wave strikes the requests of all of them. */
const WAVES = 8;

const codex = await findAgent("codex");
if ("missing" in codex) console.warn(`Skipped: ${codex.missing}`);

describe.skipIf("missing" in codex)("requests of the real Codex in panes", () => {
  const program = "path" in codex ? codex.path : "";
  let dir: string;
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let signalbox: Signalbox;
  let host: RemoteHost;
  const agents: StruckCodex[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "struck-codex-"));
    model = await startFakeModel();
    const directories = Array.from({ length: CODEXES }, (_, number) => join(dir, `work-${number}`));
    for (const cwd of directories) mkdirSync(cwd);
    const env = codexVariables(makeCodexHome(dir, model.url, ...directories));
    signalbox = await Signalbox.start({ env });
    host = await RemoteHost.enrol(signalbox, "struck");
    for (const cwd of directories)
      agents.push(await StruckCodex.begin({ signalbox, host, program, model }, cwd));
  });
  afterAll(async () => {
    if (host !== undefined) tmuxOf({ signalbox, host }, "kill-server");
    stopAppServer(dir);
    await host?.stop();
    await signalbox?.stop();
    await model?.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  test(
    `are answered once, by page or terminal, and it is said which, while daemon, edge and link are struck (${WAVES * CODEXES} times)`,
    { timeout: 600_000 },
    async ({ expect }) => {
      const struck = { signalbox, host, agents, tool: "shell", ran: join(dir, "ran"), waves: WAVES, seed: 7 };
      const { problems, outcomes } = await strikeRequests(struck);
      expect(problems).toEqual([]);
      expect(outcomes.applied).toBeGreaterThan(0);
      expect(outcomes.stale).toBeGreaterThan(0);
    },
  );
});
