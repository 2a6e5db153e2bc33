import { readFileSync } from "node:fs";
import { readSecret } from "../edge/secretFiles.ts";
import { readRunRecord } from "../edge/runRecord.ts";
import { isLocked } from "../system/lock.ts";
import { Sentence, say } from "../system/Sentence.ts";
import type { ApiAccess } from "./callApi.ts";
import { findHome } from "./context.ts";
import type { Context } from "./context.ts";
import type { Target } from "./invocation.ts";

/** Which Signalbox a command speaks to: the one named by options or environment, else the one that runs on this machine. */
export function targetOf({ url, tokenFile }: Target, context: Context): ApiAccess {
  const { env } = context;
  const address = url ?? (env["SIGNALBOX_URL"] || null);
  const token = tokenFile === null ? env["SIGNALBOX_TOKEN"] || null : readTokenFile(tokenFile);
  if (address !== null) {
    if (token === null)
      throw new Sentence(`A token is needed for ${address}: --token-file FILE, or $SIGNALBOX_TOKEN.`);
    return { url: address, token };
  }
  const files = findHome(context);
  const record = files === null ? null : readRunRecord(files.run);
  if (files === null || record === null || !isLocked(files.lock)) {
    throw new Sentence(
      "Signalbox is not running here. Start it (npm start), or name another with --url and --token-file.",
    );
  }
  const owner = token ?? readSecret(files.ownerToken);
  if (owner === null)
    throw new Sentence(`There is no owner token in ${files.ownerToken}. Run: signalbox restart`);
  return { url: record.url, token: owner };
}

function readTokenFile(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new Sentence(`The token in ${path} cannot be read: ${say(error)}`);
  }
}
