/** What would be lost. */
export function LossList({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <ul
      data-testid="loss"
      className="max-h-60 overflow-y-auto rounded-base border border-line bg-term p-2 font-mono text-[12px] text-term-text"
    >
      {lines.map((line) => (
        <li key={line} className="break-all">
          {line}
        </li>
      ))}
    </ul>
  );
}
