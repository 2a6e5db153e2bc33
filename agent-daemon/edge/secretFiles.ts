import { createHash, randomBytes } from "node:crypto";
import { chmodSync } from "node:fs";
import { readFileIfThere } from "../system/readFileIfThere.ts";
import { writeFileSafely } from "../system/writeFileSafely.ts";

const TOKEN = /^[\w-]{43}$/;

/** A secret of one-machine mode (the owner's API token, what keys are kept with): 32 random bytes, made on the first start. */
export function ensureSecret(path: string): string {
  const known = readSecret(path);
  if (known !== null) {
    chmodSync(path, 0o600); // a copy or an editor may have opened it to others
    return known;
  }
  const token = randomBytes(32).toString("base64url");
  writeFileSafely(path, `${token}\n`);
  return token;
}

/** A secret, or null when there is none (or the file holds something else). */
export function readSecret(path: string): string | null {
  const text = readFileIfThere(path)?.trim();
  return text !== undefined && TOKEN.test(text) ? text : null;
}

/** What the edge knows of the token. */
export function ownerTokenHash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
