import { Pencil } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "../../shared/ui/Button.tsx";

/** The title, which becomes a field when it is pressed. Enter keeps, Escape leaves it as it was. */
export function RenameTitle({
  title,
  onRename,
}: {
  title: string;
  onRename(title: string): Promise<boolean>;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  // A field that goes away loses the focus, which would keep what Escape has just left.
  const left = useRef(false);

  function begin(): void {
    left.current = false;
    setDraft(title);
  }

  async function keep(): Promise<void> {
    const next = draft?.trim() ?? "";
    if (draft === null || left.current) return;
    if (next === "" || next === title || (await onRename(next))) setDraft(null);
  }

  if (draft === null) {
    return (
      <span className="group flex min-w-0 items-center gap-1">
        <h1 className="truncate text-lead font-semibold" title={title} data-testid="session-title">
          <button
            type="button"
            className="max-w-full truncate rounded-small text-left"
            title={`Rename “${title}”`}
            onClick={begin}
          >
            {title}
          </button>
        </h1>
        <Button
          look="quiet"
          square
          aria-label="Rename"
          className="size-6 opacity-0 group-hover:opacity-100 focus-visible:opacity-100 touch:hidden"
          onClick={begin}
        >
          <Pencil size={12} />
        </Button>
      </span>
    );
  }
  return (
    <input
      // The person has just asked for this field.
      // eslint-disable-next-line jsx-a11y/no-autofocus
      autoFocus
      aria-label="Title"
      data-testid="rename"
      value={draft}
      maxLength={200}
      onChange={(event) => setDraft(event.target.value)}
      onFocus={(event) => event.currentTarget.select()}
      onBlur={() => void keep()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") event.currentTarget.blur();
        if (event.key === "Escape") {
          left.current = true;
          setDraft(null);
        }
      }}
      className="h-7 w-full max-w-lg min-w-0 rounded-small border border-edge/60 bg-bg px-1.5 text-lead font-semibold"
    />
  );
}
