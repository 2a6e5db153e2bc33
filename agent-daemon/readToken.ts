import { statSync } from "node:fs";
import { hostOfToken } from "../protocol/tokens.ts";
import { agentFiles } from "./agentStatus.ts";
import type { AgentConfig } from "./config.ts";
import { readFileIfThere } from "./system/readFileIfThere.ts";
import { say } from "./system/Sentence.ts";

export type TokenAnswer = { token: string } | { missing: string };

/** Where the host's token is kept. */
export function tokenPath(config: Pick<AgentConfig, "state_dir" | "token_file">): string {
  return config.token_file ?? agentFiles(config.state_dir).token;
}

/** The host's token, or a sentence that says why there is none. */
export function readToken(config: Pick<AgentConfig, "state_dir" | "token_file">): TokenAnswer {
  const path = tokenPath(config);
  let text: string | null;
  try {
    text = readFileIfThere(path);
    if (text !== null && (statSync(path).mode & 0o077) !== 0) {
      return { missing: `Others can read the token in ${path}. Run: chmod 600 ${path}` };
    }
  } catch (error) {
    return { missing: `The token in ${path} cannot be read: ${say(error)}` };
  }
  if (text === null) {
    return {
      missing:
        "This machine is not enrolled. Make a code on the hosts page, then run: signalbox connect --code CODE",
    };
  }
  const token = text.trim();
  return hostOfToken(token) === null ? { missing: `${path} does not hold the token of a host.` } : { token };
}
