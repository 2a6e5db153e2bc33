import type { CommandOf } from "../../../protocol/commands.ts";

export type CodexOptions = {
  model: string | null;
  sandbox: NonNullable<CommandOf<"codex_start">["sandbox"]> | null;
  /** The thread to go on with. */
  resume: string | null;
};

/**
 * The argument vector of a job. The prompt comes by stdin (`-`), so it is in no process list and has no length limit;
 * the working directory is that of the process, since `resume` takes none.
 */
export function codexArgv(program: string, options: CodexOptions): [string, ...string[]] {
  // The person chose the directory: whether it is a repository is their business.
  const common = [
    "--json",
    "--skip-git-repo-check",
    ...(options.model === null ? [] : ["--model", options.model]),
  ];
  if (options.resume === null) {
    const sandbox = options.sandbox === null ? [] : ["--sandbox", options.sandbox];
    return [program, "exec", ...common, ...sandbox, "-"];
  }
  // `resume` knows no --sandbox; the same as a setting.
  const sandbox = options.sandbox === null ? [] : ["--config", `sandbox_mode="${options.sandbox}"`];
  return [program, "exec", "resume", ...common, ...sandbox, "--", options.resume, "-"];
}
