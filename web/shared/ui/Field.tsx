import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from "react";
import { classes } from "../lib/classes.ts";

const BOX =
  "w-full min-w-0 rounded-base border border-edge/60 bg-bg px-2.5 text-text focus:border-focus focus-visible:outline-offset-0 disabled:opacity-50";

/** A labelled field: the label above, a hint or what is wrong below. */
export function Field({
  label,
  hint,
  error,
  children,
}: {
  label: string;
  hint?: ReactNode;
  error?: string | null;
  children: (ids: { id: string; "aria-describedby": string; "aria-invalid": boolean }) => ReactNode;
}) {
  const id = useId();
  const note = `${id}-note`;
  const wrong = error !== undefined && error !== null;
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children({ id, "aria-describedby": note, "aria-invalid": wrong })}
      <div id={note} className={classes("min-h-0 text-small", wrong ? "text-trouble-text" : "text-muted")}>
        {wrong ? error : hint}
      </div>
    </div>
  );
}

export function Input({
  className,
  ref,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }) {
  return <input ref={ref} className={classes(BOX, "h-8 touch:h-11", className)} {...rest} />;
}

export function Textarea({
  className,
  ref,
  ...rest
}: TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: Ref<HTMLTextAreaElement> }) {
  return <textarea ref={ref} className={classes(BOX, "resize-none py-1.5", className)} {...rest} />;
}

export function Select({ className, ...rest }: SelectHTMLAttributes<HTMLSelectElement>) {
  return <select className={classes(BOX, "h-8 pr-2 touch:h-11", className)} {...rest} />;
}

/** What is for programs: in mono, and left as it is typed. */
const CODE = { autoCapitalize: "off", spellCheck: false } as const;

export function CodeInput({ className, ...rest }: Parameters<typeof Input>[0]) {
  return <Input {...CODE} className={classes("font-mono text-[12px]", className)} {...rest} />;
}

export function CodeTextarea({ className, ...rest }: Parameters<typeof Textarea>[0]) {
  return <Textarea {...CODE} className={classes("font-mono text-[12px]", className)} {...rest} />;
}
