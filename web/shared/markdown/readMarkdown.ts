import { lexer, type MarkedToken, type Token } from "marked";
import { decodeEntities } from "./decodeEntities.ts";

export type Inline =
  | { kind: "text" | "code"; text: string }
  | { kind: "strong" | "em" | "del"; children: Inline[] }
  | { kind: "link"; href: string; children: Inline[] }
  | { kind: "break" };

export type Block =
  | { kind: "paragraph"; children: Inline[] }
  | { kind: "heading"; depth: number; children: Inline[] }
  | { kind: "code"; language: string; text: string }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; start: number | null; items: { checked: boolean | null; blocks: Block[] }[] }
  | { kind: "table"; head: Cell[]; rows: Cell[][] }
  | { kind: "rule" };
export type Cell = { align: "left" | "center" | "right" | null; children: Inline[] };

/** Nested deeper than this, text is shown as it was written. */
const MOST_DEPTH = 12;
/** Longer texts are shown as they were written. */
const MOST_CHARS = 300_000;

/** Reads markdown as blocks to be drawn. Markup in it (HTML) is text like any other; nothing in it loads or runs anything. */
export function readMarkdown(text: string): Block[] {
  if (text.trim() === "") return [];
  if (text.length > MOST_CHARS) return [asWritten(text)];
  try {
    return blocksOf(lexer(text), 0);
  } catch {
    return [asWritten(text)]; // nested beyond what the parser's own recursion takes
  }
}

function asWritten(text: string): Block {
  return { kind: "paragraph", children: [{ kind: "text", text }] };
}

const KNOWN = new Set<string>([
  "blockquote",
  "br",
  "checkbox",
  "code",
  "codespan",
  "def",
  "del",
  "em",
  "escape",
  "heading",
  "hr",
  "html",
  "image",
  "link",
  "list",
  "list_item",
  "paragraph",
  "space",
  "strong",
  "table",
  "text",
] satisfies MarkedToken["type"][]);

function isKnown(token: Token): token is MarkedToken {
  return KNOWN.has(token.type);
}

function blocksOf(tokens: readonly Token[], depth: number): Block[] {
  return tokens.flatMap((token): Block[] => {
    if (!isKnown(token) || depth > MOST_DEPTH) return token.raw.trim() === "" ? [] : [asWritten(token.raw)];
    switch (token.type) {
      case "space":
      case "def":
      case "checkbox":
        return [];
      case "hr":
        return [{ kind: "rule" }];
      case "paragraph":
        return [{ kind: "paragraph", children: inlinesOf(token.tokens, depth) }];
      case "heading":
        return [{ kind: "heading", depth: token.depth, children: inlinesOf(token.tokens, depth) }];
      case "code":
        return [{ kind: "code", language: (token.lang ?? "").split(/[\s{,:]/)[0] ?? "", text: token.text }];
      case "blockquote":
        return [{ kind: "quote", blocks: blocksOf(token.tokens, depth + 1) }];
      case "list":
        return [
          {
            kind: "list",
            start: token.ordered ? (token.start === "" ? 1 : token.start) : null,
            items: token.items.map((item) => ({
              checked: item.task ? (item.checked ?? false) : null,
              blocks: blocksOf(item.tokens, depth + 1),
            })),
          },
        ];
      case "table": {
        const cell = ({ tokens, align }: (typeof token.header)[number]): Cell => ({
          align,
          children: inlinesOf(tokens, depth),
        });
        return [
          { kind: "table", head: token.header.map(cell), rows: token.rows.map((row) => row.map(cell)) },
        ];
      }
      case "html":
        return token.text.trim() === "" ? [] : [asWritten(token.text.trimEnd())];
      case "text":
        return [{ kind: "paragraph", children: inlinesOf(token.tokens ?? [token], depth) }];
      default:
        return [{ kind: "paragraph", children: inlinesOf([token], depth) }];
    }
  });
}

function inlinesOf(tokens: readonly Token[], depth: number): Inline[] {
  return tokens.flatMap((token): Inline[] => {
    if (!isKnown(token) || depth > MOST_DEPTH) return [{ kind: "text", text: token.raw }];
    switch (token.type) {
      case "text":
        return [{ kind: "text", text: decodeEntities(token.text) }];
      case "escape":
        return [{ kind: "text", text: token.text }];
      case "codespan":
        return [{ kind: "code", text: token.text }];
      case "br":
        return [{ kind: "break" }];
      case "strong":
      case "em":
      case "del":
        return [{ kind: token.type, children: inlinesOf(token.tokens, depth + 1) }];
      case "link": {
        const href = safeLink(token.href);
        const children = inlinesOf(token.tokens, depth + 1);
        return href === null ? children : [{ kind: "link", href, children }];
      }
      case "image": {
        // Loading it would tell its server who reads this.
        const href = safeLink(token.href);
        const text: Inline = { kind: "text", text: token.text === "" ? token.href : token.text };
        return href === null ? [text] : [{ kind: "link", href, children: [text] }];
      }
      default:
        return [{ kind: "text", text: token.raw }];
    }
  });
}

/** An address that may be followed from here; null for any other. */
function safeLink(href: string): string | null {
  if (!/^(?:https?:\/\/|mailto:)/i.test(href)) return null;
  return URL.canParse(href) ? href : null;
}
