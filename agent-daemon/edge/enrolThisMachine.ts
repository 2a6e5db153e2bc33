import { hostname } from "node:os";
import * as z from "zod";
import { CreatedHost, Enrolled } from "../../protocol/api.ts";
import { hostOfToken } from "../../protocol/tokens.ts";
import { agentFiles, readAgentStatus } from "../agentStatus.ts";
import { ApiRefusal, callApi } from "../cli/callApi.ts";
import type { ApiAccess } from "../cli/callApi.ts";
import { readFileIfThere } from "../system/readFileIfThere.ts";
import { readJsonFile } from "../system/readJsonFile.ts";
import { writeFileSafely } from "../system/writeFileSafely.ts";
import type { HomeFiles } from "./homeFiles.ts";

/** `host.json`: the host that stands for this machine, noted before its token is fetched, so that a crash makes no second one. */
const LocalHost = z.object({ host: z.string() });
const Code = z.object({ code: z.string() });

/**
 * Makes this machine a host of its own edge, unless it is one. A host that the edge no longer knows (its storage was
 * removed), or whose token it refused, is enrolled anew.
 */
export async function enrolThisMachine(files: HomeFiles, api: ApiAccess): Promise<{ enrolled: boolean }> {
  const tokenFile = agentFiles(files.agent).token;
  const token = readFileIfThere(tokenFile)?.trim() ?? "";
  const refused = readAgentStatus(files.agent)?.status.link.problem?.code === "refused";
  const known = hostOfToken(token) ?? readJsonFile(files.host, LocalHost)?.host ?? null;
  if (hostOfToken(token) !== null && !refused && (await exists(api, hostOfToken(token) ?? "")))
    return { enrolled: false };

  const code = (known === null ? null : await codeFor(api, known)) ?? (await newHost(files, api));
  const enrolled = await callApi(api, {
    method: "POST",
    path: "/api/enrol",
    body: { code, hostname: hostname() },
    schema: Enrolled,
  });
  writeFileSafely(tokenFile, `${enrolled.token}\n`);
  return { enrolled: true };
}

async function exists(api: ApiAccess, host: string): Promise<boolean> {
  return (
    (await unlessGone(callApi(api, { path: `/api/hosts/${host}`, schema: z.unknown() }).then(() => true))) ??
    false
  );
}

async function codeFor(api: ApiAccess, host: string): Promise<string | null> {
  const made = await unlessGone(
    callApi(api, { method: "POST", path: `/api/hosts/${host}/code`, schema: Code }),
  );
  return made?.code ?? null;
}

async function newHost(files: HomeFiles, api: ApiAccess): Promise<string> {
  const made = await callApi(api, {
    method: "POST",
    path: "/api/hosts",
    body: { name: hostname().trim().slice(0, 100) || "this machine" },
    schema: CreatedHost,
  });
  writeFileSafely(files.host, JSON.stringify({ host: made.host.id }));
  return made.code;
}

async function unlessGone<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiRefusal && error.status === 404) return null;
    throw error;
  }
}
