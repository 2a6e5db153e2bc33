import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { RemoteHost } from "./RemoteHost.ts";
import type { Signalbox } from "./signalbox.ts";

/** Runs tmux as a person on a remote host would. */
export function tmuxOf(
  { signalbox, host }: { signalbox: Signalbox; host: RemoteHost },
  ...args: string[]
): string {
  const env = { ...signalbox.env, HOME: host.dir, TMUX_TMPDIR: join(host.dir, "tmux") };
  return execFileSync("tmux", ["-u", "-f", "/dev/null", ...args], { env, encoding: "utf8" }).trimEnd();
}
