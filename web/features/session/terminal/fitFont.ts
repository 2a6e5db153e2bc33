/** A cell of the terminal's font, per pixel of font size. */
export type CellRatio = { width: number; height: number };

export const BASE_FONT = 13;
/** Below this, letters are not read but guessed; the pane is scrolled instead. */
export const MIN_FONT = { desk: 9, phone: 7 } as const;

/** The largest font, up to {@link BASE_FONT}, at which a pane of this size is wholly in view; never below `min`. */
export function fitFont(
  pane: { cols: number; rows: number },
  room: { width: number; height: number },
  cell: CellRatio,
  min: number,
): number {
  const wide = room.width / (pane.cols * cell.width);
  const high = room.height / (pane.rows * cell.height);
  const size = Math.floor(Math.min(wide, high, BASE_FONT) * 2) / 2;
  return Math.max(min, size);
}

/** Columns and rows that fit here at {@link BASE_FONT}, within what a pane can have. */
export function fittingSize(
  room: { width: number; height: number },
  cell: CellRatio,
): { cols: number; rows: number } {
  const clamp = (value: number, min: number): number => Math.min(1000, Math.max(min, Math.floor(value)));
  return {
    cols: clamp(room.width / (cell.width * BASE_FONT), 10),
    rows: clamp(room.height / (cell.height * BASE_FONT), 3),
  };
}
