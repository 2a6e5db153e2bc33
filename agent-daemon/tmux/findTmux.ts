import { explainRun, run } from "../run.ts";

export type FoundTmux = {
  version(): string | null;
  /** Why tmux cannot be used, in a sentence; null when it can. Looks again from time to time while it cannot. */
  unusable(): Promise<string | null>;
};

const RETRY_MS = 15_000;
/** Client flags and leaving any mode by one command came with 3.2. */
const OLDEST = 3.2;

/** Looks for tmux. */
export async function findTmux(program: string, env: NodeJS.ProcessEnv): Promise<FoundTmux> {
  let version: string | null = null;
  let problem: string | null = null;
  let at = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;

  const ask = async () => {
    const result = await run({ argv: [program, "-V"], env, timeoutMs: 5_000 });
    at = performance.now();
    version = result.status === "exited" ? tmuxVersion(result.stdout.toString("utf8")) : null;
    problem = problemOf(program, version, explainRun(program, result));
  };

  await ask();
  return {
    version: () => version,
    async unusable() {
      if (problem !== null && performance.now() - at > RETRY_MS) {
        asking ??= ask().finally(() => {
          asking = null;
        });
        await asking;
      }
      return problem;
    },
  };
}

function problemOf(program: string, version: string | null, said: string): string | null {
  if (version === null) {
    return said.includes("was not found")
      ? "tmux is not installed, so there are no terminals. Install tmux 3.2 or newer."
      : `${program} does not say its version (${said}), so there are no terminals.`;
  }
  return isOld(version) ? `tmux ${version} is too old for terminals; 3.2 or newer is needed.` : null;
}

/** `3.3a` of `tmux 3.3a`; `next-3.6` of a development version. */
export function tmuxVersion(output: string): string | null {
  return /^tmux (\S{1,30})/.exec(output)?.[1] ?? null;
}

/** Whether a version is older than what is needed; one that cannot be read is taken to be new. */
export function isOld(version: string): boolean {
  const number = Number.parseFloat(version.replace(/^[^\d]*/, ""));
  return number < OLDEST;
}
