import headless from "@xterm/headless";

/** A terminal to draw into, as a browser has one. */
export class TestTerminal {
  readonly #terminal: InstanceType<typeof headless.Terminal>;
  /** What the terminal answered to questions in its input. */
  answers = "";

  constructor(cols: number, rows: number) {
    this.#terminal = new headless.Terminal({ cols, rows, scrollback: 20_000, allowProposedApi: true });
    this.#terminal.onData((data) => {
      this.answers += data;
    });
  }

  write(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(bytes, resolve));
  }

  resize(cols: number, rows: number): void {
    this.#terminal.resize(cols, rows);
  }

  get cursor(): { x: number; y: number } {
    const { cursorX: x, cursorY: y } = this.#terminal.buffer.active;
    return { x, y };
  }

  get alternate(): boolean {
    return this.#terminal.buffer.active.type === "alternate";
  }

  /** The modes that programs set. */
  get modes(): Record<string, unknown> {
    const {
      applicationCursorKeysMode,
      applicationKeypadMode,
      insertMode,
      mouseTrackingMode,
      originMode,
      wraparoundMode,
    } = this.#terminal.modes;
    return {
      applicationCursorKeysMode,
      applicationKeypadMode,
      insertMode,
      mouseTrackingMode,
      originMode,
      wraparoundMode,
    };
  }

  /** The rows of the screen as text, trimmed at the right. */
  screen(): string[] {
    const buffer = this.#terminal.buffer.active;
    return Array.from({ length: this.#terminal.rows }, (_, y) =>
      (buffer.getLine(buffer.baseY + y)?.translateToString(true) ?? "").trimEnd(),
    );
  }

  /** History and screen as text, wrapped rows joined. */
  lines(): string[] {
    const buffer = this.#terminal.buffer.active;
    const lines: string[] = [];
    for (let y = 0; y < buffer.length; y++) {
      const line = buffer.getLine(y);
      const text = line?.translateToString(true) ?? "";
      if (line?.isWrapped === true) lines.push(`${lines.pop() ?? ""}${text}`);
      else lines.push(text);
    }
    return lines;
  }

  /** Every cell of the screen with its colours and attributes. */
  cells(): string[] {
    const buffer = this.#terminal.buffer.active;
    return Array.from({ length: this.#terminal.rows }, (_, y) => {
      const line = buffer.getLine(buffer.baseY + y);
      const cells: string[] = [];
      for (let x = 0; x < this.#terminal.cols; x++) {
        const cell = line?.getCell(x);
        if (cell === undefined) continue;
        const attributes = [
          cell.isBold(),
          cell.isDim(),
          cell.isItalic(),
          cell.isUnderline(),
          cell.isBlink(),
          cell.isInverse(),
          cell.isInvisible(),
          cell.isStrikethrough(),
        ].map((set) => (set === 0 ? 0 : 1));
        const colours = `${cell.getFgColorMode()}:${cell.getFgColor()} ${cell.getBgColorMode()}:${cell.getBgColor()}`;
        cells.push(`${cell.getChars() || " "} ${colours} ${attributes.join("")}`);
      }
      return cells.join("|");
    });
  }
}
