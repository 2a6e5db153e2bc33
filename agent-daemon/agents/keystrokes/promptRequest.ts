import { createHash } from "node:crypto";
import type { AgentName } from "../../../protocol/session.ts";
import { redact } from "../../../protocol/redact.ts";
import { type AgentRequest, MAX_REQUEST_INPUT, type ScreenPrompt } from "../../../protocol/requests.ts";
import type { Prompt } from "./recognisePrompt.ts";

/** The name of what asks, for every request of this kind. */
const TOOL = "prompt";

/** A prompt on a screen, as every agent's requests are told. */
export function promptRequest(
  id: string,
  { question, excerpt, allow, deny }: Prompt,
  { agent, program, cwd }: { agent: AgentName; program: string; cwd: string },
): AgentRequest {
  const name = agent === "other" || agent === "shell" ? program : agent;
  const input: ScreenPrompt = {
    program: name.slice(0, 200),
    screen: excerpt.join("\n").slice(-MAX_REQUEST_INPUT / 4),
    keys: { allow: allow.text, deny: deny.text },
  };
  const json = JSON.stringify(input);
  return {
    id,
    requester: agent === "claude" || agent === "codex" || agent === "opencode" ? agent : "tmux",
    tool: TOOL,
    scope: "type",
    input: json,
    input_sha256: createHash("sha256").update(json).digest("hex"),
    summary: redact(`${input.program}: ${question}`).slice(0, 500),
    touches: cwd === "" ? [] : [cwd.slice(0, 500)],
    offers: [],
    unverified: true,
  };
}
