/** A pane as tmux lists it. */
export type PaneRow = {
  serverPid: number;
  serverStart: number;
  tmuxSessionId: string;
  tmuxSession: string;
  sessionActivity: number;
  windowId: string;
  windowIndex: string;
  windowName: string;
  windowPanes: number;
  windowActivity: number;
  pane: string;
  panePid: number;
  command: string;
  cwd: string;
  title: string;
  cols: number;
  rows: number;
  dead: boolean;
  deadStatus: string;
  deadSignal: string;
  piped: boolean;
  /** Our pane option. */
  mark: string;
  /** Every tmux session that shows the pane (windows can be linked). */
  sessions: string[];
};

const FIELDS = [
  "pid",
  "start_time",
  "session_id",
  "session_name",
  "session_activity",
  "window_id",
  "window_index",
  "window_name",
  "window_panes",
  "window_activity",
  "pane_id",
  "pane_pid",
  "pane_current_command",
  "pane_current_path",
  "pane_title",
  "pane_width",
  "pane_height",
  "pane_dead",
  "pane_dead_status",
  "pane_dead_signal",
  "pane_pipe",
  "@signalbox",
] as const;

/**
 * The format for `list-panes -a -F`. `nonce` separates the fields: titles and directories can hold any character,
 * also tabs and line feeds, but not a random word made at the daemon's start.
 */
export function paneFormat(nonce: string): string {
  return `${FIELDS.map((field) => `#{${field}}`).join(nonce)}${nonce}.`;
}

/** Reads what {@link paneFormat} made; one row per pane. A row that does not fit is left out. */
export function parsePanes(output: Buffer, nonce: string): PaneRow[] {
  const rows = new Map<string, PaneRow>();
  for (const record of output.toString("utf8").split(`${nonce}.\n`)) {
    const row = readRow(record.split(nonce));
    if (row === null) continue;
    const known = rows.get(row.pane);
    if (known === undefined) rows.set(row.pane, row);
    else known.sessions.push(row.tmuxSessionId);
  }
  return [...rows.values()];
}

function readRow(values: string[]): PaneRow | null {
  if (values.length !== FIELDS.length) return null;
  const text = (field: (typeof FIELDS)[number]) => values[FIELDS.indexOf(field)] ?? "";
  const number = (field: (typeof FIELDS)[number]) => Number(text(field)) || 0;
  if (!/^%\d+$/.test(text("pane_id"))) return null;
  return {
    serverPid: number("pid"),
    serverStart: number("start_time"),
    tmuxSessionId: text("session_id"),
    tmuxSession: text("session_name"),
    sessionActivity: number("session_activity"),
    windowId: text("window_id"),
    windowIndex: text("window_index"),
    windowName: text("window_name"),
    windowPanes: number("window_panes"),
    windowActivity: number("window_activity"),
    pane: text("pane_id"),
    panePid: number("pane_pid"),
    command: text("pane_current_command"),
    cwd: text("pane_current_path"),
    title: text("pane_title"),
    cols: number("pane_width"),
    rows: number("pane_height"),
    dead: text("pane_dead") === "1",
    deadStatus: text("pane_dead_status"),
    deadSignal: text("pane_dead_signal"),
    piped: text("pane_pipe") === "1",
    mark: text("@signalbox"),
    sessions: [text("session_id")],
  };
}
