import { X } from "lucide-react";
import { Link } from "wouter";
import { useStore } from "../lib/useStore.ts";
import { classes } from "../lib/classes.ts";
import { dismissToast, toasts } from "./toasts.ts";

/** Where toasts appear; read out politely. */
export function Toasts() {
  const shown = useStore(toasts);
  return (
    <section
      aria-label="Notices"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-3 bottom-3 z-50 flex flex-col items-end gap-2 phone:bottom-[calc(64px+env(safe-area-inset-bottom))]"
    >
      {shown.map((toast) => (
        <div
          key={toast.id}
          data-testid="toast"
          className="pointer-events-auto flex max-w-md animate-rise items-start gap-2 rounded-base border border-line bg-raised py-2 pr-2 pl-3"
        >
          <span
            aria-hidden
            className={classes(
              "mt-1.5 size-2 shrink-0",
              toast.kind === "trouble" ? "bg-trouble" : "rounded-full bg-done",
            )}
          />
          <div className="min-w-0">
            <p className="break-words">{toast.text}</p>
            {toast.details?.map((line) => (
              <p key={line} className="font-mono text-small break-all text-muted">
                {line}
              </p>
            ))}
          </div>
          {toast.link !== undefined && (
            <Link
              href={toast.link.href}
              onClick={() => dismissToast(toast.id)}
              className="thumb shrink-0 text-working-text hover:underline"
            >
              {toast.link.label}
            </Link>
          )}
          <button
            type="button"
            aria-label="Dismiss"
            className="thumb rounded-small p-0.5 text-muted hover:text-text"
            onClick={() => dismissToast(toast.id)}
          >
            <X size={14} />
          </button>
        </div>
      ))}
    </section>
  );
}
