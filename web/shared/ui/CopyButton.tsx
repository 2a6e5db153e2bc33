import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { classes } from "../lib/classes.ts";
import { copyText } from "../lib/copyText.ts";

const SHOWN_MS = 1_500;

/** Copies a text; says so where it was pressed. */
export function CopyButton({ text, what, className }: { text: string; what: string; className?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={() => void copyText(text, what).then(setCopied)}
      className={classes(
        "thumb flex size-6 shrink-0 items-center justify-center rounded-small text-muted hover:bg-hover hover:text-text",
        className,
      )}
    >
      {copied ? <Check size={13} className="text-done" /> : <Copy size={13} />}
    </button>
  );
}
