import { describe, expect, it } from "vitest";
import { GraphicRendition } from "./graphicRendition.ts";

function rows(...input: string[]): string[] {
  const state = new GraphicRendition();
  return input.map((row) => state.standalone(row));
}

describe("GraphicRendition", () => {
  it("carries what runs on into the next row, and closes each row", () => {
    expect(rows("plain", "\x1b[1m\x1b[31mred", "still", "\x1b[0m\x1b[44mblue", "end\x1b[49m", "x")).toEqual([
      "plain",
      "\x1b[1m\x1b[31mred\x1b[m",
      "\x1b[1;31mstill\x1b[m",
      "\x1b[1;31m\x1b[0m\x1b[44mblue\x1b[m",
      "\x1b[44mend\x1b[49m",
      "x",
    ]);
  });

  it("knows long colours in both spellings, underline styles, and what ends what", () => {
    expect(
      rows(
        "\x1b[38;5;208;48;2;1;2;3;1mA",
        "\x1b[22mB",
        "\x1b[39mC",
        "\x1b[4:3m\x1b[58:2::1:2:3mD",
        "\x1b[24;49mE",
        "F",
      ),
    ).toEqual([
      "\x1b[38;5;208;48;2;1;2;3;1mA\x1b[m",
      "\x1b[38;5;208;48;2;1;2;3;1m\x1b[22mB\x1b[m",
      "\x1b[38;5;208;48;2;1;2;3m\x1b[39mC\x1b[m",
      "\x1b[48;2;1;2;3m\x1b[4:3m\x1b[58:2::1:2:3mD\x1b[m",
      "\x1b[48;2;1;2;3;4:3;58:2::1:2:3m\x1b[24;49mE\x1b[m",
      "\x1b[58:2::1:2:3mF\x1b[m",
    ]);
  });

  it("carries line drawing, and does not let a link run on", () => {
    expect(rows("\x0elqk", "xx\x0f|", "\x1b]8;;http://a\x1b\\link")).toEqual([
      "\x0elqk\x0f",
      "\x0exx\x0f|",
      "\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\",
    ]);
  });
});
