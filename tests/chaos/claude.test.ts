import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { hookSocketPath } from "../../agent-daemon/agents/claude/startClaude.ts";
import { changeHooks } from "../../agent-daemon/hooks/changeHooks.ts";
import { findAgent } from "../support/agentBinaries.ts";
import { makeClaudeHome } from "../support/claudeHome.ts";
import { startFakeModel } from "../support/fakeModel/startFakeModel.ts";
import { RemoteHost } from "../support/RemoteHost.ts";
import { AGENT, Signalbox } from "../support/signalbox.ts";
import { strikeRequests } from "../support/strikeRequests.ts";
import { StruckClaude } from "../support/StruckClaude.ts";

const CLAUDES = 7;
/** Each wave strikes the requests of all of them. */
const WAVES = 8;
const SEED = 5;

const claude = await findAgent("claude");
if ("missing" in claude) console.warn(`Skipped: ${claude.missing}`);

describe.skipIf("missing" in claude)("requests of the real Claude Code in panes", () => {
  const program = "path" in claude ? claude.path : "";
  const version = "version" in claude ? claude.version : "";
  let dir: string;
  let ran: string;
  let model: Awaited<ReturnType<typeof startFakeModel>>;
  let signalbox: Signalbox;
  let host: RemoteHost;
  const claudes: StruckClaude[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "struck-claude-"));
    const cwd = join(dir, "work");
    mkdirSync(cwd);
    ran = join(cwd, "ran");
    model = await startFakeModel();
    const env = makeClaudeHome(dir, cwd, model.url, version);
    signalbox = await Signalbox.start({ env });
    host = await RemoteHost.enrol(signalbox, "struck");
    const socket = hookSocketPath(join(host.dir, "state"));
    changeHooks("install", { env, node: process.execPath, program: AGENT, socket });
    const options = { signalbox, host, program, config: env.CLAUDE_CONFIG_DIR, cwd };
    for (let number = 0; number < CLAUDES; number++) claudes.push(await StruckClaude.begin(options));
  });
  afterAll(async () => {
    StruckClaude.stop({ signalbox, host });
    await host.stop();
    await signalbox.stop();
    await model.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  test(
    `are answered once, by page or terminal, and it is said which, while daemon, edge and link are struck (${WAVES * CLAUDES} times)`,
    { timeout: 600_000 },
    async ({ expect }) => {
      const struck = { signalbox, host, agents: claudes, tool: "Bash", ran, waves: WAVES, seed: SEED };
      const { problems, outcomes } = await strikeRequests(struck);
      expect(problems).toEqual([]);
      expect(outcomes.applied).toBeGreaterThan(0);
      expect(outcomes.stale).toBeGreaterThan(0);
    },
  );
});
