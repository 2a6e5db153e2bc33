import type { OwnedAgent } from "../../../protocol/commands.ts";
import { type AnyAdapter, openAdapter } from "./adapter.ts";
import { acpAdapter } from "../acp/acpAdapter.ts";
import { opencodeAdapter } from "../opencode/opencodeAdapter.ts";
import { claudeAdapter } from "./claude/claudeAdapter.ts";
import { codexAdapter } from "./codex/codexAdapter.ts";

/** The agents that can be run without a terminal. */
export const ADAPTERS: Partial<Record<OwnedAgent, AnyAdapter>> = {
  claude: openAdapter(claudeAdapter),
  codex: openAdapter(codexAdapter),
  opencode: openAdapter(opencodeAdapter),
  acp: openAdapter(acpAdapter),
};
