import type { ReactNode } from "react";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";

/** A list of cards with what can be made above it, what went wrong, and what it says when there is nothing. */
export function ListFrame({
  list: { items, error, isPending },
  label,
  action,
  empty,
  children,
}: {
  list: { items: unknown[] | undefined; error: Error | null; isPending: boolean };
  label: string;
  action: ReactNode;
  empty: ReactNode;
  /** An `li` each. */
  children: ReactNode;
}) {
  return (
    <>
      {items !== undefined && items.length > 0 && <div className="flex justify-end">{action}</div>}
      {error !== null && (
        <p role="alert" className="text-trouble-text">
          {failureSentence(error)}
          {items !== undefined && " What is shown may be old."}
        </p>
      )}
      {isPending && (
        <>
          <Skeleton className="h-24" />
          <Skeleton className="h-24" />
        </>
      )}
      {items?.length === 0 && (
        <>
          {empty}
          <div className="flex justify-center">{action}</div>
        </>
      )}
      <ul className="flex flex-col gap-2" aria-label={label}>
        {children}
      </ul>
    </>
  );
}
