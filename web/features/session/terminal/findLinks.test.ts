import { expect, it } from "vitest";
import { findLinks } from "./findLinks.ts";

it.each([
  ["see https://example.com/a?b=c#d.", ["https://example.com/a?b=c#d"]],
  ["(http://127.0.0.1:5173/)", ["http://127.0.0.1:5173/"]],
  ["https://en.wikipedia.org/wiki/Signal_(railway), and", ["https://en.wikipedia.org/wiki/Signal_(railway)"]],
  [
    "[https://a.example/x] 'https://b.example' \"https://c.example\"",
    ["https://a.example/x", "https://b.example", "https://c.example"],
  ],
  ["│ https://a.example/x│", ["https://a.example/x"]],
  ["javascript:alert(1) file:///etc/passwd ftp://x https:// http://", []],
  ["", []],
])("%s", (text, urls) => {
  const found = findLinks(text);
  expect(found.map(({ url }) => url)).toEqual(urls);
  for (const { start, end, url } of found) expect(text.slice(start, end)).toBe(url);
});
