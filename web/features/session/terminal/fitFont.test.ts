import { expect, it } from "vitest";
import { BASE_FONT, fitFont, fittingSize } from "./fitFont.ts";

const cell = { width: 0.6, height: 1.2 };

it.each([
  [{ cols: 80, rows: 24 }, { width: 1000, height: 700 }, 9, BASE_FONT],
  [{ cols: 200, rows: 24 }, { width: 1200, height: 700 }, 9, 10],
  [{ cols: 80, rows: 60 }, { width: 1200, height: 720 }, 9, 10],
  [{ cols: 80, rows: 24 }, { width: 390, height: 600 }, 8, 8],
  [{ cols: 300, rows: 24 }, { width: 390, height: 600 }, 8, 8],
])("a pane of %o in %o gets its font", (pane, room, min, font) => {
  expect(fitFont(pane, room, cell, min)).toBe(font);
});

it("says what fits, within what a pane can have", () => {
  expect(fittingSize({ width: 780, height: 374.4 }, cell)).toEqual({ cols: 100, rows: 24 });
  expect(fittingSize({ width: 0, height: 0 }, cell)).toEqual({ cols: 10, rows: 3 });
  expect(fittingSize({ width: 1e6, height: 1e6 }, cell)).toEqual({ cols: 1000, rows: 1000 });
});
