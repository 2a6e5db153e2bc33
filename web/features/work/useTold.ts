import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { ListName } from "../../../protocol/hubFrames.ts";
import { useConnection, useHub } from "../../shared/live/useHub.ts";

/** While no live connection tells of changes, they are asked for so often. */
const ALONE_MS = 5_000;

/** Fetches a query again whenever the hub says that its list has changed; how often it is to be asked for without the hub. */
export function useTold(list: ListName, queryKey: readonly unknown[]): number | false {
  const queries = useQueryClient();
  const told = useHub().news.get(list);
  const { phase } = useConnection();
  const known = useRef(told);
  useEffect(() => {
    if (known.current === told) return;
    known.current = told;
    void queries.invalidateQueries({ queryKey });
  });
  return phase === "live" ? false : ALONE_MS;
}
