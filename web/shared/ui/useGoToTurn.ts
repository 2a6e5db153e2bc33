import { useEffect, useMemo } from "react";
import { useHistoryState } from "wouter/use-browser-location";

type TurnList<T> = {
  /** The turn that is wanted, if any. */
  turn: number | null;
  rows: readonly T[];
  keyOf(row: T): string;
  turnOf(row: T): number | null;
  /** Fetches what is before the first row; undefined when there is nothing. */
  loadOlder: (() => Promise<unknown>) | undefined;
};

/** Where a list goes for the turn in the address: to its beginning, once the pages that have it are here. */
export function useGoToTurn<T>({
  turn,
  rows,
  keyOf,
  turnOf,
  loadOlder,
}: TurnList<T>): { key: string } | null {
  // Each visit of the address leads there, also when it is the same one again.
  const visit: unknown = useHistoryState();
  const numbers = turn === null ? [] : rows.map(turnOf).filter((each) => each !== null);
  const isCut = turn !== null && loadOlder !== undefined && numbers.every((each) => each >= turn);
  useEffect(() => {
    if (isCut) void loadOlder?.();
  }, [isCut, loadOlder, rows]);
  const row = isCut ? undefined : rows.find((each) => turn !== null && turnOf(each) === turn);
  const key = row === undefined ? null : keyOf(row);
  // oxlint-disable-next-line react/exhaustive-deps -- another visit is another wish
  return useMemo(() => (key === null ? null : { key }), [key, visit]);
}
