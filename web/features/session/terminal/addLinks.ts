import type { IBufferLine, ILink, Terminal } from "@xterm/xterm";
import { findLinks } from "./findLinks.ts";

/** Rows that one wrapped line is followed over, at most. */
const MAX_WRAPPED_ROWS = 40;

/** Makes web addresses in the terminal into links that open beside the page. */
export function addLinks(terminal: Terminal): void {
  terminal.options.linkHandler = { activate: (_event, url) => open(url) };
  terminal.registerLinkProvider({
    provideLinks(row, callback) {
      const buffer = terminal.buffer.active;
      const line = (at: number): IBufferLine | undefined => buffer.getLine(at);
      let first = row - 1;
      while (first > 0 && row - 1 - first < MAX_WRAPPED_ROWS && line(first)?.isWrapped === true) first--;
      let last = first;
      while (last - first < MAX_WRAPPED_ROWS && line(last + 1)?.isWrapped === true) last++;
      const text: string[] = [];
      // Where each character of the joined text is: a wide one takes two cells.
      const cells: { x: number; y: number }[] = [];
      for (let at = first; at <= last; at++) {
        for (let x = 0; x < terminal.cols; x++) {
          const cell = line(at)?.getCell(x);
          if (cell === undefined || cell.getWidth() === 0) continue;
          const chars = cell.getChars() || " ";
          text.push(chars);
          for (let i = 0; i < chars.length; i++) cells.push({ x: x + 1, y: at + 1 });
        }
      }
      const links = findLinks(text.join("")).flatMap(({ start, end, url }): ILink[] => {
        const [from, to] = [cells[start], cells[end - 1]];
        return from === undefined || to === undefined
          ? []
          : [{ range: { start: from, end: to }, text: url, activate: () => open(url) }];
      });
      callback(links.length === 0 ? undefined : links);
    },
  });
}

function open(url: string): void {
  // An address that a program printed: never a script, and never a window that knows this one.
  if (/^https?:\/\//.test(url)) window.open(url, "_blank", "noopener,noreferrer");
}
