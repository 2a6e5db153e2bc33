/** What a program needs to know of the person and the machine; nothing that opens a door. */
const KEPT =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|XDG_RUNTIME_DIR|XDG_CONFIG_HOME|XDG_DATA_HOME|XDG_CACHE_HOME)$/;

/** By this variable every process of a call is known, wherever it went. Its value is the command's id. */
export const CALL_VARIABLE = "SIGNALBOX_CALL";

/** The environment of programs that a tool starts: no secret of the daemon's, and nobody there to answer or to page. */
export function cleanEnvironment(
  daemon: NodeJS.ProcessEnv,
  more: Record<string, string> = {},
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(daemon))
    if (KEPT.test(name) && value !== undefined) env[name] = value;
  return {
    ...env,
    TERM: "dumb",
    NO_COLOR: "1",
    PAGER: "cat",
    GIT_PAGER: "cat",
    GIT_TERMINAL_PROMPT: "0",
    ...more,
  };
}
