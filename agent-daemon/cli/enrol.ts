import { hostname } from "node:os";
import { Enrolled } from "../../protocol/api.ts";
import type { AgentConfig } from "../config.ts";
import { readToken, tokenPath } from "../readToken.ts";
import { writeFileSafely } from "../system/writeFileSafely.ts";
import { ApiRefusal, callApi } from "./callApi.ts";

export type EnrolOutcome = { how: "enrolled"; name: string } | { how: "kept"; why: string };

/**
 * Trades a one-time code for the host's token and keeps it. A code that is used up does no harm when a token is there:
 * the line from the hosts page may be pasted twice.
 */
export async function enrol(config: AgentConfig, code: string, name: string | null): Promise<EnrolOutcome> {
  try {
    const enrolled = await callApi(
      { url: config.url, token: null },
      { method: "POST", path: "/api/enrol", body: { code, hostname: name ?? hostname() }, schema: Enrolled },
    );
    writeFileSafely(tokenPath(config), `${enrolled.token}\n`);
    return { how: "enrolled", name: enrolled.name };
  } catch (error) {
    if (error instanceof ApiRefusal && error.code === "code_not_valid" && "token" in readToken(config)) {
      return { how: "kept", why: error.message };
    }
    throw error;
  }
}
