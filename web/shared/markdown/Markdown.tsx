import { memo, useMemo, type ReactNode } from "react";
import { CodeBlock } from "../code/CodeBlock.tsx";
import { classes } from "../lib/classes.ts";
import { readMarkdown, type Block, type Cell, type Inline } from "./readMarkdown.ts";

/** Text with markdown in it, drawn as React nodes: nothing of it ever becomes markup. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => readMarkdown(text), [text]);
  return <div className="space-y-2 break-words">{drawBlocks(blocks)}</div>;
});

function drawBlocks(blocks: readonly Block[]): ReactNode[] {
  // A text only grows at its end: the place of a block is what stays the same.
  return blocks.map((block, index) => <BlockView key={`${index} ${block.kind}`} block={block} />);
}

function BlockView({ block }: { block: Block }): ReactNode {
  switch (block.kind) {
    case "paragraph":
      return <p className="whitespace-pre-wrap">{drawInlines(block.children)}</p>;
    case "heading":
      return (
        <p
          role="heading"
          aria-level={Math.min(6, block.depth + 2)}
          className={classes("mt-1 font-semibold", block.depth <= 2 && "text-lead")}
        >
          {drawInlines(block.children)}
        </p>
      );
    case "code":
      return <CodeBlock code={block.text} language={block.language} />;
    case "quote":
      return (
        <blockquote className="flex flex-col gap-2 border-l-2 border-line pl-3 text-muted">
          {drawBlocks(block.blocks)}
        </blockquote>
      );
    case "list":
      return <ListView block={block} />;
    case "table":
      return <TableView block={block} />;
    case "rule":
      return <hr className="my-1 border-line" />;
  }
}

function ListView({ block }: { block: Extract<Block, { kind: "list" }> }) {
  const items = block.items.map(({ checked, blocks }, index) => (
    <li
      // Items of one list: the place is what tells them apart.
      // eslint-disable-next-line react/no-array-index-key
      key={index}
      className={classes("pl-1", checked !== null && "list-none")}
    >
      <div className="flex items-start gap-2">
        {checked !== null && (
          <input
            type="checkbox"
            checked={checked}
            readOnly
            tabIndex={-1}
            aria-label={checked ? "done" : "open"}
            className="pointer-events-none mt-1 -ml-5 size-3 accent-[var(--working)]"
          />
        )}
        <div className="flex min-w-0 grow flex-col gap-1">{drawBlocks(blocks)}</div>
      </div>
    </li>
  ));
  return block.start === null ? (
    <ul className="flex list-disc flex-col gap-0.5 pl-5 marker:text-muted">{items}</ul>
  ) : (
    <ol start={block.start} className="flex list-decimal flex-col gap-0.5 pl-6 marker:text-muted">
      {items}
    </ol>
  );
}

function TableView({ block }: { block: Extract<Block, { kind: "table" }> }) {
  const cells = (row: readonly Cell[], Tag: "th" | "td"): ReactNode[] =>
    row.map(({ align, children }, index) => (
      <Tag
        // Cells of one row: the place is what tells them apart.
        // eslint-disable-next-line react/no-array-index-key
        key={index}
        style={align === null ? undefined : { textAlign: align }}
        className="border-b border-line px-2.5 py-1 text-left align-top font-normal first:pl-0"
      >
        {drawInlines(children)}
      </Tag>
    ));
  return (
    <div className="overflow-x-auto">
      <table className="border-collapse">
        <thead className="text-muted">
          <tr>{cells(block.head, "th")}</tr>
        </thead>
        <tbody>
          {block.rows.map((row, index) => (
            // eslint-disable-next-line react/no-array-index-key
            <tr key={index}>{cells(row, "td")}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function drawInlines(inlines: readonly Inline[]): ReactNode[] {
  return inlines.map((inline, index) => <InlineView key={`${index} ${inline.kind}`} inline={inline} />);
}

function InlineView({ inline }: { inline: Inline }): ReactNode {
  switch (inline.kind) {
    case "text":
      return inline.text;
    case "code":
      return (
        <code className="rounded-small bg-raised px-1 font-mono text-[12px] break-words">{inline.text}</code>
      );
    case "strong":
      return <strong className="font-semibold">{drawInlines(inline.children)}</strong>;
    case "em":
      return <em>{drawInlines(inline.children)}</em>;
    case "del":
      return <del>{drawInlines(inline.children)}</del>;
    case "link":
      return (
        <a
          href={inline.href}
          target="_blank"
          rel="noopener noreferrer nofollow"
          title={inline.href}
          className="text-working-text underline decoration-1 underline-offset-2"
        >
          {drawInlines(inline.children)}
        </a>
      );
    case "break":
      return <br />;
  }
}
