import { randomInt } from "node:crypto";
import { portIsFree } from "../edge/portIsFree.ts";

/** Systems give ports from 32768 (Linux) or 49152 (macOS) on to whoever asks for any: there it may be another's by the time it is used again. */
const FROM = 10_000;
const BELOW = 32_768;

/** A port of loopback that nobody listens on, and that nobody is given while what listens on it is started again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, BELOW);
    if (await portIsFree(port)) return port;
  }
}
