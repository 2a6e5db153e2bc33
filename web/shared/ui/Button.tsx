import type { ButtonHTMLAttributes, Ref } from "react";
import { classes } from "../lib/classes.ts";

type Look = "primary" | "plain" | "quiet" | "danger";

const LOOKS: Record<Look, string> = {
  primary: "bg-text text-bg hover:opacity-90 border-transparent",
  plain: "bg-raised text-text hover:bg-hover border-line",
  quiet: "bg-transparent text-muted hover:text-text hover:bg-hover border-transparent",
  danger: "bg-transparent text-trouble-text hover:bg-trouble-ground border-line",
};

export type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  look?: Look;
  /** Square, for an icon alone; needs an `aria-label`. */
  square?: boolean;
  ref?: Ref<HTMLButtonElement>;
};

/** A button. */
export function Button({ look = "plain", square = false, className, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={classes(
        "thumb inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-base border whitespace-nowrap transition-colors duration-100 disabled:opacity-50",
        square ? "w-8" : "px-3",
        LOOKS[look],
        className,
      )}
      {...rest}
    />
  );
}
