import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMarkdown, type Block, type Inline } from "./readMarkdown.ts";

const text = (text: string): Inline => ({ kind: "text", text });
const paragraph = (...children: Inline[]): Block => ({ kind: "paragraph", children });

describe("markdown", () => {
  it.each<[string, Block[]]>([
    ["", []],
    ["plain", [paragraph(text("plain"))]],
    [
      "**b** and `c`",
      [paragraph({ kind: "strong", children: [text("b")] }, text(" and "), { kind: "code", text: "c" })],
    ],
    ["## Head", [{ kind: "heading", depth: 2, children: [text("Head")] }]],
    ["```ts title=x\na < b\n```", [{ kind: "code", language: "ts", text: "a < b" }]],
    ["```\nstill open", [{ kind: "code", language: "", text: "still open" }]],
    ["> q", [{ kind: "quote", blocks: [paragraph(text("q"))] }]],
    ["---", [{ kind: "rule" }]],
    [
      "3. a\n4. b",
      [
        {
          kind: "list",
          start: 3,
          items: [
            { checked: null, blocks: [paragraph(text("a"))] },
            { checked: null, blocks: [paragraph(text("b"))] },
          ],
        },
      ],
    ],
    [
      "- [x] done",
      [{ kind: "list", start: null, items: [{ checked: true, blocks: [paragraph(text("done"))] }] }],
    ],
    ["a &lt;b&gt; &amp;nope; &#x41;", [paragraph(text("a <b> &nope; A"))]],
    ["`a &lt; b`", [paragraph({ kind: "code", text: "a &lt; b" })]],
  ])("%j", (source, blocks) => {
    expect(readMarkdown(source)).toEqual(blocks);
  });

  it("takes markup for text", () => {
    const blocks = readMarkdown("<img src=x onerror=alert(1)>\n\nhi <script>alert(1)</script> there");
    expect(JSON.stringify(blocks)).toContain("<script>");
    expect(blocks.every(({ kind }) => kind === "paragraph")).toBe(true);
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "JavaScript:x",
    "/relative",
    "file:///etc/passwd",
    "vbscript:x",
  ])("does not link to %s", (href) => {
    expect(JSON.stringify(readMarkdown(`[here](${href}) ![pic](${href})`))).not.toContain('"link"');
  });

  it("links to the web and to mail, and shows an image as a link", () => {
    expect(readMarkdown("[a](https://example.org/x) ![p](https://example.org/p.png)")).toEqual([
      paragraph({ kind: "link", href: "https://example.org/x", children: [text("a")] }, text(" "), {
        kind: "link",
        href: "https://example.org/p.png",
        children: [text("p")],
      }),
    ]);
  });

  it("reads a table", () => {
    expect(readMarkdown("|a|b|\n|-|-:|\n|1|`2`|")).toEqual([
      {
        kind: "table",
        head: [
          { align: null, children: [text("a")] },
          { align: "right", children: [text("b")] },
        ],
        rows: [
          [
            { align: null, children: [text("1")] },
            { align: "right", children: [{ kind: "code", text: "2" }] },
          ],
        ],
      },
    ]);
  });

  it.each(["> ", "- ", "1. ", "[", "![", "*", "<", "`"])("survives %j, however often", (sign) => {
    expect(readMarkdown(`${sign.repeat(5_000)}x`).length).toBeGreaterThan(0);
  });

  it("takes anything", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."*_`~[]()<>#-|!&;\\ \nab1".split("")), maxLength: 80 }),
        (any) => {
          expect(Array.isArray(readMarkdown(any))).toBe(true);
        },
      ),
    );
  });
});
