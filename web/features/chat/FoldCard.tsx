import { ChevronRight } from "lucide-react";
import { useId, type ReactNode } from "react";
import { classes } from "../../shared/lib/classes.ts";
import { useOpen } from "./openCards.ts";

type FoldProps = {
  /** Tells the card apart from all others of the page. */
  id: string;
  head: ReactNode;
  children: ReactNode;
  /** Whether it is open while nobody touched it. */
  open?: boolean;
  /** Without a frame: a line that unfolds. */
  plain?: boolean;
};

/** A card with a head that folds what is under it. */
export function FoldCard({ id, head, children, open: byItself = false, plain = false }: FoldProps) {
  const [open, setOpen] = useOpen(id, byItself);
  const body = useId();
  return (
    <div className={classes(!plain && "overflow-hidden rounded-base border border-line bg-surface")}>
      <button
        type="button"
        aria-expanded={open}
        aria-controls={body}
        onClick={() => setOpen(!open)}
        className={classes(
          "flex min-h-8 w-full items-center gap-2 text-left outline-offset-[-2px] touch:min-h-11",
          plain ? "text-muted hover:text-text" : "px-3 hover:bg-hover",
        )}
      >
        {head}
        <ChevronRight
          size={14}
          aria-hidden
          className={classes("shrink-0 text-muted transition-transform duration-100", open && "rotate-90")}
        />
      </button>
      {open && (
        <div
          id={body}
          className={classes(plain ? "mt-1 border-l-2 border-line pl-3 text-muted" : "border-t border-line")}
        >
          {children}
        </div>
      )}
    </div>
  );
}
