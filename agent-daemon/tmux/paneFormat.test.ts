import { describe, expect, it } from "vitest";
import { paneFormat, parsePanes } from "./paneFormat.ts";

const nonce = ":k3x9:";

function record(over: Partial<Record<string, string>> = {}): string {
  const names = [...paneFormat(nonce).matchAll(/#\{([^}]+)\}/g)].map((match) => match[1] ?? "");
  const values: Record<string, string> = {
    pid: "10",
    start_time: "1700",
    session_id: "$0",
    pane_id: "%4",
    pane_width: "80",
    pane_height: "24",
    ...over,
  };
  return `${names.map((name) => values[name] ?? "").join(nonce)}${nonce}.\n`;
}

describe("parsePanes", () => {
  it("reads titles and directories with tabs, line feeds and separators in them", () => {
    const title = "a\tb\nc : . %end 1 2 1\n";
    const rows = parsePanes(
      Buffer.from(record({ pane_title: title, pane_current_path: "/tmp/x\n%5" })),
      nonce,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      pane: "%4",
      title,
      cwd: "/tmp/x\n%5",
      cols: 80,
      rows: 24,
      serverPid: 10,
    });
  });

  it("lists a pane once when its window is linked into two sessions", () => {
    const rows = parsePanes(
      Buffer.from(record() + record({ session_id: "$2" }) + record({ pane_id: "%5" })),
      nonce,
    );
    expect(rows.map((row) => [row.pane, row.sessions])).toEqual([
      ["%4", ["$0", "$2"]],
      ["%5", ["$0"]],
    ]);
  });

  it("leaves out what does not fit", () => {
    expect(parsePanes(Buffer.from(`rubbish\n${record({ pane_id: "x" })}`), nonce)).toEqual([]);
    expect(parsePanes(Buffer.alloc(0), nonce)).toEqual([]);
  });
});
