import type { IParser } from "@xterm/xterm";

/**
 * Programs ask the terminal questions (what it is, where the cursor is, which colours it has) in their output. tmux has answered
 * them on the host; answers of ours would arrive in the pane as if somebody had typed them. This swallows the questions.
 */
export function muteReplies(parser: IParser): void {
  const swallow = (): boolean => true;
  // Device attributes, in three kinds.
  for (const prefix of ["", ">", "="])
    parser.registerCsiHandler({ ...prefixed(prefix), final: "c" }, swallow);
  // Device and cursor status.
  for (const prefix of ["", "?"]) parser.registerCsiHandler({ ...prefixed(prefix), final: "n" }, swallow);
  // Which modes are set.
  for (const prefix of ["", "?"])
    parser.registerCsiHandler({ ...prefixed(prefix), intermediates: "$", final: "p" }, swallow);
  // Version, window reports, keyboard protocol, terminal parameters.
  parser.registerCsiHandler({ prefix: ">", final: "q" }, swallow);
  parser.registerCsiHandler({ final: "t" }, swallow);
  parser.registerCsiHandler({ prefix: "?", final: "u" }, swallow);
  parser.registerCsiHandler({ final: "x" }, swallow);
  // Settings and capabilities.
  parser.registerDcsHandler({ intermediates: "$", final: "q" }, swallow);
  parser.registerDcsHandler({ intermediates: "+", final: "q" }, swallow);
  // Colours: a question has a `?` where a colour would stand. Setting one stays possible.
  for (const code of [4, 10, 11, 12]) parser.registerOscHandler(code, (data) => data.includes("?"));
  // Reporting that the window has the focus: tmux does that itself for its own clients.
  parser.registerCsiHandler(
    { prefix: "?", final: "h" },
    (params) => params.length === 1 && params[0] === 1004,
  );
}

function prefixed(prefix: string): { prefix?: string } {
  return prefix === "" ? {} : { prefix };
}
