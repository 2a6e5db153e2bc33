import { expect, it } from "vitest";
import { cleanName } from "./cleanName.ts";

it.each([
  ["photo.png", "photo.png"],
  ["../../etc/passwd", "passwd"],
  ["C:\\Users\\me\\notes.txt", "notes.txt"],
  ["..", "file"],
  ["", "file"],
  [".env", "env"],
  ["a\r\nSet-Cookie: x=1.txt", "aSet-Cookie_ x=1.txt"],
  ["cod\u202egpj.exe", "codgpj.exe"],
  ["\u0000\u001b[31mred.txt", "[31mred.txt"],
  ['a"b<c>.html', "a_b_c_.html"],
  ["žluťoučký kůň 漢字.md", "žluťoučký kůň 漢字.md"],
])("keeps %j as %j", (given, kept) => expect(cleanName(given)).toBe(kept));

it("cuts a long name and keeps its extension", () => {
  const name = cleanName(`${"🐎".repeat(300)}.tar.gz`);
  expect([...name]).toHaveLength(120);
  expect(name.endsWith("🐎.gz")).toBe(true);
});
