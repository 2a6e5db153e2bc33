import headless from "@xterm/headless";
import { describe, expect, it } from "vitest";
import { muteReplies } from "./muteReplies.ts";

/** What a terminal would type into the pane after this output. */
async function repliesTo(output: string, muted: boolean): Promise<string> {
  const terminal = new headless.Terminal({ allowProposedApi: true, cols: 80, rows: 24 });
  if (muted) muteReplies(terminal.parser);
  let replies = "";
  terminal.onData((data) => {
    replies += data;
  });
  await new Promise<void>((resolve) => terminal.write(output, resolve));
  terminal.dispose();
  return replies;
}

const ANSWERED = [
  "\x1b[c",
  "\x1b[0c",
  "\x1b[>c",
  "\x1b[5n",
  "\x1b[6n",
  "\x1b[?6n",
  "\x1b[?25$p",
  "\x1b[4$p",
  "\x1bP$qm\x1b\\",
  '\x1bP$q"p\x1b\\',
];
const SILENT = [
  "\x1b[=c",
  "\x1b[>q",
  "\x1b[14t",
  "\x1b[18t",
  "\x1b[?u",
  "\x1b[x",
  "\x1b]4;1;?\x07",
  "\x1b]10;?\x07",
  "\x1b]11;?\x1b\\",
  "\x1b]12;?\x07",
  "\x1bP+q544e\x1b\\",
  "\x05",
];

describe("questions in a pane's output", () => {
  it.each(ANSWERED)("%j would be answered by a terminal on its own", async (question) => {
    expect(await repliesTo(question, false)).not.toBe("");
  });

  it.each([...ANSWERED, ...SILENT])("%j is not answered here", async (question) => {
    expect(await repliesTo(question, true)).toBe("");
  });

  it("draws everything else as it comes", async () => {
    const terminal = new headless.Terminal({ allowProposedApi: true, cols: 20, rows: 3 });
    muteReplies(terminal.parser);
    await new Promise<void>((resolve) =>
      terminal.write("a\x1b[6nb\x1b[?1004hc\x1b[?2004h\x1b[2;1Hd", resolve),
    );
    expect(terminal.buffer.active.getLine(0)?.translateToString(true)).toBe("abc");
    expect(terminal.buffer.active.getLine(1)?.translateToString(true)).toBe("d");
    expect(terminal.modes.bracketedPasteMode).toBe(true);
    expect(terminal.modes.sendFocusMode).toBe(false);
    terminal.dispose();
  });
});
