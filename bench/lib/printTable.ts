import { isMet, type Row } from "./bench.ts";

const HEAD = ["", "value", "beside", "ratio", "target", ""];

/** The report as aligned text. */
export function printTable(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map(toCells)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 || column === 2
            ? cell.padEnd(widths[column] ?? 0)
            : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function toCells(row: Row): string[] {
  const { what, value, unit, beside, ratio, target } = row;
  const met = isMet(row);
  return [
    what,
    `${readable(value)} ${unit}`,
    beside === undefined ? "" : `${beside.name} ${readable(beside.value)}`,
    ratio === undefined ? "" : ratio.toFixed(2),
    target === undefined ? "" : "atMost" in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`,
    met === null ? "" : met ? "met" : "NOT MET",
  ];
}

/** Three significant digits, and no more than is known. */
export function readable(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}
