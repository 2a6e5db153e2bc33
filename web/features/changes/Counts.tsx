/** Lines that came and went. */
export function Counts({ added, removed }: { added: number; removed: number }) {
  return (
    <span className="shrink-0 tabular-nums">
      <span aria-hidden>
        <span className="text-done-text">+{added}</span> <span className="text-trouble-text">−{removed}</span>
      </span>
      <span className="sr-only">
        , {added} added, {removed} removed
      </span>
    </span>
  );
}
