export type ServiceSpec = {
  /** Program and arguments. */
  argv: string[];
  /** Environment it needs beyond the service manager's. */
  env: Record<string, string>;
  /** File for its log, where the service manager keeps none. */
  logFile: string;
  /** Exit codes after which it must not be started again. */
  finalExits: readonly number[];
};

/** A systemd user unit. Pure. */
export function systemdUnit({ argv, env, finalExits }: ServiceSpec): string {
  const environment = Object.entries(env).map(([name, value]) => `Environment=${quote(`${name}=${value}`)}`);
  return [
    "[Unit]",
    "Description=Signalbox daemon",
    "After=network-online.target",
    "",
    "[Service]",
    `ExecStart=${argv.map(quote).join(" ")}`,
    ...environment,
    "Restart=always",
    "RestartSec=2",
    `RestartPreventExitStatus=${finalExits.join(" ")}`,
    "# The tmux servers and jobs that it started outlive it.",
    "KillMode=process",
    "",
    "[Install]",
    "WantedBy=default.target",
    "",
  ].join("\n");
}

/** A word for systemd: in quotes, with what it would expand escaped. */
function quote(word: string): string {
  const escaped = word
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("%", "%%")
    .replaceAll("$", "$$$$");
  return `"${escaped}"`;
}
