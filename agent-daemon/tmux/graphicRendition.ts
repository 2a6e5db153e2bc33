/**
 * Follows colours and attributes through text with escape sequences, so that each row of a capture, in which tmux lets
 * them run on from row to row, can be drawn by itself.
 */
export class GraphicRendition {
  #set = new Map<string, string>();
  #lineDrawing = false;

  /** Takes a row and gives the same row standing alone: it begins with what was in force and ends with nothing in force. */
  standalone(row: string): string {
    const before = this.#prefix();
    this.#follow(row);
    const after = this.#set.size > 0 ? "\x1b[m" : "";
    const link = row.includes("\x1b]8;") ? "\x1b]8;;\x1b\\" : "";
    return `${before}${row}${this.#lineDrawing ? "\x0f" : ""}${after}${link}`;
  }

  #prefix(): string {
    const attributes = [...this.#set.values()];
    return `${attributes.length > 0 ? `\x1b[${attributes.join(";")}m` : ""}${this.#lineDrawing ? "\x0e" : ""}`;
  }

  #follow(row: string): void {
    for (const [token, params] of row.matchAll(/\x1b\[([0-9;:]*)m|[\x0e\x0f]/g)) {
      if (token === "\x0e") this.#lineDrawing = true;
      else if (token === "\x0f") this.#lineDrawing = false;
      else this.#apply(params ?? "");
    }
  }

  #apply(params: string): void {
    const parts = params.split(";");
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] ?? "";
      const code = Number.parseInt(part, 10) || 0;
      if ((code === 38 || code === 48 || code === 58) && !part.includes(":")) {
        // The colour follows as parameters of its own: 5;n or 2;r;g;b.
        const length = parts[i + 1] === "5" ? 3 : parts[i + 1] === "2" ? 5 : 1;
        if (length > 1) this.#set.set(String(code), parts.slice(i, i + length).join(";"));
        i += length - 1;
      } else if (code === 0) this.#set.clear();
      else this.#attribute(code, part);
    }
  }

  #attribute(code: number, part: string): void {
    const cleared = CLEARS.get(code);
    if (cleared !== undefined) for (const kind of cleared) this.#set.delete(kind);
    else if ((code >= 30 && code <= 38) || (code >= 90 && code <= 97)) this.#set.set("38", part);
    else if ((code >= 40 && code <= 48) || (code >= 100 && code <= 107)) this.#set.set("48", part);
    else if (code === 58) this.#set.set("58", part);
    else if (part.startsWith("4:0")) this.#set.delete("4");
    else if (code === 21) this.#set.set("4", part);
    else this.#set.set(String(code), part);
  }
}

/** Codes that end attributes, and which. */
const CLEARS = new Map<number, string[]>([
  [22, ["1", "2"]],
  [23, ["3"]],
  [24, ["4"]],
  [25, ["5", "6"]],
  [27, ["7"]],
  [28, ["8"]],
  [29, ["9"]],
  [39, ["38"]],
  [49, ["48"]],
  [55, ["53"]],
  [59, ["58"]],
]);
